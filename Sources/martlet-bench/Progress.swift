internal import Glibc

/// Tells how the run goes, on the standard error: one line that changes on a terminal, else a line
/// for each second. Belongs to the main thread.
struct Progress {
    let isWanted: Bool
    private let isTerminal = isatty(STDERR_FILENO) == 1

    /// A line that stays.
    func say(_ line: String) {
        guard isWanted else { return }
        Self.write((isTerminal ? "\r\u{1B}[K" : "") + line + "\n")
    }

    /// Shows the last second: what was measured up to now, and what up to a second before.
    func tick(_ name: String, seconds: Int, _ now: Measurements, since before: Measurements) {
        guard isWanted else { return }
        let recent = now.allLatencies.since(before.allLatencies)
        var line = "\(name)  \(seconds) s  \(Figures.grouped(Int(recent.count))) ops/s"
        line += "  p50 \(Figures.milliseconds(recent.percentile(50)))"
        line += "  p99 \(Figures.milliseconds(recent.percentile(99))) ms"
        if now.failed > 0 {
            line += "  errors \(Figures.grouped(Int(now.failed)))"
            if let last = now.errors.max(by: { $0.count < $1.count }) { line += " (\(last.code))" }
        }
        Self.write(isTerminal ? "\r\u{1B}[K" + line : line + "\n")
    }

    /// Clears the line that changes.
    func endLine() {
        if isWanted, isTerminal { Self.write("\r\u{1B}[K") }
    }

    static func write(_ text: String, to descriptor: Int32 = STDERR_FILENO) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            // A reader that went away, such as `head`, wants no more.
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(0, count))
        }
    }
}
