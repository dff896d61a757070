internal import Objects
internal import Wire

/// `RENAME`, `RENAMENX` and `COPY`: a value and its deadline go from one key to another.
///
/// The destination is written before the source is deleted, and the source is deleted only if
/// nobody has written to it meanwhile. So a failure or a race may leave both keys, but never
/// neither.
struct Transfer: Sendable {
    enum Command: Sendable { case rename, renameIfAbsent, copy }

    private let command: Command
    private let source: [UInt8]
    private let destination: [UInt8]
    private let replaces: Bool
    private var moved: StringView?

    init(_ id: CommandID, _ arguments: some RequestArguments) throws(CommandFailure) {
        source = arguments.argument(1)
        destination = arguments.argument(2)
        switch id {
        case .rename:
            command = .rename
            replaces = true
        case .renameNX:
            command = .renameIfAbsent
            replaces = false
        default:
            command = .copy
            replaces = try Self.parseCopyOptions(arguments)
            if source == destination {
                throw CommandFailure("ERR source and destination objects are the same")
            }
        }
    }

    /// Returns whether the destination may be overwritten.
    private static func parseCopyOptions(
        _ arguments: some RequestArguments
    ) throws(CommandFailure) -> Bool {
        var replaces = false
        var index = 3
        while index < arguments.argumentCount {
            switch arguments.keyword(index) {
            case .replace: replaces = true
            case .db where index + 1 < arguments.argumentCount:
                index += 1
                let database = try arguments.requiredInteger(index)
                guard database.magnitude <= Int32.max else { throw .notAnInteger }
                // There is one database, as in a Redis cluster.
                guard database == 0 else { throw CommandFailure("ERR DB index is out of range") }
            default: throw .syntax
            }
            index += 1
        }
        return replaces
    }

    mutating func advance(_ stage: Int, _ replies: [Reply]) -> MultiKeyPlan.Step {
        switch stage {
        case 0: return .requests([KeyRequest(key: source, operation: .readEntry)])
        case 1: return writeDestination(replies[0])
        case 2:
            guard let moved, replies[0] != .null else { return .finished(.integer(0)) }
            if command == .copy { return .finished(.integer(1)) }
            return .requests([KeyRequest(key: source, operation: .deleteUnchanged(moved))])
        default: return .finished(success)
        }
    }

    private var success: Reply { command == .rename ? .ok : .integer(1) }

    private mutating func writeDestination(_ entry: Reply) -> MultiKeyPlan.Step {
        guard case .array(let parts) = entry, parts.count == 2, case .bulk(let bytes) = parts[0],
            case .integer(let deadline) = parts[1]
        else {
            return .finished(command == .copy ? .integer(0) : .error("ERR no such key"))
        }
        if source == destination {
            return .finished(command == .rename ? .ok : .integer(0))
        }
        moved = StringView(bytes: bytes, deadlineMs: deadline < 0 ? nil : UInt64(deadline))
        var options = SetOptions()
        options.condition = replaces ? .always : .ifAbsent
        if deadline >= 0 {
            options.deadline = .expire(Expiry(deadline, .milliseconds, isAbsolute: true))
        }
        return .requests([KeyRequest(key: destination, operation: .set(bytes, options))])
    }
}
