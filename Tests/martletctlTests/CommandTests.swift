import Foundation
import Platform
import Testing

@testable import martletctl

@Suite struct CommandTests {
    private func run(
        _ arguments: String..., replies: String..., password: String? = nil
    ) -> (outcome: Program.Outcome, requests: [String], address: SocketAddress) {
        let node = FakeNode(replies)
        let outcome = withExtendedLifetime(node) {
            Program.run(["--admin", node.address.description] + arguments, password: password)
        }
        return (outcome, node.requests, node.address)
    }

    private static let status = """
        {"node":{"id":"0a","number":1,"version":"0.1.0","uptime_seconds":3661,"ready":true,\
        "unreadiness":null,"shards":2,"connected_clients":1,"keys":1234,"memory_bytes":104857600,\
        "disk_free_bytes":5368709120},\
        "cluster":{"id":"0c","epoch":3,"partitions":256,"n":3,"r":2,"w":2},\
        "members":[{"id":"0a","number":1,"client_address":"127.0.0.1:7379",\
        "peer_address":"127.0.0.1:7380","admin_address":"127.0.0.1:7381","zone":"a","weight":100,\
        "reachable":true,"self":true,"vnodes":192,"first_places":64,"share":0.75},\
        {"id":"0b","number":12,"client_address":"127.0.0.1:7389","peer_address":"127.0.0.1:7390",\
        "admin_address":"127.0.0.1:7391","zone":"b\\u001b[2J","weight":50,"reachable":false,\
        "self":false,"vnodes":64,"first_places":20,"share":0.25}]}
        """

