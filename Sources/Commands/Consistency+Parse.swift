internal import Essentials
public import Placement
internal import Wire

// Quorums as clients write them: `DGET key R 2`, `CONSISTENCY W QUORUM`.

extension Quorum {
    /// What a text that is no quorum is answered.
    public static let expectation =
        "a quorum is an integer from 0 to \(numberMax), ONE, QUORUM, ALL or DEFAULT"

    /// Reads an integer or a name, in whichever case; nil for anything else.
    public init?(_ text: [UInt8]) {
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
            throw CommandFailure("ERR \(Quorum.expectation)")
        }
        let place: Quorums.Name =
            switch name {
            case .r: .r
            case .w: .w
            case .pr: .pr
            case .pw: .pw
            default: .dw
            }
        if quorum == .number(0), !place.mayBeZero {
            throw CommandFailure("ERR R and W must be at least 1")
        }
        quorums[place] = quorum
    }

    /// The words that `read` reads.
    var words: [String] {
        var words = Quorums.Name.allCases.flatMap { name in
            quorums[name].map { [name.text.uppercased(), $0.text] } ?? []
        }
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
