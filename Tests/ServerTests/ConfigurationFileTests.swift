import Platform
import Testing

@testable import Server

@Suite struct ConfigurationFileTests {
    private func parse(_ text: String) throws(ConfigurationError) -> Configuration {
        var configuration = Configuration()
        try ConfigurationFile(path: "x.conf", contents: Array(text.utf8)).apply(to: &configuration)
        return configuration
    }

    private func complaint(_ text: String) -> String? {
        do throws(ConfigurationError) {
            _ = try parse(text)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `one setting a line, with comments, quotes and any spacing`() throws {
        let configuration = try parse(
            """
            # A comment.
            \tn   5   # and one behind

            W 3
            zone "a \\"b\\" \\x41"\r
            data-dir 'it\\'s' # An escaped quote.
            """)
        #expect(configuration.n == 5)
        #expect(configuration.w == 3)
        #expect(configuration.zone == "a \"b\" A")
        #expect(configuration.dataDirectory == "it's")
    }

    @Test func `a repeatable setting collects its lines`() throws {
        let configuration = try parse("join a:1\njoin b:2 c:3\n")
        #expect(configuration.join.map(\.description) == ["a:1", "b:2", "c:3"])
    }

    @Test func `Redis' name for the password is understood`() throws {
        #expect(try parse("requirepass abc#def").password == Secret("abc#def"))
    }

    @Test(arguments: [
        ("\nn 12", "x.conf:2: 'n' must be 1 to 9, not '12'"),
        ("n", "x.conf:1: 'n' has no value (write \"\" for an empty one)"),
        ("n 1 2", "x.conf:1: 'n' must be 1 to 9, not '1 2'"),
        ("n 3\nn 3", "x.conf:2: 'n' is given more than once"),
        ("lisen 1:1", "x.conf:1: unknown setting 'lisen' (did you mean 'listen'?)"),
        ("peerlisten 1:1", "x.conf:1: unknown setting 'peerlisten' (did you mean 'peer-listen'?)"),
        ("frobnicate yes", "x.conf:1: unknown setting 'frobnicate'"),
        ("zone \"a", "x.conf:1: a quote is not closed"),
        ("zone \"a\"b", "x.conf:1: no space after a closing quote"),
        ("zone \"\\xg1\"", "x.conf:1: \\x needs two hexadecimal digits"),
        ("zone \"\\xff\"", "x.conf:1: not a text in UTF-8"),
        ("zone \"\\x00\"", "x.conf:1: not a text in UTF-8"),
        ("flush maybe", "x.conf:1: 'flush' must be yes or no, not 'maybe'"),
        (
            "partitions 100",
            "x.conf:1: 'partitions' must be a power of two from 64 to 16384, not '100'"
        ),
        ("memory 1mb", "x.conf:1: 'memory' must be 64mb to 16tb, not '1mb'"),
        ("wal-sync never", "x.conf:1: 'wal-sync' must be always, or 1 to 60000 ms, not 'never'"),
        (
            "log-level loud",
            "x.conf:1: 'log-level' must be one of debug, info, warn, error, not 'loud'"
        ),
        ("shards 0", "x.conf:1: 'shards' must be auto, or 1 to 64, not '0'"),
        (
            "join a",
            "x.conf:1: 'join' must be an address such as 127.0.0.1:7379 or [::1]:7379, not 'a'"
        ),
        (
            "appendonly no",
            "x.conf:1: 'appendonly' is there for tools made for Redis and cannot be changed"
        ),
        ("a\0b c", "x.conf: not a text in UTF-8"),
    ])
    func `a mistake is told with its place`(text: String, expected: String) {
        #expect(complaint(text) == expected)
    }

    @Test func `a secret that breaks the rule is not repeated`() {
        let secret = String(repeating: "s3cret", count: 100)
        #expect(complaint("password \(secret)") == "x.conf:1: 'password' must be at most 512 bytes")
    }

    @Test func `a rewrite keeps comments and order, and adds what differs`() throws {
        let text = """
            # My node.

            w 1        # fast
            zone a
            join a:1
            # In between.
            join b:2
            R 2

            """
        var configuration = try parse(text)
        let file = try ConfigurationFile(path: "x.conf", contents: Array(text.utf8))
        #expect(file.rewritten(with: configuration) == text)

        try Setting.find("w").set(["2"], in: &configuration)
        try Setting.find("zone").set(["rack \"7\""], in: &configuration)
        try Setting.find("password").set(["p w"], in: &configuration)
        let rewritten = file.rewritten(with: configuration)
        #expect(
            rewritten == """
                # My node.

                w 2 # fast
                zone "rack \\"7\\""
                join a:1
                # In between.
                join b:2
                R 2

                # Added by CONFIG REWRITE.
                password "p w"

                """)
        #expect(try parse(rewritten) == configuration)
    }

    @Test func `rewriting twice is rewriting once`() throws {
        var configuration = Configuration()
        try Setting.find("maxclients").set(["7"], in: &configuration)
        let once = try ConfigurationFile(path: "x", contents: []).rewritten(with: configuration)
        let file = try ConfigurationFile(path: "x", contents: Array(once.utf8))
        #expect(file.rewritten(with: configuration) == once)
        try Setting.find("timeout").set(["9"], in: &configuration)
        let twice = file.rewritten(with: configuration)
        #expect(twice == once + "timeout 9\n")
    }

    @Test(arguments: ["", " ", "#x", "a#b", "\"", "'", "\\", "a\tb", "\u{1}", "é 🐦", "x\n y"])
    func `any text survives quoting`(text: String) throws {
        let line = try ConfigurationFile.parse(ConfigurationFile.format("zone", [text]))
        #expect(line.words == ["zone", text])
    }
}
