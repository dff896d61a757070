public import Wire

/// What a session has to do with a request, as far as the request alone tells.
///
/// What is rare and large is boxed: every command is moved about in this type.
public enum Invocation: Sendable {
    /// One operation on one key: for the key's coordinator.
    case key(KeyRequest)
    /// A command on several keys: a sequence of such operations.
    indirect case plan(MultiKeyPlan)
    /// About the connection, the server or the cluster: carried out by the session, which gets all
    /// words of the command; their number is right.
    case session(CommandID, [[UInt8]])
    /// Refused: an error to be answered at once.
    case failure(Reply)

    /// Reads the command that stands in `parser`.
    public static func interpret(_ parser: RequestParser) -> Invocation {
        interpret(parser, CommandTable.clientNames)
    }

    /// Reads a request that a peer forwarded: also steps of plans, which clients cannot name.
    public static func interpret(arguments: [[UInt8]]) -> Invocation {
        guard !arguments.isEmpty else { return .failure(.error("ERR empty command")) }
        return interpret(ArgumentList(arguments), CommandTable.peerNames)
    }

    private static func interpret(
        _ arguments: some RequestArguments, _ names: CommandIndex
    ) -> Invocation {
        guard let slot = names.find(arguments.keyword(0)) else {
            return .failure(.error(unknownCommand(arguments)))
        }
        let count = arguments.argumentCount
        let isCountRight = slot.arity >= 0 ? count == slot.arity : count >= -slot.arity
        guard isCountRight, !slot.hasSubcommands || count == 1 else {
            return interpretUnusual(slot, arguments)
        }
        return interpret(slot.id, slot.keys, arguments)
    }

    /// A command of the right size.
    private static func interpret(
        _ id: CommandID, _ keys: CommandIndex.Keys, _ arguments: some RequestArguments
    ) -> Invocation {
        // The two that matter most.
        if id == .get, arguments.argumentSize(1) <= KeyRequest.keySizeMax {
            return .key(KeyRequest(key: arguments.argument(1), operation: .get))
        }
        if id == .set, arguments.argumentCount == 3,
            arguments.argumentSize(1) <= KeyRequest.keySizeMax
        {
            let operation = Operation.set(arguments.argument(2), .plain)
            return .key(KeyRequest(key: arguments.argument(1), operation: operation))
        }
        do {
            if keys == .several {
                try checkKeys(of: id, arguments)
                if let plan = try MultiKeyPlan(id, arguments) { return .plan(plan) }
            }
            if keys != .none, let request = try KeyRequest(id, arguments) { return .key(request) }
        } catch {
            return .failure(.error(error.text))
        }
        return .session(id, copy(arguments))
    }

    /// A container of subcommands, or a wrong number of words.
    private static func interpretUnusual(
        _ slot: CommandIndex.Slot, _ arguments: some RequestArguments
    ) -> Invocation {
        let spec = CommandTable.spec(slot.id)
        let count = arguments.argumentCount
        guard slot.hasSubcommands, count > 1 else {
            return .failure(.error(spec.arityFailure.text))
        }
        guard let subcommand = spec.subcommand(arguments.keyword(1)) else {
            let name = text(arguments, 1, sizeMax: 128)
            let container = text(arguments, 0).uppercased()
            return .failure(
                .error("ERR unknown subcommand '\(name)'. Try \(container) HELP."))
        }
        guard subcommand.accepts(argumentCount: count) else {
            return .failure(.error(subcommand.arityFailure.text))
        }
        return interpret(subcommand.id, CommandIndex.keys(of: subcommand), arguments)
    }

    private static func checkKeys(
        of id: CommandID, _ arguments: some RequestArguments
    ) throws(CommandFailure) {
        let count = arguments.argumentCount
        for keys in CommandTable.spec(id).keys {
            for place in keys.places(argumentCount: count)
            where arguments.argumentSize(place) > KeyRequest.keySizeMax {
                throw .keyTooLarge
            }
        }
    }

    // MARK: Unknown commands

    /// Redis' text, which shows the beginning of what came.
    private static func unknownCommand(_ arguments: some RequestArguments) -> String {
        /// Bytes shown of the name, and of all the rest together.
        let sizeMax = 128
        var shown = ""
        var index = 1
        while index < arguments.argumentCount, shown.utf8.count < sizeMax {
            let left = sizeMax - shown.utf8.count
            shown += "'\(text(arguments, index, sizeMax: left))' "
            index += 1
        }
        let name = text(arguments, 0, sizeMax: sizeMax)
        return "ERR unknown command '\(name)', with args beginning with: \(shown)"
    }

    /// The beginning of a word, up to its first NUL.
    private static func text(
        _ arguments: some RequestArguments, _ index: Int, sizeMax: Int = .max
    ) -> String {
        let bytes = arguments.argument(index).prefix(sizeMax).prefix { $0 != 0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func copy(_ arguments: some RequestArguments) -> [[UInt8]] {
        (0..<arguments.argumentCount).map { arguments.argument($0) }
    }
}
