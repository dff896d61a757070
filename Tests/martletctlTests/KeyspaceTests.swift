import Platform
import Testing

@testable import martletctl

@Suite struct KeyspaceTests {
    private func run(
        _ arguments: String..., reply: String, status: Int = 200
    ) -> (outcome: Program.Outcome, request: String) {
        let node = FakeNode([FakeNode.reply(reply, status: status)])
        let outcome = withExtendedLifetime(node) {
            Program.run(
                ["--admin", node.address.description, "keyspace"] + arguments, password: nil)
        }
        return (outcome, node.requests.first ?? "")
    }

    private static let report = """
        {"epoch":4,"n":3,"keyspaces":[\
        {"prefix":"b\\u001b","prefix_hex":"621b","r":null,"w":"ALL","pr":null,"pw":"QUORUM","dw":null},\
        {"prefix":"cache: ","prefix_hex":"","r":1,"w":1,"pr":null,"pw":0,"dw":null}]}
        """

    @Test func `the list is a table, in which - is left to the nodes`() {
        let result = run("list", reply: Self.report)
        #expect(result.request.hasPrefix("GET /v1/keyspaces HTTP/1.1\r\n"))
        #expect(
            result.outcome.output == """
                prefix   r    w  pr      pw  dw
                b\\u{1b}  -  ALL   -  QUORUM   -
                cache:   1    1   -       0   -

                """)
        #expect(run("list", "--json", reply: Self.report).outcome.output == Self.report + "\n")
        let none = run("list", reply: #"{"epoch":4,"n":3,"keyspaces":[]}"#)
        #expect(
            none.outcome.output == "No keyspaces: all keys are under the settings of the nodes.\n")
    }

    @Test func `set sends what is named, and says what there is now`() {
        let result = run("set", "cache: ", "r=1", "w=One", reply: Self.report)
        #expect(
            result.request.hasPrefix("PUT /v1/keyspaces?prefix=cache%3A%20 HTTP/1.1\r\n"))
        #expect(result.request.contains("Content-Type: application/json\r\n"))
        #expect(result.request.hasSuffix("\r\n\r\n" + #"{"r":"1","w":"One"}"#))
        #expect(
            result.outcome.output
                == "Keyspace 'cache: ': r = 1, w = 1, pw = 0; the rest as each node is set\n")
        let bare = run(
            "set", "x", "r=default",
            reply: #"{"keyspaces":[{"prefix":"x","r":null,"w":null,"pr":null}]}"#)
        #expect(bare.outcome.output == "Keyspace 'x': all as each node is set\n")
    }

    @Test func `unset says that it is done`() {
        let result = run("unset", "a/b", reply: Self.report)
        #expect(result.request.hasPrefix("DELETE /v1/keyspaces?prefix=a%2Fb HTTP/1.1\r\n"))
        #expect(result.outcome == .init(status: .done, output: "Keyspace 'a/b' is removed\n"))
    }

    @Test func `what is refused is said, and exits with 1`() {
        let result = run(
            "unset", "x", reply: #"{"error":"no keyspace has this prefix"}"#, status: 400)
        #expect(
            result.outcome
                == .init(status: .failed, complaint: "martletctl: no keyspace has this prefix\n"))
    }
}
