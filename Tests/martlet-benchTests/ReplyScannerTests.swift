import Essentials
import Testing
import Wire

@testable import martlet_bench

@Suite struct ReplyScannerTests {
    private func scan(_ text: String) -> ReplyScanner.Result {
        ReplyScanner.scan(Array(text.utf8).span, from: 0)
    }

    @Test func `replies are told apart`() {
        #expect(scan("+OK\r\n") == .reply(.status(1..<3), end: 5))
        #expect(scan("-ERR x\r\n") == .reply(.error(1..<6), end: 8))
        #expect(scan(":12\r\n") == .reply(.integer, end: 5))
        #expect(scan("$2\r\nab\r\n") == .reply(.bulk(4..<6), end: 8))
        #expect(scan("$-1\r\n") == .reply(.null, end: 5))
        #expect(scan("*-1\r\n") == .reply(.null, end: 5))
        #expect(scan("_\r\n") == .reply(.null, end: 3))
        #expect(scan("#t\r\n") == .reply(.other, end: 4))
        #expect(scan("=5\r\ntxt:a\r\n") == .reply(.other, end: 11))
        #expect(scan("!3\r\nERR\r\n") == .reply(.error(4..<7), end: 9))
        #expect(scan(">1\r\n+a\r\n") == .reply(.push, end: 8))
        #expect(scan("|1\r\n+a\r\n+b\r\n:1\r\n") == .reply(.attribute, end: 12))
        #expect(scan("*2\r\n:1\r\n*1\r\n$1\r\na\r\n") == .reply(.aggregate(4..<19), end: 19))
        #expect(scan("*0\r\n") == .reply(.aggregate(4..<4), end: 4))
        #expect(scan("%1\r\n+a\r\n:1\r\n") == .reply(.aggregate(4..<12), end: 12))
    }

    @Test(arguments: ["x\r\n", "$a\r\n", "*\r\n", "$99999999999\r\n", "*1\r\nx\r\n"])
    func `garbage is not a reply`(text: String) { #expect(scan(text) == .malformed) }

    @Test func `replies within a buffer are found one after the other`() {
        let bytes = Array("+OK\r\n$1\r\na\r\n:5\r\n".utf8)
        var offset = 0
        var contents: [ReplyScanner.Content] = []
        while case .reply(let content, let end) = ReplyScanner.scan(bytes.span, from: offset) {
            contents.append(content)
            offset = end
        }
        #expect(contents == [.status(1..<3), .bulk(9..<10), .integer])
        #expect(offset == bytes.count)
    }

    /// A reply of any shape, no deeper than `depth`.
    private func randomReply(_ random: inout SeededRandom, depth: Int) -> Reply {
        let items = { (count: Int, random: inout SeededRandom) in
            (0..<count).map { _ in randomReply(&random, depth: depth - 1) }
        }
        switch Int.random(in: 0..<(depth > 0 ? 12 : 8), using: &random) {
        case 0: return .simple("OK")
        case 1: return .error("ERR wrong")
        case 2: return .integer(Int64.random(in: -1000...1000, using: &random))
        case 3: return .null
        case 4: return .double(1.5)
        case 5: return .boolean(true)
        case 6: return .verbatim(Array("text".utf8))
        case 7: return .bulk((0..<Int.random(in: 0..<40, using: &random)).map { _ in 13 })
        case 8: return .array(items(Int.random(in: 0..<5, using: &random), &random))
        case 9: return .map(items(2 * Int.random(in: 0..<3, using: &random), &random))
        case 10: return .set(items(Int.random(in: 0..<4, using: &random), &random))
        default: return .array(items(2, &random))
        }
    }

    @Test(arguments: [RESPVersion.two, .three])
    func `replies end where the server's encoder has ended them, and no cut is taken for an end`(
        version: RESPVersion
    ) {
        var random = SeededRandom(seed: 11)
        let encoder = ReplyEncoder(version: version)
        for _ in 0..<2000 {
            var bytes: [UInt8] = []
            encoder.encode(randomReply(&random, depth: 3), into: &bytes)
            guard case .reply(_, let end) = ReplyScanner.scan(bytes.span, from: 0) else {
                Issue.record("not a reply: \(bytes)")
                return
            }
            #expect(end == bytes.count)
            let cut = Int.random(in: 0..<bytes.count, using: &random)
            #expect(ReplyScanner.scan(Array(bytes[..<cut]).span, from: 0) == .needMore)
        }
    }
}
