internal import Wire

/// `BITOP`: reads the sources, combines them bit by bit, writes the destination.
struct BitwiseCombination: Sendable {
    enum Operator: Sendable { case and, or, xor, not }

    private let combining: Operator
    private let destination: [UInt8]
    private let sources: [[UInt8]]
    /// Bytes of the result.
    private var size = 0

    init(_ arguments: some RequestArguments) throws(CommandFailure) {
        switch arguments.keyword(1) {
        case .and: combining = .and
        case .or: combining = .or
        case .xor: combining = .xor
        case .not: combining = .not
        default: throw .syntax
        }
        if combining == .not, arguments.argumentCount != 4 {
            throw CommandFailure("ERR BITOP NOT must be called with a single source key.")
        }
        destination = arguments.argument(2)
        sources = MultiKeyPlan.words(arguments, from: 3)
    }

    mutating func advance(
        _ stage: Int, _ replies: [Reply]
    ) -> MultiKeyPlan.Step {
        if stage == 0 { return .requests(MultiKeyPlan.requests(sources, .get)) }
        if stage == 1 {
            let result = combine(replies.map(\.bulkBytes))
            size = result.count
            let operation: Operation = result.isEmpty ? .delete : .set(result, .plain)
            return .requests([KeyRequest(key: destination, operation: operation)])
        }
        return .finished(.integer(Int64(size)))
    }

    /// What is shorter counts as if it went on with zeros.
    private func combine(_ values: [[UInt8]]) -> [UInt8] {
        var result = values[0]
        result.pad(to: values.map(\.count).max() ?? 0)
        if combining == .not {
            for index in result.indices { result[index] = ~result[index] }
            return result
        }
        for value in values.dropFirst() {
            for index in result.indices {
                let byte = index < value.count ? value[index] : 0
                switch combining {
                case .and: result[index] &= byte
                case .or: result[index] |= byte
                case .xor, .not: result[index] ^= byte
                }
            }
        }
        return result
    }
}

extension Reply {
    /// A missing value counts as an empty one.
    var bulkBytes: [UInt8] {
        if case .bulk(let bytes) = self { bytes } else { [] }
    }
}
