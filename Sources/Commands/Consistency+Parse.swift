internal import Essentials
internal import Wire

// Quorums as clients write them: `DGET key R 2`, `CONSISTENCY W QUORUM`.

extension Quorum {
    /// Reads an integer or a name; nil for anything else.
    init?(_ text: [UInt8]) {
        switch Keyword(text) {
        case "one": self = .one
        case "quorum": self = .quorum
        case "all": self = .all
        case "default": self = .default
        default:
            guard let number = Int64(decimal: text), 0 <= number, number <= Self.numberMax else {
                return nil
            }
            self = .number(Int(number))
        }
    }

    /// As it is read.
    var text: String {
        switch self {
        case .number(let number): "\(number)"
        case .one: "ONE"
        case .quorum: "QUORUM"
        case .all: "ALL"
        case .default: "DEFAULT"
        }
    }
}

extension ConsistencyOverride {
    /// Reads the arguments of `CONSISTENCY [name value]…`, the command's name included. All that
    /// is not named stays as in `before`.
    public init(
        arguments: [[UInt8]], before: ConsistencyOverride
    ) throws(CommandFailure) {
        self = before
        try read(ArgumentList(arguments), from: 1, allowed: [.r, .w, .pr, .pw, .dw, .timeout])
    }

    /// Reads pairs of a name and a value up to the last word.
    mutating func read(
        _ arguments: some RequestArguments, from first: Int, allowed: [Keyword]
    ) throws(CommandFailure) {
        var index = first
        while index < arguments.argumentCount {
            let name = arguments.keyword(index)
            guard allowed.contains(name), index + 1 < arguments.argumentCount else {
                throw .syntax
            }
            if name == .timeout {
                timeoutMs = try Self.readTimeout(arguments, index + 1)
            } else {
                try assign(name, arguments.argument(index + 1))
            }
            index += 2
        }
    }

    private static func readTimeout(
        _ arguments: some RequestArguments, _ index: Int
    ) throws(CommandFailure) -> Int {
        let timeoutMs = try arguments.requiredInteger(index)
        guard 1 <= timeoutMs, timeoutMs <= timeoutMsMax else {
            throw CommandFailure("ERR TIMEOUT must be between 1 and \(timeoutMsMax) milliseconds")
        }
        return Int(timeoutMs)
    }

    private mutating func assign(
        _ name: Keyword, _ text: [UInt8]
    ) throws(CommandFailure) {
        guard let quorum = Quorum(text) else {
            throw CommandFailure(
                """
                ERR a quorum is an integer from 0 to \(Quorum.numberMax), ONE, QUORUM, ALL or \
                DEFAULT
                """)
        }
        if quorum == .number(0), name == .r || name == .w {
            throw CommandFailure("ERR R and W must be at least 1")
        }
        switch name {
        case .r: r = quorum
        case .w: w = quorum
        case .pr: pr = quorum
        case .pw: pw = quorum
        default: dw = quorum
        }
    }

    /// The words that `read` reads.
    var words: [String] {
        let quorums = [("R", r), ("W", w), ("PR", pr), ("PW", pw), ("DW", dw)]
        var words = quorums.flatMap { name, quorum in quorum.map { [name, $0.text] } ?? [] }
        if let timeoutMs { words += ["TIMEOUT", "\(timeoutMs)"] }
        return words
    }
}

extension KeyRequest {
    static func parseDynamo(
        _ id: CommandID, _ arguments: some RequestArguments
    ) throws(CommandFailure) -> (Operation, ConsistencyOverride?) {
        let operation: Operation
        let first: Int
        switch id {
        case .dynamoGet: (operation, first) = (.dynamoGet, 2)
        case .dynamoPut:
            let context = arguments.argument(2)
            (operation, first) = (.dynamoPut(context: context, arguments.argument(3)), 4)
        default: (operation, first) = (.dynamoDelete(context: arguments.argument(2)), 3)
        }
        guard arguments.argumentCount > first else { return (operation, nil) }
        var consistency = ConsistencyOverride()
        let allowed: [Keyword] =
            id == .dynamoGet ? [.r, .pr, .timeout] : [.w, .pw, .dw, .timeout]
        try consistency.read(arguments, from: first, allowed: allowed)
        return (operation, consistency)
    }
}
