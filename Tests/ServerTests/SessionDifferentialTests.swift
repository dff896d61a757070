import Foundation
import Testing
import Wire

extension ProcessTests {
    /// The same bytes sent to Martlet and to Redis get the same bytes back.
    @Suite struct SessionDifferentialTests {
        /// Each line is sent as one segment on a new connection, its commands separated by
        /// semicolons, and then the connection's end.
        /// Left out is what says who answers: versions, ids, addresses, times.
        private static let pipelines = """
            PING; PING hello; PING a b
            ECHO hello; ECHO; ECHO a b
            SELECT 0; SELECT abc; SELECT -1; SELECT 99999999999999999999
            HELLO 4; HELLO abc; HELLO 3 what; HELLO 3 SETNAME "a b"; HELLO 3 AUTH x
            AUTH a; AUTH a b c; AUTH default x; AUTH
            RESET; PING
            CLIENT SETNAME x; CLIENT GETNAME; CLIENT SETNAME ""; CLIENT GETNAME; CLIENT SETNAME "a b"
            CLIENT NO-EVICT on; CLIENT NO-EVICT; CLIENT NO-EVICT maybe
            CLIENT REPLY maybe; CLIENT REPLY ON
            CLIENT REPLY SKIP; PING; PING
            CLIENT REPLY SKIP; CLIENT REPLY SKIP; PING; PING
            CLIENT REPLY SKIP; GET a; GET b; PING
            CLIENT REPLY OFF; PING; CLIENT REPLY ON; PING
            CLIENT REPLY OFF; CLIENT REPLY SKIP; PING; PING
            CLIENT REPLY SKIP; CLIENT REPLY OFF; PING
            CLIENT KILL nobody; CLIENT KILL ID 0; CLIENT KILL ID abc; CLIENT KILL ID 99999; CLIENT KILL
            CLIENT KILL USER nobody; CLIENT KILL TYPE odd; CLIENT KILL TYPE pubsub; CLIENT KILL ID 1 SKIPME
            CLIENT KILL SKIPME maybe; CLIENT KILL ADDR 1.2.3.4:5; CLIENT KILL LADDR 1.2.3.4:5 ADDR x
            CLIENT LIST ID abc; CLIENT LIST ID 99999; CLIENT LIST TYPE replica; CLIENT LIST TYPE odd; CLIENT LIST odd
            CLIENT ODD; CLIENT; CLIENT ID x; CLIENT INFO x
            QUIT; PING
            CONFIG GET; CONFIG SET a; CONFIG SET a b c; CONFIG SET nope 1; CONFIG; CONFIG REWRITE; CONFIG ODD
            CONFIG SET maxclients 10 maxclients 20; CONFIG SET databases 3; CONFIG RESETSTAT; CONFIG RESETSTAT x
            SLOWLOG GET abc; SLOWLOG GET -2; SLOWLOG RESET; SLOWLOG LEN; SLOWLOG GET; SLOWLOG GET -1; SLOWLOG HELP
            LATENCY LATEST; LATENCY HISTORY x; LATENCY RESET; LATENCY GRAPH x; LATENCY ODD; LATENCY HELP
            SHUTDOWN odd; SHUTDOWN ABORT; SHUTDOWN SAVE NOSAVE; SHUTDOWN ABORT NOW
            FLUSHALL odd; FLUSHALL ASYNC SYNC; FLUSHDB odd; FLUSHALL; FLUSHDB ASYNC; FLUSHALL SYNC
            SCAN abc; SCAN 0 COUNT 0; SCAN 0 COUNT abc; SCAN 0 TYPE; SCAN 0 odd x; SCAN; SCAN 99999999999999999999
            KEYS; KEYS a b; KEYS *; SCAN 0; RANDOMKEY; DBSIZE; DBSIZE x
            SET a 1; DBSIZE; KEYS *; SCAN 0 MATCH a*; SCAN 0 TYPE string; SCAN 0 TYPE hash; RANDOMKEY; DEL a
            INFO odd; TIME x; COMMAND ODD; COMMAND GETKEYS PING; COMMAND GETKEYS odd; COMMAND GETKEYS SET a
            COMMAND INFO get set mget nope; COMMAND GETKEYS SET a b; COMMAND GETKEYS MSET a b c d
            COMMAND LIST FILTERBY odd x; COMMAND LIST FILTERBY MODULE x; COMMAND DOCS nope
            CLUSTER; CLUSTER KEYSLOT; CLUSTER ODD
            ODD; ODD a b; "unbalanced
            get "a
            """.split(separator: "\n").map(String.init)

        @Test func `what is no matter of version or address is answered as by Redis`() throws {
            guard let redis = try TestServer.redis() else { return }
            let martlet = try TestServer.martlet("--flush", "yes")
            for pipeline in Self.pipelines {
                let bytes = pipeline.split(separator: ";")
                    .flatMap { Array(($0.drop { $0 == " " } + "\r\n").utf8) }
                let wanted = try answer(redis, to: bytes)
                let found = try answer(martlet, to: bytes)
                #expect(found == wanted, "\(pipeline)")
            }
        }

        /// In RESP3, too.
        @Test func `sets, maps and verbatim texts are of Redis' types`() throws {
            guard let redis = try TestServer.redis("--cluster-enabled", "yes") else { return }
            let martlet = try TestServer.martlet("--cluster-mode", "yes")
            let commands = [
                ["CLIENT", "INFO"], ["CLIENT", "LIST"], ["INFO"], ["COMMAND", "INFO", "get"],
                ["COMMAND", "DOCS", "get"], ["CONFIG", "GET", "timeout"], ["CLUSTER", "NODES"],
                ["CLUSTER", "INFO"], ["CLUSTER", "SLOTS"], ["CLUSTER", "SHARDS"],
                ["CLUSTER", "MYID"],
                ["CLUSTER", "KEYSLOT", "{a}b"], ["LATENCY", "DOCTOR"], ["LATENCY", "HISTOGRAM"],
                ["TIME"], ["CLIENT", "GETNAME"], ["SLOWLOG", "GET"], ["SCAN", "0"],
            ]
            for version in ["2", "3"] {
                let mine = try martlet.client()
                let theirs = try redis.client()
                try mine.run("HELLO", version)
                try theirs.run("HELLO", version)
                for command in commands {
                    let found = Self.shape(try mine.run(command))
                    let wanted = Self.shape(try theirs.run(command))
                    #expect(found == wanted, "\(command)")
                }
            }
        }

        private func answer(_ server: TestServer, to bytes: [UInt8]) throws -> String {
            let client = try server.client()
            try client.send(bytes)
            client.finishSending()
            return String(decoding: try client.receivedToEnd(), as: UTF8.self)
        }

        /// The outermost type.
        private static func shape(_ reply: Reply) -> String {
            switch reply {
            case .simple: "simple"
            case .error(let text): "error \(text)"
            case .integer(let value): "integer \(value)"
            case .bulk: "bulk"
            case .null, .nullArray: "null"
            case .array: "array"
            case .map: "map"
            case .set: "set"
            case .push: "push"
            case .double: "double"
            case .boolean: "boolean"
            case .bigNumber: "bigNumber"
            case .verbatim: "verbatim"
            }
        }
    }
}
