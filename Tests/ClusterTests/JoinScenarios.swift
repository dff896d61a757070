import Foundation
import Testing
import Wire

extension ClusterScenarios {
    @Suite struct JoinScenarios {}
}

extension ClusterScenarios.JoinScenarios {
    @Test func `while the cluster is empty nodes join, and all see the new placement`() throws {
        let cluster = try Cluster(nodes: 1)
        var held: [[String?]] = []
        for count in 2...4 {
            try cluster.add()
            try cluster.waitUntilReady()
            for node in cluster.nodes {
                #expect(try node.info("members") == "\(count)")
                #expect(try node.info("members_connected") == "\(count - 1)")
            }
            held.append(try cluster.nodes.map { try $0.info("partitions_held") })
        }
        // 64 partitions of three replicas: two or three nodes hold all, four hold a share.
        #expect(held == [["64", "64"], ["64", "64", "64"], ["48", "48", "48", "48"]])
        #expect(try cluster[3].call("SET", "key", "1") == .ok)
        for node in cluster.nodes { #expect(try node.call("GET", "key") == .bulk("1")) }
    }

    @Test func `nodes that start together find each other`() throws {
        let nodes = try (1...3).map { try Server("node \($0)") }
        for node in nodes[1...] { node.seeds = [nodes[0].peerAddress] }
        // The seed comes last: whoever asks before keeps asking.
        for node in nodes.reversed() { try node.launch() }
        for node in nodes { try node.waitUntilServing() }
        try wait(for: "three members everywhere") {
            try nodes.allSatisfy { try $0.info("members_connected") == "2" }
        }
        #expect(try nodes[2].call("SET", "key", "1") == .ok)
        #expect(try nodes[0].call("GET", "key") == .bulk("1"))
    }

    @Test func `a cluster that holds data takes nobody in, and says so`() throws {
        let cluster = try Cluster(nodes: 3)
        #expect(try cluster[0].call("SET", "key", "1") == .ok)
        let late = try Server("late")
        late.seeds = [cluster[1].peerAddress]
        try late.launch()
        #expect(try late.process?.wait() == .exited(1))
        let lines = late.log.split(separator: "\n").filter { $0.hasPrefix("martlet: ") }
        #expect(lines.count == 1)
        #expect(lines.first?.contains("cannot join the cluster") == true)
        #expect(lines.first?.contains("data") == true)
        // Nobody was disturbed.
        for node in cluster.nodes {
            #expect(try node.info("members") == "3")
            #expect(try node.call("GET", "key") == .bulk("1"))
            #expect(try node.call("SET", "key", "1") == .ok)
        }
    }

    @Test func `a member that starts with join again stays what it is`() throws {
        let cluster = try Cluster(nodes: 3)
        let before = try cluster[2].info("node_id")
        #expect(try cluster[0].call("SET", "key", "1") == .ok)
        try cluster[2].restart()
        try cluster.waitUntilReady()
        #expect(try cluster[2].info("node_id") == before)
        #expect(try cluster[0].info("members") == "3")
        #expect(try cluster[2].call("GET", "key") == .bulk("1"))
    }

    @Test func `a node that comes back at other addresses is found again`() throws {
        let cluster = try Cluster(nodes: 3)
        #expect(try cluster[0].call("SET", "key", "1") == .ok)
        try cluster[2].stop()
        cluster[2].move()
        try cluster[2].start()
        try cluster.waitUntilReady()
        for node in cluster.nodes {
            let nodes = try node.call("CLUSTER", "NODES").text ?? ""
            #expect(nodes.contains("127.0.0.1:\(cluster[2].port)"))
        }
        cluster[0].kill()
        #expect(try cluster[2].call("GET", "key") == .bulk("1"))
        #expect(try cluster[1].call("SET", "key", "2") == .ok)
    }

    @Test func `a node that moves before it was told who decides is found again`() throws {
        let cluster = try Cluster(nodes: 2)
        // Stopped at once, it knows the founder as the only voter, and has nothing to ask it.
        let late = try cluster.add()
        try late.stop()
        late.move()
        try late.start()
        try cluster.waitUntilReady()
        for node in cluster.nodes {
            let nodes = try node.call("CLUSTER", "NODES").text ?? ""
            #expect(nodes.contains("127.0.0.1:\(late.port)"))
        }
    }

    @Test func `members that have all moved find each other where join says`() throws {
        let cluster = try Cluster(nodes: 3)
        #expect(try cluster[0].call("SET", "key", "1") == .ok)
        for node in cluster.nodes { try node.stop() }
        for node in cluster.nodes { node.move() }
        // The first is told of nobody, as a founder is.
        for node in cluster.nodes[1...] { node.seeds = [cluster[0].peerAddress] }
        for node in cluster.nodes { try node.start() }
        try cluster.waitUntilReady()
        #expect(try cluster[2].call("GET", "key") == .bulk("1"))
        for node in cluster.nodes {
            let nodes = try node.call("CLUSTER", "NODES").text ?? ""
            for other in cluster.nodes { #expect(nodes.contains("127.0.0.1:\(other.port)")) }
        }
    }

    @Test func `who does not know the cluster's secret does not get in`() throws {
        let cluster = try Cluster(nodes: 2, ["cluster-secret": "right"])
        for secret in ["wrong", ""] {
            let stranger = try Server("stranger", settings: ["cluster-secret": secret])
            stranger.seeds = [cluster[0].peerAddress]
            try stranger.launch()
            #expect(try stranger.process?.wait() == .exited(1))
            #expect(stranger.log.contains("cluster-secret"))
        }
        #expect(try cluster[0].info("members") == "2")
        // A member whose secret was changed behind its back stays outside.
        try cluster[1].stop()
        cluster[1].settings["cluster-secret"] = "wrong"
        cluster[1].settings["request-timeout-ms"] = "500"
        try cluster[1].start()
        // At first it waits for what the others serve by, and says so.
        try wait(for: "a refusal for want of replicas") {
            try cluster[1].call("SET", "key", "1").isError("NOQUORUM")
        }
        try wait(for: "a word about the secret") { cluster[1].log.contains("secret") }
    }
}
