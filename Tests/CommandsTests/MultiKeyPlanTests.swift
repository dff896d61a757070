import Commands
import Objects
import Testing
import Wire

@Suite struct MultiKeyPlanTests {
    private func plan(_ command: String) throws -> MultiKeyPlan {
        let words = command.split(separator: " ").map { Array($0.utf8) }
        guard case .plan(let plan) = Invocation.interpret(arguments: words) else {
            throw NotAPlan()
        }
        return plan
    }

    private struct NotAPlan: Error {}

    private func key(_ name: String, _ operation: Operation) -> KeyRequest {
        KeyRequest(key: Array(name.utf8), operation: operation)
    }

    @Test func `a rename writes the destination before it deletes the source`() throws {
        var plan = try plan("RENAME a b")
        #expect(plan.advance(replies: []) == .requests([key("a", .readEntry)]))
        var options = SetOptions()
        options.deadline = .expire(Expiry(5000, .milliseconds, isAbsolute: true))
        #expect(
            plan.advance(replies: [.array([.bulk("v"), .integer(5000)])])
                == .requests([key("b", .set([118], options))]))
        let moved = StringView(bytes: [118], deadlineMs: 5000)
        #expect(plan.advance(replies: [.ok]) == .requests([key("a", .deleteUnchanged(moved))]))
        #expect(plan.advance(replies: [.integer(1)]) == .finished(.ok))
    }

    @Test func `a source written to meanwhile is not deleted`() {
        let moved = StringView(bytes: [1])
        let operation = Operation.deleteUnchanged(moved)
        #expect(operation.evaluate(current: moved, nowMs: 0).mutation == .delete)
        let newer = StringView(bytes: [2])
        #expect(operation.evaluate(current: newer, nowMs: 0) == Outcome(.integer(0)))
        #expect(operation.evaluate(current: nil, nowMs: 0) == Outcome(.integer(0)))
    }

    @Test func `a destination that appears meanwhile is not overwritten`() throws {
        for (command, expected) in [("RENAMENX a b", Reply.integer(0)), ("COPY a b", .integer(0))] {
            var plan = try plan(command)
            _ = plan.advance(replies: [])
            _ = plan.advance(replies: [.array([.bulk("v"), .integer(-1)])])
            #expect(plan.advance(replies: [.null]) == .finished(expected))
        }
    }

    @Test func `an error ends a plan with that error`() throws {
        let failed = Reply.error("NOQUORUM 1 of 2 replicas answered in 1000 ms")
        for command in [
            "MGET a b", "MSET a 1 b 2", "DEL a b", "BITOP AND d a b", "LCS a b", "COPY a b",
        ] {
            var plan = try plan(command)
            guard case .requests(let requests) = plan.advance(replies: []) else {
                Issue.record("\(command) asks nothing")
                return
            }
            var replies = [Reply](repeating: .null, count: requests.count)
            replies[requests.count - 1] = failed
            #expect(plan.advance(replies: replies) == .finished(failed))
        }
    }

    @Test func `of several values for one key the last one is written`() throws {
        var plan = try plan("MSET a 1 b 2 a 3")
        guard case .requests(let requests) = plan.advance(replies: []) else {
            Issue.record("MSET asks nothing")
            return
        }
        #expect(Set(requests.map(\.key)) == [[97], [98]])
        #expect(requests.contains(key("a", .set([51], .plain))))
    }

    @Test func `a comparison is bounded in memory and time`() throws {
        var plan = try plan("LCS a b")
        _ = plan.advance(replies: [])
        let value = Reply.bulk([UInt8](repeating: 1, count: 1000))
        #expect(
            plan.advance(replies: [value, value], valueSizeMax: 1 << 20)
                == .finished(
                    .error(
                        "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"
                    )))
    }

    @Test func `a comparison is a map for newer clients`() throws {
        var plan = try plan("LCS a b IDX")
        _ = plan.advance(replies: [])
        let range = Reply.array([.integer(0), .integer(0)])
        #expect(
            plan.advance(replies: [.bulk("x"), .bulk("x")])
                == .finished(
                    .map([
                        .bulk("matches"), .array([.array([range, range])]), .bulk("len"),
                        .integer(1),
                    ])))
    }
}
