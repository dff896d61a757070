/// What a shard counts about its clients, beside what its data plane counts. Confined to its loop.
struct ShardStatistics: Sendable {
    /// Error replies by their code, such as `NOQUORUM`.
    private(set) var errors: [String: UInt64] = [:]
    private(set) var errorCount: UInt64 = 0
    /// Requests of clients and peers for another loop whose mailbox was full.
    var mailboxRefusals: UInt64 = 0
    var inputBytes: UInt64 = 0
    var outputBytes: UInt64 = 0
    /// Commands answered in the last whole second.
    private(set) var commandsPerSecond: UInt64 = 0
    private var commandsBefore: UInt64 = 0

    /// Redis keeps as many codes apart. Ours are fewer; a defect must not fill the memory.
    private static let errorCodesMax = 128

    mutating func noteError(_ text: String) {
        let code = String(text.prefix { $0 != " " })
        errorCount += 1
        guard errors[code] != nil || errors.count < Self.errorCodesMax else { return }
        errors[code, default: 0] += 1
    }

    /// To be called once a second with the commands answered so far.
    mutating func secondPassed(commands: UInt64) {
        commandsPerSecond = commands &- commandsBefore
        commandsBefore = commands
    }
}
