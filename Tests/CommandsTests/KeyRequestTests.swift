import Commands
import Essentials
import Objects
import Testing
import Wire

/// Laws of all operations, tried on the commands that the differential test draws.
@Suite struct KeyRequestTests {
    private static let nowMs: UInt64 = 1_700_000_000_000
    /// Small: commands that are drawn ask for hundreds of megabytes.
    private static let valueSizeMax = 1 << 12

    private func requests(
        _ family: CommandGenerator.Family, count: Int
    ) -> [(words: [[UInt8]], request: KeyRequest)] {
        var generator = CommandGenerator(
            family: family, random: SeededRandom(seed: 11), nowMs: Self.nowMs)
        var requests: [(words: [[UInt8]], request: KeyRequest)] = []
        for _ in 0..<count {
            let words = generator.next()
            if case .key(let request) = Invocation.interpret(arguments: words) {
                requests.append((words, request))
            }
        }
        return requests
    }

    private static let views: [StringView?] = [
        nil, StringView(bytes: []), StringView(bytes: Array("12".utf8)),
        StringView(bytes: Array("hello".utf8), deadlineMs: nowMs + 5000),
        StringView(bytes: Array("-3.5".utf8), deadlineMs: nowMs + 1),
    ]

    @Test(arguments: CommandGenerator.Family.allCases)
    func `a request reads back from its own words`(family: CommandGenerator.Family) {
        for (_, request) in requests(family, count: 1000) {
            guard case .key(let again) = Invocation.interpret(arguments: request.arguments) else {
                Issue.record("\(request) has no words")
                return
            }
            #expect(again == request)
            #expect(KeyRequest.key(ofForwarded: request.arguments) == request.key)
        }
    }

    @Test func `words from the wire and words in an array are read alike`() {
        for family in CommandGenerator.Family.allCases where family != .nonsense {
            for (words, request) in requests(family, count: 300) {
                var parser = RequestParser()
                parser.append(encodeCommand(words))
                #expect(parser.next() == .command)
                guard case .key(let parsed) = Invocation.interpret(parser) else {
                    Issue.record("\(words) is not a key request")
                    return
                }
                #expect(parsed == request)
            }
        }
    }

    @Test(arguments: CommandGenerator.Family.allCases)
    func `what only reads never writes, and a blind write does not look`(
        family: CommandGenerator.Family
    ) {
        for (_, request) in requests(family, count: 500) {
            let outcomes = Self.views.map {
                request.operation.evaluate(
                    current: $0, nowMs: Self.nowMs, valueSizeMax: Self.valueSizeMax)
            }
            switch request.operation.kind {
            case .read: #expect(outcomes.allSatisfy { $0.mutation == nil })
            case .blindWrite: #expect(outcomes.allSatisfy { $0 == outcomes[0] })
            case .readModifyWrite: break
            }
        }
    }

    @Test func `an error writes nothing`() {
        for family in CommandGenerator.Family.allCases {
            for (_, request) in requests(family, count: 500) {
                for view in Self.views {
                    let outcome = request.operation.evaluate(
                        current: view, nowMs: Self.nowMs, valueSizeMax: Self.valueSizeMax)
                    #expect(!outcome.reply.isError || outcome.mutation == nil)
                }
            }
        }
    }

    @Test func `no value grows past the bound`() {
        let large = [UInt8](repeating: 0, count: 101)
        let view = StringView(bytes: [UInt8](repeating: 0, count: 60))
        let operations: [Operation] = [
            .set(large, .plain), .setIfAbsent(large), .getSet(large),
            .append([UInt8](repeating: 0, count: 41)), .setRange(offset: 100, [1]),
            .setRange(offset: .max, [1]), .setBit(offset: 800, true),
            .setBit(offset: .max - 64, true),
            .setExpiring(large, Expiry(10, .seconds, isAbsolute: false)),
            .bitField([BitFieldStep(.set(1), isSigned: false, bits: 8, offset: 800)]),
        ]
        for operation in operations {
            let outcome = operation.evaluate(
                current: view, nowMs: Self.nowMs, valueSizeMax: 100)
            #expect(outcome.reply.isError)
            #expect(outcome.mutation == nil)
        }
    }

    @Test func `counters are increments, not assignments`() {
        let view = StringView(bytes: Array("12".utf8))
        let whole = Operation.increment(-2).evaluate(current: view, nowMs: Self.nowMs)
        #expect(whole == Outcome(.integer(10), .increment(-2)))
        let decimal = Operation.incrementDecimal(FixedDecimal(3))
            .evaluate(current: view, nowMs: Self.nowMs)
        #expect(decimal == Outcome(.bulk("15"), .incrementDecimal(FixedDecimal(3))))
    }

    @Test func `a deadline in the past deletes`() {
        let view = StringView(bytes: [1])
        let past = Expiry(1, .seconds, isAbsolute: true)
        var options = SetOptions()
        options.deadline = .expire(past)
        #expect(
            Operation.set([1], options).evaluate(current: nil, nowMs: Self.nowMs)
                == Outcome(.ok, .delete))
        #expect(
            Operation.expire(past, []).evaluate(current: view, nowMs: Self.nowMs)
                == Outcome(.integer(1), .delete))
        #expect(
            Operation.getEx(.expire(past)).evaluate(current: view, nowMs: Self.nowMs)
                == Outcome(.bulk([1]), .delete))
    }
}
