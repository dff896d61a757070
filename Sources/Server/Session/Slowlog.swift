internal import Synchronization

/// The commands that took longest, newest first, bounded: SLOWLOG. Any thread.
final class Slowlog: Sendable {
    struct Entry: Sendable {
        let id: Int64
        /// Seconds since 1970.
        let at: Int64
        let durationUs: Int64
        /// The command's words, cut as Redis cuts them; secrets are never among them.
        let arguments: [[UInt8]]
        let client: String
        let clientName: String
    }

    /// As in Redis: words shown of a command, and bytes shown of a word.
    static let argumentsMax = 32
    static let argumentSizeMax = 128

    private struct State {
        var entries: [Entry] = []
        var nextID: Int64 = 0
    }

    private let state = Mutex(State())

    func add(
        at: Int64, durationUs: Int64, arguments: [[UInt8]], client: String, clientName: String,
        countMax: Int
    ) {
        state.withLock { state in
            let entry = Entry(
                id: state.nextID, at: at, durationUs: durationUs, arguments: arguments,
                client: client, clientName: clientName)
            state.nextID += 1
            state.entries.append(entry)
            if state.entries.count > countMax {
                state.entries.removeFirst(state.entries.count - countMax)
            }
        }
    }

    /// The newest entries, newest first.
    func newest(_ count: Int) -> [Entry] { state.withLock { $0.entries.suffix(count).reversed() } }

    var count: Int { state.withLock { $0.entries.count } }

    func clear() { state.withLock { $0.entries.removeAll() } }
}
