/// Keeps one message that repeats from drowning the log: of each message some lines a window pass,
/// and a summary says how many did not.
///
/// A pure value; messages are literals of the source, so there are few, and the bound is for
/// mistakes.
struct LogThrottle {
    /// What an admin sees of a burst, before it becomes noise.
    static let burstMax = 20
    static let windowMs: UInt64 = 10_000
    static let messagesMax = 256

    struct Suppressed: Equatable {
        let message: String
        let level: LogLevel
        let count: Int
    }

    private struct Window {
        var message: String
        var level: LogLevel
        var startMs: UInt64
        var passed = 0
        var suppressed = 0
    }

    private var windows: [Window] = []
    private var nextSweepMs: UInt64 = 0

    /// Whether a line may be written at `nowMs`, of a clock that never goes back.
    mutating func admits(_ message: String, _ level: LogLevel, nowMs: UInt64) -> Bool {
        guard let index = windows.firstIndex(where: { $0.message == message }) else {
            if windows.count < Self.messagesMax {
                let window = Window(message: message, level: level, startMs: nowMs, passed: 1)
                windows.append(window)
                nextSweepMs = min(nextSweepMs, nowMs + Self.windowMs)
            }
            return true
        }
        if windows[index].passed < Self.burstMax {
            windows[index].passed += 1
            return true
        }
        windows[index].suppressed += 1
        return false
    }

    /// Ends the windows that are over and returns what they held back.
    mutating func sweep(nowMs: UInt64) -> [Suppressed] {
        guard nowMs >= nextSweepMs else { return [] }
        var held: [Suppressed] = []
        windows.removeAll { window in
            guard nowMs >= window.startMs + Self.windowMs else { return false }
            if window.suppressed > 0 {
                held.append(
                    Suppressed(
                        message: window.message, level: window.level, count: window.suppressed))
            }
            return true
        }
        nextSweepMs = windows.map { $0.startMs + Self.windowMs }.min() ?? UInt64.max
        return held
    }
}
