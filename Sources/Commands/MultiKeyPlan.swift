public import Wire

/// A command on several keys, as a sequence of operations on one key each.
///
/// Keys may live on different nodes, so nothing is atomic across them: another client can see some
/// keys written and others not yet, and a plan that fails half way leaves what it has done. Each
/// stage is one batch of requests that may run in parallel; the plan goes on once all have been
/// answered. An error in any reply ends the plan with that error.
public struct MultiKeyPlan: Sendable {
    public enum Step: Sendable, Equatable {
        /// To be carried out in any order; `advance` gets the replies in the order of the requests.
        case requests([KeyRequest])
        case finished(Reply)
    }

    enum Work: Sendable {
        /// `MGET`.
        case collect(keys: [[UInt8]])
        /// `DEL`, `UNLINK`, `EXISTS` and `TOUCH`.
        case sum(Operation, keys: [[UInt8]])
        /// `MSET`.
        case assign(pairs: [(key: [UInt8], value: [UInt8])])
        /// `MSETNX`.
        case assignAllOrNone(pairs: [(key: [UInt8], value: [UInt8])])
        case combine(BitwiseCombination)
        case compare(SubsequenceRequest)
        /// `RENAME`, `RENAMENX` and `COPY`.
        case transfer(Transfer)
    }

    /// Whether it writes after a stage that reads: a later command of the same client must wait for
    /// the end, or it would overtake the write.
    public var writesLate: Bool {
        switch work {
        case .assignAllOrNone, .combine, .transfer: true
        case .collect, .sum, .assign, .compare: false
        }
    }

    private var work: Work
    private var stage = 0

    init(_ work: Work) { self.work = work }

    /// Takes the replies to the requests of the step before (none at first), and says what is next.
    /// Must not be called again once it has finished. Values stay within `valueSizeMax`.
    public mutating func advance(
        replies: [Reply], valueSizeMax: Int = Operation.valueSizeMaxOfRedis
    ) -> Step {
        if let failed = replies.first(where: \.isError) { return .finished(failed) }
        defer { stage += 1 }
        switch work {
        case .collect(let keys):
            if stage == 0 { return .requests(Self.requests(keys, .get)) }
            return .finished(.array(replies))
        case .sum(let operation, let keys):
            if stage == 0 { return .requests(Self.requests(keys, operation)) }
            return .finished(.integer(Self.sum(replies)))
        case .assign(let pairs):
            return stage == 0 ? .requests(Self.assignments(pairs)) : .finished(.ok)
        case .assignAllOrNone(let pairs):
            switch stage {
            case 0: return .requests(Self.requests(pairs.map(\.key), .exists))
            case 1 where Self.sum(replies) > 0: return .finished(.integer(0))
            case 1: return .requests(Self.assignments(pairs))
            default: return .finished(.integer(1))
            }
        case .combine(var combination):
            let step = combination.advance(stage, replies)
            work = .combine(combination)
            return step
        case .compare(let request):
            if stage == 0 { return .requests(Self.requests([request.left, request.right], .get)) }
            return .finished(request.compare(replies, memorySizeMax: valueSizeMax))
        case .transfer(var transfer):
            let step = transfer.advance(stage, replies)
            work = .transfer(transfer)
            return step
        }
    }

    static func requests(_ keys: [[UInt8]], _ operation: Operation) -> [KeyRequest] {
        keys.map { KeyRequest(key: $0, operation: operation) }
    }

    private static func assignments(
        _ pairs: [(key: [UInt8], value: [UInt8])]
    ) -> [KeyRequest] {
        pairs.map { KeyRequest(key: $0.key, operation: .set($0.value, .plain)) }
    }

    private static func sum(_ replies: [Reply]) -> Int64 {
        replies.reduce(0) { sum, reply in
            if case .integer(let value) = reply { sum + value } else { sum }
        }
    }
}
