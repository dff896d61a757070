import Testing
import Wire

extension ClusterScenarios {
    /// A plain overwrite through a node that is behind covers all that was acknowledged before it.
    @Suite struct OverwriteScenarios {
        /// One key, and what clients do to it, one after the other.
        struct Case: CustomTestStringConvertible {
            let name: String
            /// While the node is away.
            let before: [String]
            /// Through that node, which knows nothing of it.
            let through: [String]
            /// What is there then; nil: nothing.
            let value: String?
            /// What is left of its deadline at most; nil: it has none.
            var ttlMs: Int64?

            var testDescription: String { name }
        }

        static let cases: [Case] =
            before.flatMap { (kind, before) in
                overwrites.map { overwrite in
                    Case(
                        name: "\(kind), then \(overwrite.through.joined(separator: ", "))",
                        before: before, through: overwrite.through, value: overwrite.value,
                        ttlMs: overwrite.ttlMs)
                }
            } + others

        /// What must not come back: increments, a value that is longer there, a deadline that is
        /// later.
        private static let before: [(kind: String, words: [String])] = [
            ("a counter", (1...5).map { _ in "INCR k" }),
            ("a value", ["SET k old"]),
            ("a value with a deadline", ["SET k old EX 100000"]),
            ("a deadline set apart", ["SET k old", "EXPIRE k 100000"]),
            ("a counter with a deadline", ["SET k 7 EX 100000", "INCRBY k 5"]),
        ]

        private static let overwrites: [(through: [String], value: String?, ttlMs: Int64?)] = [
            (["SET k 100"], "100", nil),
            (["SET k 100 PX 60000"], "100", 60_000),
            (["SET k 100 EX 60"], "100", 60_000),
            (["SET k 100 XX"], "100", nil),
            (["SET k 100 GET"], "100", nil),
            (["SETEX k 60 100"], "100", 60_000),
            (["PSETEX k 60000 100"], "100", 60_000),
            (["GETSET k 100"], "100", nil),
            (["MSET k 100"], "100", nil),
            (["DEL k"], nil, nil),
            (["UNLINK k"], nil, nil),
            (["GETDEL k"], nil, nil),
            (["DEL k", "SET k 100"], "100", nil),
            (["GETDEL k", "SET k 100 NX PX 60000"], "100", 60_000),
            (["DEL k", "MSETNX k 100"], "100", nil),
            (["DEL k", "INCRBY k 100"], "100", nil),
            (["SET k:src 100", "RENAME k:src k"], "100", nil),
            (["SET k:src 100 PX 60000", "RENAME k:src k"], "100", 60_000),
            (["SET k:src 100", "COPY k:src k REPLACE"], "100", nil),
            (["SET k:src 100 PX 60000", "COPY k:src k REPLACE"], "100", 60_000),
            (["SET k:src 100", "DUMP k:src", "RESTORE k 0 <dump> REPLACE"], "100", nil),
            (["SET k:src 100", "DUMP k:src", "RESTORE k 60000 <dump> REPLACE"], "100", 60_000),
            (["SET k:src 100", "BITOP OR k k:src"], "100", nil),
            (["BITOP AND k k:none"], nil, nil),
        ]

        /// Those that leave the value, or change a part of it.
        private static let others = [
            Case(
                name: "PERSIST", before: ["SET k old EX 100000"], through: ["PERSIST k"],
                value: "old"),
            Case(
                name: "EXPIRE", before: ["SET k old EX 100000"], through: ["EXPIRE k 60"],
                value: "old", ttlMs: 60_000),
            Case(
                name: "GETEX", before: ["SET k old EX 100000"], through: ["GETEX k PX 60000"],
                value: "old", ttlMs: 60_000),
            Case(
                name: "SET KEEPTTL", before: ["SET k old EX 60"], through: ["SET k 100 KEEPTTL"],
                value: "100", ttlMs: 60_000),
            Case(
                name: "APPEND", before: ["SET k old EX 60"], through: ["APPEND k er"],
                value: "older", ttlMs: 60_000),
            Case(
                name: "SETRANGE", before: ["SET k old"], through: ["SETRANGE k 0 b"],
                value: "bld"),
            Case(
                name: "INCR", before: ["SET k 7", "INCRBY k 5"], through: ["INCR k"], value: "13"),
        ]
    }
}

extension ClusterScenarios.OverwriteScenarios {
    /// Three nodes, of which the last is back, with its clock so far ahead, and knows nothing of
    /// what the first did while it was away: all hints for it are with the first, which stands
    /// still.
    private func makeOneBehind(
        aheadSeconds: Int = 0, _ work: (_ first: Server) throws -> Void
    ) throws -> Cluster {
        let cluster = try Cluster(nodes: 3, ["request-timeout-ms": "10000"])
        cluster[2].kill()
        let clock = try cluster[2].useClock(aheadSeconds: aheadSeconds)
        try work(cluster[0])
        #expect(try cluster[0].call("SET", "behind", "no") == .ok)
        // The other replica has it all: it is acknowledged by two.
        #expect(try cluster[1].call("DGET", "behind", "R", "1").siblings?.values == ["no"])
        cluster[0].pause()
        try cluster[2].start()
        try wait(for: "the two that run to reach each other") {
            try [1, 2].allSatisfy { index in
                let reply = try cluster[index].call("DGET", "absent", "TIMEOUT", "500")
                return reply.siblings != nil || reply.isError("CLOCK")
            }
        }
        #expect(try cluster[2].call("DGET", "behind", "R", "1").siblings?.values != ["no"])
        withExtendedLifetime(clock) {}
        return cluster
    }

