import Commands
import Testing
import Wire

@Suite struct ScanRequestTests {
    private func read(_ command: String) throws(CommandFailure) -> ScanRequest {
        let words = command.split(separator: " ", omittingEmptySubsequences: false)
        return try ScanRequest(arguments: words.map { Array($0.utf8) })
    }

    @Test func `all options are read`() throws {
        var expected = ScanRequest(cursor: 17)
        expected.match = Glob("a*")
        expected.count = 5
        expected.type = "string"
        #expect(try read("SCAN 17 match a* COUNT 5 type STRING") == expected)
        #expect(try read("SCAN 0 MATCH *").match == nil)
    }

    @Test(arguments: [
        ("SCAN x", "ERR invalid cursor"), ("SCAN 1x", "ERR invalid cursor"),
        ("SCAN  ", nil), ("SCAN -1", nil), ("SCAN +7", nil), ("SCAN +", "ERR invalid cursor"),
        ("SCAN 18446744073709551615", nil), ("SCAN 18446744073709551616", "ERR invalid cursor"),
        ("SCAN 0 COUNT 0", "ERR syntax error"), ("SCAN 0 COUNT", "ERR syntax error"),
        ("SCAN 0 COUNT x", "ERR value is not an integer or out of range"),
        ("SCAN 0 FOO 1", "ERR syntax error"), ("SCAN 0 TYPE foo", nil),
    ])
    func `errors are Redis'`(command: String, text: String?) throws {
        let words = command.split(separator: " ", maxSplits: 10, omittingEmptySubsequences: false)
            .map { Array($0.utf8) }
        do {
            _ = try ScanRequest(
                arguments: words.count > 2 && words[1].isEmpty ? Array(words.prefix(2)) : words)
            #expect(text == nil)
        } catch {
            #expect(error.text == text)
        }
    }
}
