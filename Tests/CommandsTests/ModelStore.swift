import Commands
import Essentials
import Objects
import Wire

/// The simplest store that the evaluator can run on: a dictionary, one copy, no causality.
struct ModelStore {
    /// Small, so that tests reach it.
    static let valueSizeMax = 1 << 20

    private var views: [[UInt8]: StringView] = [:]
    var nowMs: UInt64

    init(nowMs: UInt64) { self.nowMs = nowMs }

    mutating func run(_ words: [[UInt8]]) -> Reply {
        switch Invocation.interpret(arguments: words) {
        case .failure(let reply): return reply
        case .key(let request): return run(request)
        case .session(let id, let arguments):
            return CommandTable.reply(to: id, arguments) ?? .error("ERR no session here")
        case .plan(var plan):
            var replies: [Reply] = []
            while true {
                switch plan.advance(replies: replies, valueSizeMax: Self.valueSizeMax) {
                case .finished(let reply): return reply
                case .requests(let requests): replies = requests.map { run($0) }
                }
            }
        }
    }

    mutating func run(_ request: KeyRequest) -> Reply {
        let outcome = request.operation.evaluate(
            current: view(request.key), nowMs: nowMs, valueSizeMax: Self.valueSizeMax)
        if let mutation = outcome.mutation { apply(mutation, request.key) }
        return outcome.reply
    }

    func view(_ key: [UInt8]) -> StringView? {
        guard let view = views[key] else { return nil }
        if let deadlineMs = view.deadlineMs, deadlineMs <= nowMs { return nil }
        return view
    }

    private mutating func apply(_ mutation: Mutation, _ key: [UInt8]) {
        let old = view(key)
        switch mutation {
        case .assign(let bytes, let change):
            views[key] = StringView(bytes: bytes, deadlineMs: deadline(change, old))
        case .increment(let amount):
            let sum = old.flatMap { Int64(decimal: $0.bytes) } ?? 0
            views[key] = StringView(
                bytes: [UInt8](decimal: sum + amount), deadlineMs: old?.deadlineMs)
        case .incrementDecimal(let amount):
            let value = old.flatMap { try? FixedDecimal(parsing: $0.bytes) } ?? .zero
            let sum = value.adding(amount) ?? .zero
            views[key] = StringView(bytes: sum.text, deadlineMs: old?.deadlineMs)
        case .setDeadline(let change):
            views[key] = old.map {
                StringView(bytes: $0.bytes, deadlineMs: deadline(change, old))
            }
        case .delete: views[key] = nil
        }
    }

    private func deadline(_ change: DeadlineChange, _ old: StringView?) -> UInt64? {
        switch change {
        case .keep: old?.deadlineMs
        case .remove: nil
        case .set(let deadlineMs): deadlineMs
        }
    }
}
