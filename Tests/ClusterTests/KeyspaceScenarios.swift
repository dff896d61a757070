import Essentials
import Foundation
import Testing
import Wire

extension ClusterScenarios {
    /// Policies of keys by their prefixes, as admins set them.
    @Suite struct KeyspaceScenarios {}
}

extension ClusterScenarios.KeyspaceScenarios {
    /// Far above what a request takes on a machine that does other things too, far below every
    /// time-out.
    private static let promptly = Duration.milliseconds(500)

    /// Three members that all vote: each needs a moment after it has joined.
    private func threeVoters() throws -> Cluster {
        let cluster = try Cluster(nodes: 3)
        try wait(for: "three voters") {
            try cluster.nodes.allSatisfy { try $0.metric("martlet_consensus_voters") == 3 }
        }
        return cluster
    }

    private func prefixes(_ node: Server) throws -> [String] {
        let list = try node.martletctl("--json", "keyspace", "list")
        guard list.isSuccess else { throw Failure(list.errors) }
        let keyspaces = try JSON(parsing: Array(list.output.utf8))["keyspaces"]?.elements ?? []
        return keyspaces.compactMap { $0["prefix"]?.string }
    }

    private func waitFor(_ wanted: [String], at nodes: [Server]) throws {
        for node in nodes {
            try wait(for: "\(node.name) to follow") { try prefixes(node) == wanted }
        }
    }

    @Test func `with two of three nodes dead a keyspace of r = w = 1 goes on, and no other key`()
        throws
    {
        let cluster = try threeVoters()
        try wait(for: "a keyspace") {
            let set = try cluster[1].martletctl("keyspace", "set", "cache:", "r=1", "w=1")
            // On a busy machine there may be no leader for longer than a change waits for one.
            guard set.isSuccess else { return false }
            #expect(
                set.output == "Keyspace 'cache:': r = 1, w = 1; the rest as each node is set\n")
            return true
        }
        try waitFor(["cache:"], at: cluster.nodes)
        #expect(try cluster[0].call("MSET", "cache:0", "1", "key", "1") == .ok)
        for node in cluster.nodes[1...] { node.kill() }
        for words in [["SET", "key", "2"], ["GET", "key"], ["MSET", "cache:0", "2", "key", "2"]] {
            try wait(for: "\(words[0]) to be refused at once") {
                var reply = Reply.null
                let duration = try measure {
                    reply = try cluster[0].call(words.map { Array($0.utf8) })
                }
                guard reply.isError("NOQUORUM") else { throw Failure("\(words) got \(reply)") }
                return duration < Self.promptly
            }
        }
        let duration = try measure { () throws in
            for index in 0..<20 {
                #expect(try cluster[0].call("SET", "cache:\(index)", "alone") == .ok)
            }
            let values = try cluster[0].call("MGET", "cache:0", "cache:19", "cache:20")
            #expect(values == .array([.bulk("alone"), .bulk("alone"), .null]))
        }
        #expect(duration < Self.promptly)
        for node in cluster.nodes[1...] { try node.start() }
        try cluster.waitUntilReady()
        for node in cluster.nodes {
            #expect(try prefixes(node) == ["cache:"])
            #expect(
                try node.call("DGET", "cache:7", "R", "ALL").siblings?.values == ["alone"])
        }
    }

    @Test func `a minority refuses, and what was made survives the end of all nodes`() throws {
        let cluster = try threeVoters()
        try wait(for: "a keyspace") {
            try cluster[0].martletctl("keyspace", "set", "a:", "w=ALL").isSuccess
        }
        try waitFor(["a:"], at: cluster.nodes)
        for node in cluster.nodes[..<2] { node.kill() }
        let refusal = try cluster[2].martletctl("keyspace", "set", "b:", "r=1")
        #expect(refusal.ending == .exited(1))
        let reason = "no majority of the voters can be reached: 1 of 3; the topology cannot change"
        #expect(refusal.errors.contains(reason))
        #expect(try prefixes(cluster[2]) == ["a:"])
        cluster[2].kill()
        for node in cluster.nodes { try node.start() }
        try cluster.waitUntilReady()
        for node in cluster.nodes { #expect(try prefixes(node) == ["a:"]) }
        let explained = try cluster[1].martletctl("explain", "a:1").output
        #expect(explained.contains("\nKeyspace 'a:': r = 2, w = 3, pr = 0, pw = 0, dw = 0\n"))
        // There may be no leader yet.
        try wait(for: "it to be unset") {
            try cluster[1].martletctl("keyspace", "unset", "a:").isSuccess
        }
        try waitFor([], at: cluster.nodes)
    }

    @Test func `what admins set at all nodes at once is all made, one after the other`() throws {
        let cluster = try threeVoters()
        let before = try cluster[0].metric("martlet_topology_epoch")
        let admins = try cluster.nodes.map { node in
            try node.launchMartletctl("keyspace", "set", "of \(node.name):", "r=1")
        }
        for (node, admin) in zip(cluster.nodes, admins) where try admin.wait() != .exited(0) {
            // As above. What is made already changes nothing when it is asked for again.
            try wait(for: "the keyspace of \(node.name)") {
                try node.martletctl("keyspace", "set", "of \(node.name):", "r=1").isSuccess
            }
        }
        try waitFor(cluster.nodes.map { "of \($0.name):" }, at: cluster.nodes)
        for node in cluster.nodes {
            #expect(try node.metric("martlet_topology_epoch") == before + 3)
        }
    }
}