    /// The first goes on, and gives what it has kept.
    private func heal(_ cluster: Cluster) throws {
        cluster[0].resume()
        try wait(for: "all hints to be handed over") {
            try cluster.nodes.allSatisfy { try $0.metric("martlet_hints") == 0 }
        }
    }

    private func carryOut(
        _ commands: [String], on key: String, at node: Server
    ) throws {
        var dump: [UInt8] = []
        for command in commands {
            let words = command.split(separator: " ").map { word -> [UInt8] in
                switch word {
                case "k": Array(key.utf8)
                case "<dump>": dump
                default: Array(word.hasPrefix("k:") ? (key + word.dropFirst()).utf8 : word.utf8)
                }
            }
            let reply = try node.call(words)
            #expect(!reply.isError, "\(command) at \(node.name): \(reply)")
            if command.hasPrefix("DUMP") { dump = reply.bytes ?? [] }
        }
    }

    private func expect(_ wanted: Case, _ key: String, at node: Server) throws {
        let value = try node.call("GET", key)
        #expect(value.text == wanted.value, "\(wanted.name), at \(node.name)")
        guard wanted.value != nil else { return }
        let left = try node.call("PTTL", key).integer ?? 0
        if let ttlMs = wanted.ttlMs {
            #expect((1...ttlMs).contains(left), "\(wanted.name), at \(node.name): \(left) ms left")
        } else {
            #expect(left == -1, "\(wanted.name), at \(node.name): \(left) ms left")
        }
    }

    @Test(arguments: [0, -50, 50])
    func `an overwrite through a node that is behind covers what it does not know`(
        aheadSeconds: Int
    ) throws {
        let keys = Self.cases.indices.map { "case:\($0)" }
        let cluster = try makeOneBehind(aheadSeconds: aheadSeconds) { first in
            for (one, key) in zip(Self.cases, keys) {
                try carryOut(one.before, on: key, at: first)
            }
        }
        let behind = cluster[2]
        for (one, key) in zip(Self.cases, keys) {
            try carryOut(one.through, on: key, at: behind)
            try expect(one, key, at: cluster[1])
        }
        #expect(try behind.metric("martlet_coverings_total") > 0)
        try heal(cluster)
        for (one, key) in zip(Self.cases, keys) {
            for node in cluster.nodes { try expect(one, key, at: node) }
        }
        // What is added later is added to what was set.
        for (one, key) in zip(Self.cases, keys) where one.value == "100" {
            #expect(try cluster[0].call("INCR", key) == .integer(101), "\(one.name)")
            #expect(try cluster[1].call("GET", key).text == "101", "\(one.name)")
        }
    }

    @Test func `a lock that was taken through a node that is behind ends in its time`() throws {
        let cluster = try makeOneBehind { first in
            try carryOut(["SET k old"], on: "lock", at: first)
            try carryOut(["SET k old EX 100000"], on: "t", at: first)
        }
        for key in ["lock", "t"] {
            #expect(try cluster[2].call("SET", key, "new", "PX", "1500") == .ok)
        }
        try heal(cluster)
        for node in cluster.nodes {
            for key in ["lock", "t"] {
                try wait(for: "\(key) to end at \(node.name)", within: .seconds(5)) {
                    try node.call("GET", key) == .null
                }
            }
        }
    }

    /// Each at another node than the one before it.
    @Test func `the last of several values is shown whatever the nodes' clocks say`() throws {
        var clocks: [FakeClock] = []
        let cluster = try Cluster(nodes: 0)
        for seconds in [0, 40, -40] {
            try cluster.add { clocks.append(try $0.useClock(aheadSeconds: seconds)) }
        }
        try cluster.waitUntilReady()
        for round in 0..<4 {
            // One of them is away for some of the time.
            if round > 0 { cluster[round - 1].kill() }
            let running = cluster.nodes.filter(\.isRunning)
            for number in 0..<40 {
                let key = "o:\(number)"
                let (one, other) = (
                    running[number % running.count], running[(number + 1) % running.count]
                )
                #expect(try one.call("SET", key, "first:\(round)") == .ok)
                #expect(try other.call("SET", key, "second:\(round)") == .ok)
                for node in running {
                    #expect(try node.call("GET", key).text == "second:\(round)")
                }
            }
            if round > 0 {
                try cluster[round - 1].start()
                // At once: what it has missed may still be on its way.
                for number in 0..<40 {
                    let key = "o:\(number)"
                    #expect(try cluster[round - 1].call("SET", key, "third:\(round)") == .ok)
                    for node in cluster.nodes {
                        #expect(try node.call("GET", key).text == "third:\(round)")
                    }
                }
                try cluster.waitUntilReady()
            }
        }
        withExtendedLifetime(clocks) {}
    }

    @Test func `a node two minutes behind writes nothing over others`() throws {
        let cluster = try makeOneBehind(aheadSeconds: -120) { first in
            try carryOut(["SET k first"], on: "o", at: first)
        }
        let reply = try cluster[2].call("SET", "o", "second")
        #expect(reply.text?.contains("clock") == true, "\(reply)")
        try heal(cluster)
        for node in cluster.nodes[..<2] {
            #expect(try node.call("GET", "o").text == "first")
        }
    }
}
