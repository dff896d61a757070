import Essentials
import Testing

@testable import martletctl

@Suite struct TextTests {
    @Test func `columns are as wide as they need`() {
        var table = Table([("a", .left), ("number", .right), ("last", .left)])
        table.append(["long cell", "1", ""])
        table.append(["é", "12345678", "x"])
        #expect(
            table.text == """
                a            number  last
                long cell         1
                é          12345678  x

                """)
    }

    @Test func `cells cannot command the terminal`() {
        #expect(
            Table.printable("a\u{1B}[2Jb\nc\u{85}\u{202E}é")
                == "a\\u{1b}[2Jb\\u{a}c\\u{85}\\u{202e}é")
    }

    @Test func `numbers read well`() {
        #expect(Figures.decimal(1.005, digits: 1) == "1.0")
        #expect(Figures.decimal(-0.04, digits: 1) == "0.0")
        #expect(Figures.decimal(-2.25, digits: 2) == "-2.25")
        #expect(Figures.decimal(1e300, digits: 2) == "1e+300")
        #expect(Figures.percent(1.0 / 3) == "33.3 %")
        #expect(Figures.bytes(512) == "512 B")
        #expect(Figures.bytes(1536) == "1.5 KiB")
        #expect(Figures.bytes(268_435_456) == "256 MiB")
        #expect(
            [0, 59, 61, 7200, 90_000].map(Figures.span) == [
                "0 s", "59 s", "1 min 1 s", "2 h", "1 d 1 h",
            ])
        #expect(Figures.plural(1, "key") == "1 key")
        #expect(Figures.plural(0, "key") == "0 keys")
    }

    @Test func `a reply is status and body, and complete`() throws {
        let text = "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nX: y\r\n\r\na\r\n"
        let reply = try HTTPReply(Array(text.utf8))
        #expect(reply.status == 404)
        #expect(reply.body == Array("a\r\n".utf8))
    }

    @Test(arguments: [
        ("", "the connection was closed"), ("-ERR wrong port\r\n", "not an HTTP server"),
        ("SSH-2.0\r\n\r\n", "not an HTTP server"), ("HTTP/1.1 x\r\n\r\n", "not an HTTP server"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", "the answer is cut off"),
    ])
    func `anything else is no reply`(text: String, reason: String) {
        #expect(throws: HTTPFailure(description: reason)) { try HTTPReply(Array(text.utf8)) }
    }

    @Test func `keys are encoded for a query`() {
        #expect(AdminClient.encoded("a-Z_0.~") == "a-Z_0.~")
        #expect(AdminClient.encoded("a b&c=%é\n") == "a%20b%26c%3D%25%C3%A9%0A")
    }
}
