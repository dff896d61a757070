import Testing
import Wire

@Suite struct RequestParserTests {
    /// Everything that comes of `input`, sent at once.
    private func outcome(
        _ input: String, limits: RequestLimits = RequestLimits()
    ) -> [ParsedRequest] {
        parseRequests(Array(input.utf8), chunkSizes: [], limits: limits)
    }

    private func command(_ words: String...) -> ParsedRequest {
        .command(words.map { Array($0.utf8) })
    }

    private func failed(_ text: String) -> ParsedRequest {
        .failed("ERR Protocol error: \(text)")
    }

    @Test func `a command is its words`() {
        #expect(outcome("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n") == [command("GET", "k")])
        #expect(outcome("*1\r\n$0\r\n\r\n") == [command("")])
        #expect(outcome("*1\r\n$2\r\n\r\n\r\nPING\r\n") == [command("\r\n"), command("PING")])
    }

    @Test func `empty commands are skipped`() {
        #expect(outcome("*0\r\n*-1\r\n\r\n\n   \r\nPING\r\n") == [command("PING")])
    }

    @Test func `an unfinished command waits`() {
        for input in ["*", "*1", "*1\r", "*1\r\n", "*1\r\n$", "*1\r\n$4\r\nPIN", "PING"] {
            #expect(outcome(input) == [])
        }
    }

    @Test(arguments: [
        ("*x\r\n", "invalid multibulk length"),
        ("*3000000000\r\n", "invalid multibulk length"),
        ("*1048577\r\n", "invalid multibulk length"),
        ("*+1\r\n", "invalid multibulk length"),
        ("*01\r\n", "invalid multibulk length"),
        ("*\r\n", "invalid multibulk length"),
        ("*1\n$4\r\n", "invalid multibulk length"),
        ("*1\r\n$-1\r\n", "invalid bulk length"),
        ("*1\r\n$-10\r\n", "invalid bulk length"),
        ("*1\r\n$9999999999999999999\r\n", "invalid bulk length"),
        ("*1\r\n$+5\r\n", "invalid bulk length"),
        ("*1\r\n$05\r\n", "invalid bulk length"),
        ("*1\r\n$ 5\r\n", "invalid bulk length"),
        ("*1\r\n$999999999\r\n", "invalid bulk length"),
        ("*1\r\n:5\r\n", "expected '$', got ':'"),
        ("*2\r\n$1\r\na\r\n*1\r\n", "expected '$', got '*'"),
        ("get \"a\r\n", "unbalanced quotes in request"),
        ("get 'a'b\r\n", "unbalanced quotes in request"),
        ("get \"a\"b\r\n", "unbalanced quotes in request"),
    ])
    func `what Redis refuses is refused in its words`(input: String, text: String) {
        #expect(outcome(input) == [failed(text)])
    }

    @Test func `endless lines are refused at 64 KiB`() {
        let digits = String(repeating: "1", count: 70_000)
        #expect(outcome("*" + digits) == [failed("too big mbulk count string")])
        #expect(outcome("*1\r\n$" + digits) == [failed("too big bulk count string")])
        #expect(outcome(digits) == [failed("too big inline request")])
        #expect(outcome(String(repeating: "1", count: 65_536)) == [])
    }