    @Test func `status is a table for people`() {
        let result = run("status", replies: FakeNode.reply(Self.status))
        #expect(result.outcome.status == .done)
        #expect(
            result.outcome.output == """
                Cluster 0c: epoch 3, 256 partitions, n = 3, r = 2, w = 2
                Node 1 serves; up for 1 h 1 min, version 0.1.0, 2 shards, 1 client, about 1234 keys, \
                100 MiB of memory, 5.0 GiB of disk free

                   node  clients         admin           zone        weight   share  first  state
                *     1  127.0.0.1:7379  127.0.0.1:7381  a              100  75.0 %     64  reachable
                     12  127.0.0.1:7389  127.0.0.1:7391  b\\u{1b}[2J      50  25.0 %     20  away

                """)
        #expect(result.requests.first?.hasPrefix("GET /v1/status HTTP/1.1\r\n") == true)
    }

    @Test func `who sees whom is a matrix where somebody misses somebody`() {
        func views(with three: String) -> String {
            """
            {"node":{"ready":true},"members":[],"cluster":{"id":"0c"},"views":[\
            {"node":1,"answered":true,"sees":[{"node":2,"liveness":"suspect"},\
            {"node":3,"liveness":"dead"}]},\
            {"node":2,"answered":true,"sees":[{"node":1,"liveness":"alive"},\
            {"node":3,"liveness":"dead"}]},\(three)]}
            """
        }
        let away = views(with: #"{"node":3,"answered":false,"sees":[]}"#)
        #expect(
            run("status", replies: FakeNode.reply(away)).outcome.output.hasSuffix(
                """

                sees    1  2  3
                node 1  .  ?  -
                node 2  +  .  -

                """))
        let well = """
            {"node":{"ready":true},"members":[],"cluster":{"id":"0c"},"views":[\
            {"node":1,"answered":true,"sees":[{"node":2,"liveness":"alive"}]},\
            {"node":2,"answered":true,"sees":[{"node":1,"liveness":"alive"}]}]}
            """
        #expect(
            run("status", replies: FakeNode.reply(well)).outcome.output.hasSuffix(
                "\nEvery member sees every other.\n"))
    }

    @Test func `who decides about members, and a disk that fills up, are shown`() {
        let reply =
            #"{"node":{"ready":true,"number":1,"version":"1","disk_state":"low"},"members":[],"#
            + #""cluster":{"id":"0c","epoch":1},"consensus":{"term":7,"leader":2,"#
            + #""voters":[1,2],"learners":[3],"voters_heard":2}}"#
        let output = run("status", replies: FakeNode.reply(reply)).outcome.output
        #expect(
            output.contains(
                "Members are decided by nodes 1, 2 (term 7, node 2 leads); node 3 only follow\n"))
        #expect(output.contains("The disk is nearly full: new values are refused.\n"))
    }

    @Test func `that some keys have quorums of their own is said`() {
        let start = #"{"node":{"ready":true,"number":1,"version":"1"},"members":[],"cluster":"#
        func line(_ count: Int) -> Substring? {
            let cluster = #"{"id":"0c","epoch":1,"r":2,"w":2,"keyspaces":\#(count)}}"#
            return run("status", replies: FakeNode.reply(start + cluster)).outcome.output
                .split(separator: "\n").first
        }
        #expect(line(0)?.hasSuffix("r = 2, w = 2") == true)
        #expect(line(1)?.hasSuffix("w = 2, but for 1 keyspace") == true)
        #expect(line(2)?.hasSuffix("w = 2, but for 2 keyspaces") == true)
    }

    @Test func `shards that refuse commands, and members that lag, are shown`() {
        let reply =
            #"{"node":{"ready":true,"number":1,"version":"1"},"members":[],"#
            + #""cluster":{"id":"0c","epoch":1},"load":{"shards":[{"behind":true},"#
            + #"{"behind":false}],"peers":[{"node":2,"lagging":false},{"node":3,"lagging":true}]}}"#
        let output = run("status", replies: FakeNode.reply(reply)).outcome.output
        #expect(output.contains("Overloaded: new commands are refused on 1 of 2 shards.\n"))
        #expect(output.contains("Node 3 leaves requests unanswered.\n"))
        #expect(!output.contains("Node 2 leaves"))
    }

    @Test func `a node that does not serve yet says why`() {
        let reply =
            #"{"node":{"ready":false,"unreadiness":"joining","version":"1"},"members":[],"#
            + #""cluster":{"id":null}}"#
        let result = run("status", replies: FakeNode.reply(reply))
        #expect(
            result.outcome.output.hasPrefix("No cluster yet.\nThe node does not serve: joining;"))
    }

    @Test func `with --json the answer is not touched`() {
        for arguments in [["--json", "status"], ["status", "--json"]] {
            let node = FakeNode([FakeNode.reply(Self.status)])
            let outcome = Program.run(
                arguments + ["--admin=\(node.address)"], password: nil)
            #expect(outcome.output == Self.status + "\n")
        }
    }

    @Test func `the ring is shown with its table when asked`() {
        let ring = """
            {"epoch":4,"partitions":2,"n":3,"zone_violations":1,"nodes":[{"number":1,\
            "client_address":"x:1","zone":"a","weight":100,"vnodes":2,"vnodes_asked":1.5,\
            "first_places":1,"first_places_asked":1}],"table":[[1,2],[2,1]]}
            """
        let short = run("ring", replies: FakeNode.reply(ring)).outcome.output
        #expect(
            short == """
                2 partitions, n = 3, epoch 4
                1 partition with replicas in too few zones.

                node  clients  zone  weight  vnodes  asked  first  asked
                   1  x:1      a        100       2   1.50      1   1.00

                """)
        #expect(
            run("ring", "--table", replies: FakeNode.reply(ring)).outcome.output == short + """

                partition  slots       replicas
                        0  0-8191      1 2
                        1  8192-16383  2 1

                """)
    }

    @Test func `explain shows what each replica has`() {
        let report = """
            {"key":"a b","key_hex":"612062","slot":1,"position":"00f2","partition":2,"agree":false,\
            "replicas":[{"number":1,"client_address":"x:1","zone":"a","reachable":true,\
            "state":"object","error":null,"context":"1@5:2","digest":"0a","type":"string","siblings":2,\
            "tombstone":false,"value_bytes":3,"expires_at_ms":99,"timestamp":"5.0@1"},\
            {"number":2,"client_address":"y:1","zone":"b","reachable":false,"state":"unknown",\
            "error":"no answer","context":null,"digest":null,"type":null,"siblings":null,"tombstone":false,\
            "value_bytes":null,"expires_at_ms":null,"timestamp":null}],"fallbacks":[3,4]}
            """
        let result = run("explain", "a b", replies: FakeNode.reply(report))
        #expect(result.requests.first?.hasPrefix("GET /v1/explain?key=a%20b HTTP") == true)
        #expect(
            result.outcome.output == """
                Key 'a b': slot 1, position 00f2, partition 2
                The replicas do not have the same, or did not all answer.

                node  clients  zone  state      type    siblings  bytes  expires at ms  timestamp  digest  context
                   1  x:1      a     has it     string         2      3             99  5.0@1      0a      1@5:2
                   2  y:1      b     no answer

                Fallbacks, in order: 3, 4

                """)
    }

    @Test func `explain shows which hints wait`() {
        let report = """
            {"key":"a","slot":1,"position":"00f2","partition":2,"agree":false,"replicas":[],\
            "fallbacks":[],"hints":[{"holder":4,"target":2,"context":"1@5:2","digest":"0a",\
            "siblings":1,"tombstone":false,"value_bytes":3}]}
            """
        #expect(
            run("explain", "a", replies: FakeNode.reply(report)).outcome.output.hasSuffix(
                """
                Fallbacks, in order: none

                Hints that wait:
                for node  kept by  siblings  bytes  digest  context
                       2        4         1      3  0a      1@5:2

                """))
    }

    @Test func `hints are a table, and say who is behind for good`() {
        let report = """
            {"node":1,"bytes_max":1073741824,"age_seconds_max":3600,"targets":[{"number":2,\
            "client_address":"127.0.0.1:7389","state":"delivering","reachable":true,"records":100,\
            "bytes":6400,"oldest_seconds":9,"records_per_second":30,"remaining_seconds":4,\
            "delivered":50,"dirty_partitions":[7,8]}]}
            """
        let result = run("hints", replies: FakeNode.reply(report))
        #expect(result.requests.first?.hasPrefix("GET /v1/hints HTTP") == true)
        #expect(
            result.outcome.output == """
                Node 1 keeps 100 hints, 6.3 KiB; at most 1.0 GiB, for at most 1 h

                for node  clients         state       hints     size  oldest  per second  left  handed over
                       2  127.0.0.1:7389  delivering    100  6.3 KiB     9 s          30   4 s           50

                Node 2 misses dropped hints in 2 partitions: 7, 8

                """)
    }

    @Test func `explain shows the keyspace, and what requests run under`() {
        let start = #"{"key":"a","slot":1,"position":"00f2","partition":2,"agree":true,"#
        let quorums = #""quorums":{"r":1,"w":2,"pr":0,"pw":0,"dw":0},"replicas":[]}"#
        let with = run(
            "explain", "a",
            replies: FakeNode.reply(start + #""keyspace":"cache: ","# + quorums))
        #expect(
            with.outcome.output.hasPrefix(
                """
                Key 'a': slot 1, position 00f2, partition 2
                Keyspace 'cache: ': r = 1, w = 2, pr = 0, pw = 0, dw = 0
                All replicas have the same.

                """))
        let without = run(
            "explain", "a", replies: FakeNode.reply(start + #""keyspace":null,"# + quorums))
        #expect(without.outcome.output.contains("\nNo keyspace: r = 1, w = 2, pr = 0"))
    }

    @Test func `a key may look like an option`() {
        let result = run("explain", "--", "--json", replies: FakeNode.reply("{}"))
        #expect(result.requests.first?.hasPrefix("GET /v1/explain?key=--json HTTP") == true)
    }

    @Test func `settings are shown, changed and written`() {
        let found = #"{"settings":[{"name":"n","value":"3"},{"name":"save","value":""}]}"#
        #expect(
            run("config", "get", "*a*", replies: FakeNode.reply(found)).outcome.output
                == "setting  value\nn        3\nsave\n")
        let none = run("config", "get", "x", replies: FakeNode.reply(#"{"settings":[]}"#))
        #expect(none.outcome.status == .failed)
        #expect(none.outcome.complaint == "martletctl: no setting matches 'x'\n")

        let set = run(
            "config", "set", "r", "1", replies: FakeNode.reply(#"{"name":"r","value":"1"}"#))
        #expect(set.outcome.output == "r is now 1\n")
        let request = set.requests.first ?? ""
        #expect(request.hasPrefix("PUT /v1/config HTTP/1.1\r\n"))
        #expect(request.contains("Content-Type: application/json\r\n"))
        #expect(request.hasSuffix("\r\n\r\n" + #"{"name":"r","value":"1"}"#))

        let refused = run(
            "config", "set", "n", "5", replies: FakeNode.reply(#"{"error":"no"}"#, status: 400))
        #expect(refused.outcome == .init(status: .failed, complaint: "martletctl: no\n"))
        let written = run("config", "rewrite", replies: FakeNode.reply(#"{"path":"/x.conf"}"#))
        #expect(written.outcome.output == "wrote /x.conf\n")
    }

    @Test func `metrics are summed up`() {
        let metrics = """
            {"metrics":[{"name":"a_total","type":"counter","help":"","samples":[{"labels":{},"value":7},\
            {"labels":{"op":"get","x":"y"},"value":0.00012345}]},{"name":"h_seconds","type":"histogram",\
            "help":"","samples":[{"labels":{},"count":100,"sum":25,"buckets":[[0.1,50],[1,99],[10,100]]},\
            {"labels":{"e":"1"},"count":0,"sum":0,"buckets":[[1,0]]},\
            {"labels":{"e":"2"},"count":4,"sum":80,"buckets":[[1,1]]}]}]}
            """
        #expect(
            run("metrics", replies: FakeNode.reply(metrics)).outcome.output == """
                metric               value
                a_total              7
                a_total{op=get,x=y}  0.0001235
                h_seconds            count 100, mean 0.25, p50 ≤ 0.1, p99 ≤ 1
                h_seconds{e=1}       count 0
                h_seconds{e=2}       count 4, mean 20, p50 > 1, p99 > 1

                """)
    }

    @Test func `the password comes from the environment or a file`() throws {
        let path = NSTemporaryDirectory() + "martletctl-\(UUID().uuidString)"
        try "from file\nsecond line\n".write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = run(
            "--password-file", path, "status", replies: FakeNode.reply(Self.status), password: "e")
        #expect(file.requests.first?.contains("Authorization: Bearer from file\r\n") == true)
        let environment = run("status", replies: FakeNode.reply(Self.status), password: "e")
        #expect(environment.requests.first?.contains("Authorization: Bearer e\r\n") == true)
        let without = run("status", replies: FakeNode.reply(Self.status))
        #expect(without.requests.first?.contains("Authorization") == false)

        let denied = FakeNode.reply(#"{"error":"x"}"#, status: 401)
        #expect(
            run("status", replies: denied).outcome.complaint == "martletctl: a password is needed: "
                + "use --password-file FILE, or set MARTLET_PASSWORD\n")
        #expect(
            run("status", replies: denied, password: "e").outcome.complaint
                == "martletctl: the password is wrong\n")
    }

    @Test func `what is not a node is told from one that is away`() {
        let redis = run("status", replies: "-ERR unknown command\r\n")
        #expect(
            redis.outcome.complaint == "martletctl: no answer from \(redis.address): not an HTTP "
                + "server (is martlet running? use --admin HOST:PORT)\n")
        let away = run("status")
        #expect(
            away.outcome.complaint
                == "martletctl: no answer from \(away.address): connection refused "
                + "(is martlet running? use --admin HOST:PORT)\n")
        let silent = run("status", replies: "")
        #expect(silent.outcome.status == .failed)
        let broken = run("status", replies: FakeNode.reply("{"))
        #expect(broken.outcome.complaint.hasPrefix("martletctl: the answer is no JSON: "))
    }

    @Test func `version is told with and without a node`() {
        #expect(
            run("version", replies: FakeNode.reply(Self.status)).outcome.output
                .hasPrefix("martletctl 0.1.0\nmartlet 0.1.0 at 127.0.0.1:"))
        #expect(run("--version").outcome.output == "martletctl 0.1.0\n")
        let alone = run("--json", "version", replies: "")
        #expect(alone.outcome.output == #"{"martletctl":"0.1.0","node":null}"# + "\n")
    }

    @Test func `placement needs no node`() {
        let outcome = Program.run(["placement", "100@a", "100@b", "200@c"], password: nil)
        #expect(outcome.status == .done)
        #expect(outcome.output.contains("partitions 256, replicas 3, nodes 3\n"))
        let moved = Program.run(
            ["--json", "placement", "--n", "2", "1", "1", "--then", "1", "1", "1"], password: nil)
        #expect(
            moved.output.contains(#""moves":171,"moves_min":"#)
                || moved.output.contains(#""moves":170,"#))
    }

    @Test(
        arguments: [
            ([], "which command?"), (["frob"], "unknown command 'frob'"),
            (["status", "x"], "usage: martletctl status"),
            (["explain"], "usage: martletctl explain KEY"),
            (["explain", "a", "b"], "usage: martletctl explain KEY"),
            (["config"], "usage: martletctl config get [PATTERN] | set NAME VALUE | rewrite"),
            (
                ["config", "set", "a"],
                "usage: martletctl config get [PATTERN] | set NAME VALUE | rewrite"
            ),
            (
                ["keyspace"],
                "usage: martletctl keyspace list | set PREFIX NAME=QUORUM... | unset PREFIX"
            ),
            (
                ["keyspace", "set", "a:"],
                "usage: martletctl keyspace list | set PREFIX NAME=QUORUM... | unset PREFIX"
            ),
            (
                ["keyspace", "set", "a:", "n=3"],
                "a quorum is set by r=, w=, pr=, pw= or dw=, not by 'n=3'"
            ),
            (
                ["keyspace", "set", "a:", "r"],
                "a quorum is set by r=, w=, pr=, pw= or dw=, not by 'r'"
            ),
            (["keyspace", "set", "a:", "r=1", "r=2"], "'r' is given twice"),
            (["ring", "--tables"], "unknown argument '--tables'"),
            (["--admin"], "'--admin' needs a value"),
            (["--admin", "x", "status"], "'--admin' must be HOST:PORT, not 'x'"),
            (["--admin=x:0", "status"], "'--admin' must be HOST:PORT, not 'x:0'"),
            (["help", "frob"], "unknown command 'frob'"),
            (
                ["placement"],
                "which nodes? For three of equal weight: martletctl placement 100 100 100"
            ),
            (["placement", "--n", "0", "1"], "'--n' must be 1 to 9"),
            (["placement", "--partitions", "100", "1"], "'--partitions' must be a power of two"),
            (["placement", "x@a"], "a node must be WEIGHT or WEIGHT@ZONE, not 'x@a'"),
            (["placement", "1", "--then", "1", "--then", "1"], "'--then' is given twice"),
            (["--frob", "status"], "unknown option '--frob'"),
        ] as [([String], String)])
    func `a wrong command line exits with 2`(arguments: [String], reason: String) {
        #expect(
            Program.run(arguments, password: nil)
                == .init(status: .usage, complaint: "martletctl: \(reason) (see martletctl help)\n")
        )
    }
}
