import Essentials
import Testing
import Wire

@Suite struct ReplyTests {
    private func encode(_ reply: Reply, _ version: RESPVersion) -> String {
        var bytes: [UInt8] = []
        ReplyEncoder(version: version).encode(reply, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func parse(
        _ input: String, chunkSize: Int = .max, limits: ReplyLimits = ReplyLimits()
    ) -> [ReplyParser.Event] {
        var parser = ReplyParser(limits: limits)
        var events: [ReplyParser.Event] = []
        var rest = Array(input.utf8)[...]
        while !rest.isEmpty {
            parser.append(Array(rest.prefix(chunkSize)))
            rest = rest.dropFirst(chunkSize)
            while true {
                let event = parser.next()
                if event == .needMore { break }
                events.append(event)
                if case .failed = event { return events }
            }
        }
        return events
    }

    static let spellings: [(Reply, String, String)] = [
        (.ok, "+OK\r\n", "+OK\r\n"),
        (.error("ERR a\r\nb"), "-ERR a  b\r\n", "-ERR a  b\r\n"),
        (.integer(0), ":0\r\n", ":0\r\n"),
        (.integer(.min), ":-9223372036854775808\r\n", ":-9223372036854775808\r\n"),
        (.integer(1_234_567_890), ":1234567890\r\n", ":1234567890\r\n"),
        (.bulk("a\r\nb"), "$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n"),
        (.bulk(""), "$0\r\n\r\n", "$0\r\n\r\n"),
        (.null, "$-1\r\n", "_\r\n"),
        (.nullArray, "*-1\r\n", "_\r\n"),
        (.array([]), "*0\r\n", "*0\r\n"),
        (
            .array([.integer(1), .array([.null])]), "*2\r\n:1\r\n*1\r\n$-1\r\n",
            "*2\r\n:1\r\n*1\r\n_\r\n"
        ),
        (
            .map([.bulk("a"), .integer(1)]), "*2\r\n$1\r\na\r\n:1\r\n",
            "%1\r\n$1\r\na\r\n:1\r\n"
        ),
        (.set([.integer(1)]), "*1\r\n:1\r\n", "~1\r\n:1\r\n"),
        (.push([.integer(1)]), "*1\r\n:1\r\n", ">1\r\n:1\r\n"),
        (.double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n"),
        (.double(3), "$1\r\n3\r\n", ",3\r\n"),
        (.double(-.infinity), "$4\r\n-inf\r\n", ",-inf\r\n"),
        (.boolean(true), ":1\r\n", "#t\r\n"),
        (.boolean(false), ":0\r\n", "#f\r\n"),
        (.bigNumber("-12"), "$3\r\n-12\r\n", "(-12\r\n"),
        (.verbatim(Array("hi".utf8)), "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"),
    ]

    @Test(arguments: spellings)
    func `each reply has its spelling in both versions`(
        reply: Reply, two: String, three: String
    ) {
        #expect(encode(reply, .two) == two)
        #expect(encode(reply, .three) == three)
    }

    @Test(arguments: spellings.dropFirst(2))
    func `a client reads what a server writes`(reply: Reply, two: String, three: String) {
        let expected: Reply = reply == .nullArray ? .null : reply
        for chunkSize in [1, 2, 3, .max] {
            #expect(parse(three, chunkSize: chunkSize) == [.reply(expected)])
        }
    }

    @Test func `attributes are dropped`() {
        #expect(parse("|1\r\n+a\r\n*1\r\n:1\r\n:5\r\n") == [.reply(.integer(5))])
        #expect(
            parse("*2\r\n|1\r\n+a\r\n:1\r\n:5\r\n:6\r\n") == [
                .reply(.array([.integer(5), .integer(6)]))
            ])
        #expect(parse("|0\r\n:5\r\n") == [.reply(.integer(5))])
    }

    @Test func `an error can come as a bulk string`() {
        #expect(parse("!5\r\nERR a\r\n") == [.reply(.error("ERR a"))])
    }

    @Test(arguments: [
        "x\r\n", "$-2\r\n", "$999999999999\r\n", "*-2\r\n", "*99999999999\r\n", "%-1\r\n", ":a\r\n",
        "+a\rb", "#x\r\n", "_x\r\n", "$1\r\nabc", "(1a\r\n", "=3\r\nabc\r\n", "$?\r\n",
        ",abc\r\n", "(\r\n",
    ])
    func `what is not a reply is refused`(input: String) {
        let events = parse(input)
        guard case .failed = events.last else {
            Issue.record("\(events)")
            return
        }
    }

    @Test func `depth and sizes are bounded`() {
        let deep = String(repeating: "*1\r\n", count: 100)
        #expect(parse(deep) == [.failed("replies nested too deeply")])
        #expect(parse("+" + String(repeating: "a", count: 70_000)) == [.failed("line too long")])
        var limits = ReplyLimits()
        limits.bulkSizeMax = 10
        limits.itemCountMax = 4
        #expect(parse("$11\r\n", limits: limits) == [.failed("invalid size")])
        #expect(parse("*5\r\n", limits: limits) == [.failed("invalid count")])
        #expect(parse("%3\r\n", limits: limits) == [.failed("invalid count")])
    }

    @Test func `any bytes in any chunks are survived, and chunks make no difference`() {
        var random = SeededRandom(seed: 5)
        for _ in 0..<20_000 {
            var input = encode(randomReply(&random, depth: 3), .three)
            if random.oneIn(2) { input = mutate(input, &random) }
            let whole = parse(input)
            #expect(parse(input, chunkSize: 1) == whole)
            #expect(parse(input, chunkSize: Int.random(in: 2...9, using: &random)) == whole)
        }
    }

    private func randomReply(_ random: inout SeededRandom, depth: Int) -> Reply {
        let kinds = depth > 0 ? 14 : 9
        let items = (0..<Int.random(in: 0...3, using: &random))
        switch Int.random(in: 0..<kinds, using: &random) {
        case 0: return .ok
        case 1: return .error("ERR x")
        case 2: return .integer(Int64(truncatingIfNeeded: random.next()))
        case 3: return .bulk("some\r\nbytes")
        case 4: return .null
        case 5: return .double(0.25)
        case 6: return .boolean(true)
        case 7: return .bigNumber("123456789012345678901234567890")
        case 8: return .verbatim(Array("text".utf8))
        case 9: return .set(items.map { _ in randomReply(&random, depth: depth - 1) })
        case 10: return .push(items.map { _ in randomReply(&random, depth: depth - 1) })
        case 11:
            return .map(items.flatMap { _ in [.ok, randomReply(&random, depth: depth - 1)] })
        default: return .array(items.map { _ in randomReply(&random, depth: depth - 1) })
        }
    }

    private func mutate(_ text: String, _ random: inout SeededRandom) -> String {
        var bytes = Array(text.utf8)
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...127, using: &random)
        case 1: bytes.remove(at: index)
        default: bytes.insert(UInt8(ascii: "1"), at: index)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