    @Test(arguments: [
        ("set k \"a b\"", ["set", "k", "a b"]),
        ("  a\t b  ", ["a", "b"]),
        (#""\x41\n\t\\\"\q""#, ["A\n\t\\\"q"]),
        (#"'a\'b\n'"#, [#"a'b\n"#]),
        ("\"\" ''", ["", ""]),
        ("a\"b\"", ["ab"]),
        ("a\u{0}b c", ["a"]),
        (#""\x4""#, ["x4"]),
    ])
    func `inline commands are split as in a shell`(line: String, words: [String]) {
        #expect(outcome(line + "\n") == [.command(words.map { Array($0.utf8) })])
        #expect(outcome(line + "\r\n") == [.command(words.map { Array($0.utf8) })])
    }

    @Test func `before authentication little is accepted`() {
        let limits = RequestLimits.unauthenticated
        let eleven = "*11\r\n" + String(repeating: "$1\r\na\r\n", count: 11)
        #expect(outcome(eleven, limits: limits) == [failed("unauthenticated multibulk length")])
        #expect(
            outcome("*1\r\n$16385\r\n", limits: limits) == [failed("unauthenticated bulk length")])
        #expect(outcome("AUTH a\r\n", limits: limits) == [command("AUTH", "a")])
        #expect(
            outcome("a b c d e f g h i j k\r\n", limits: limits)
                == [failed("unauthenticated multibulk length")])
    }

    @Test func `limits can be changed between two commands`() {
        var parser = RequestParser(limits: .unauthenticated)
        parser.append(Array("AUTH a\r\n*1\r\n$16385\r\n".utf8))
        #expect(parser.next() == .command)
        parser.limits.isRestricted = false
        #expect(parser.next() == .needMore)
    }

    @Test func `a command is bounded as a whole`() {
        var limits = RequestLimits()
        limits.commandSizeMax = 100
        let word = "$40\r\n" + String(repeating: "w", count: 40) + "\r\n"
        #expect(
            outcome("*3\r\n" + word + word + word, limits: limits) == [failed("too big command")])
        #expect(outcome("*2\r\n" + word + word, limits: limits).count == 1)
    }

    @Test(arguments: [
        "POST / HTTP/1.1\r\nHost: x\r\n\r\n", "Host: localhost\r\n",
        "*1\r\n$4\r\npost\r\n", "hOsT: a\r\n",
    ])
    func `a browser is recognised`(input: String) {
        #expect(outcome(input) == [.attack])
    }

    @Test func `a GET of HTTP is a command until its headers come`() {
        #expect(
            outcome("GET / HTTP/1.1\r\nHost: x\r\n") == [command("GET", "/", "HTTP/1.1"), .attack])
    }

    @Test func `a failure is final`() {
        var parser = RequestParser()
        parser.append(Array("*x\r\n".utf8))
        let first = parser.next()
        parser.append(Array("PING\r\n".utf8))
        #expect(parser.next() == first)
    }

    @Test func `words are read in place`() {
        var parser = RequestParser()
        parser.append(Array("*3\r\n$3\r\nSeT\r\n$1\r\nk\r\n$3\r\n-12\r\n".utf8))
        #expect(parser.next() == .command)
        #expect(parser.argumentCount == 3)
        #expect(parser.keyword(0) == "set")
        #expect(parser.argumentSize(0) == 3)
        #expect(parser.argument(1) == [UInt8(ascii: "k")])
        #expect(parser.integer(2) == -12)
        #expect(parser.integer(1) == nil)
    }

    @Test func `memory follows what has arrived and not what was announced`() {
        var parser = RequestParser()
        parser.append(Array("*1000000\r\n$16000000\r\nabc".utf8))
        #expect(parser.next() == .needMore)
        #expect(parser.bufferedSize < 64 << 10)
    }

    @Test func `a large command gives its memory back`() {
        var parser = RequestParser()
        let value = [UInt8](repeating: 7, count: 4 << 20)
        parser.append(Array("*2\r\n$3\r\nSET\r\n$\(value.count)\r\n".utf8))
        #expect(parser.next() == .needMore)
        parser.append(value)
        #expect(parser.next() == .needMore)
        parser.append(Array("\r\n".utf8))
        #expect(parser.next() == .command)
        #expect(parser.argument(1) == value)
        #expect(parser.next() == .needMore)
        #expect(parser.bufferedSize < 64 << 10)
    }

    @Test func `a value in many pieces costs no more than its size`() {
        let size = 16 << 20
        let piece = [UInt8](repeating: 7, count: 512)
        var parser = RequestParser()
        parser.append(Array("*1\r\n$\(size)\r\n".utf8))
        let duration = ContinuousClock().measure {
            for _ in 0..<size / piece.count {
                #expect(parser.next() == .needMore)
                parser.append(piece)
            }
        }
        parser.append(Array("\r\n".utf8))
        #expect(parser.next() == .command)
        // Copying the buffer with each piece would take minutes.
        #expect(duration < .seconds(10))
    }
}
