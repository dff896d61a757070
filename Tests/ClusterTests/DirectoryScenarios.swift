import Foundation
import Testing
import Wire

extension ClusterScenarios {
    /// Data directories that are put back, copied, lost, or have a hole.
    @Suite struct DirectoryScenarios {}
}

extension Server {
    /// Copies the data directory, with its times, as backups do.
    fileprivate func backUp() throws -> String {
        let copy = folder.path("backup")
        try Self.copy(dataDirectory, to: copy)
        return copy
    }

    fileprivate func restore(_ copy: String) throws {
        try FileManager.default.removeItem(atPath: dataDirectory)
        try Self.copy(copy, to: dataDirectory)
    }

    fileprivate static func copy(_ source: String, to target: String) throws {
        let run = try Run("/bin/cp", ["-a", source, target])
        if !run.isSuccess { throw Failure("cp: \(run.errors)") }
    }

    fileprivate var isReady: Bool { (try? get("/ready").status) == 200 }
}

extension ClusterScenarios.DirectoryScenarios {
    private func threeVoters() throws -> Cluster {
        let cluster = try Cluster(nodes: 3, ["flush": "yes"])
        try wait(for: "three voters") {
            try cluster.nodes.allSatisfy { try $0.metric("martlet_consensus_voters") == 3 }
        }
        return cluster
    }

    private func setKeyspace(_ prefix: String, at node: Server) throws -> Bool {
        let run = try Run(
            Server.program + "ctl",
            ["--admin", node.place.admin.text, "keyspace", "set", prefix, "r=1"])
        return run.isSuccess
    }

    private func keyspaces(at node: Server) throws -> String {
        try Run(Server.program + "ctl", ["--admin", node.place.admin.text, "keyspace", "list"])
            .output
    }

    @Test func `a directory that was put back uses no dot twice`() throws {
        let cluster = try Cluster(nodes: 3)
        let node = cluster[1]
        let keys = (0..<20).map { "key:\($0)" }
        for key in keys { #expect(try node.call("SET", key, "before") == .ok) }
        try node.stop()
        let copy = try node.backUp()
        for (value, inOrder) in [("once", true), ("twice", false), ("thrice", true)] {
            try node.start()
            try cluster.waitUntilReady()
            for key in keys { #expect(try node.call("SET", key, value) == .ok) }
            for other in cluster.nodes {
                for key in keys { #expect(try other.call("GET", key) == .bulk(value)) }
            }
            if inOrder { try node.stop() } else { node.kill() }
            try node.restore(copy)
        }
    }

    @Test func `what was agreed on is kept though a voter was put back`() throws {
        let cluster = try threeVoters()
        let (leader, restored, behind) = (cluster[0], cluster[1], cluster[2])
        behind.kill()
        try restored.stop()
        let copy = try restored.backUp()
        try restored.start()
        try wait(for: "a change that two agree on") { try setKeyspace("kept:", at: leader) }
        try restored.stop()
        leader.kill()
        try restored.restore(copy)
        try restored.start()
        try behind.start()
        for node in [restored, behind] {
            try wait(for: "two of three") { try node.call("SET", "probe", "1") == .ok }
        }
        // The two that lack it decide nothing.
        #expect(try !setKeyspace("other:", at: restored))
        try leader.start()
        try cluster.waitUntilReady()
        try wait(for: "a change that all agree on") { try setKeyspace("more:", at: restored) }
        for node in cluster.nodes {
            try wait(for: "both at \(node.name)") {
                let all = try keyspaces(at: node)
                return all.contains("kept:") && all.contains("more:")
            }
        }
    }

    @Test func `one that is put in place of another run's is found out, wherever it comes from`()
        throws
    {
        let cluster = try threeVoters()
        let node = cluster[1]
        try node.stop()
        // Moved away and back, with a run of a copy meanwhile: the files are the same ones.
        let aside = node.folder.path("aside")
        try FileManager.default.moveItem(atPath: node.dataDirectory, toPath: aside)
        try Server.copy(aside, to: node.dataDirectory)
        try node.restart()
        #expect(node.log.contains("is not where the last run left it"))
        try node.stop()
        try FileManager.default.removeItem(atPath: node.dataDirectory)
        try FileManager.default.moveItem(atPath: aside, toPath: node.dataDirectory)
        try node.restart()
        #expect(node.log.contains("is not where the last run left it"))
        try wait(for: "the others to tell") { try node.metric("martlet_consensus_sure") == 1 }
        // And one that stays where it is, is not.
        for inOrder in [true, false] {
            if inOrder { try node.stop() } else { node.kill() }
            try node.start()
            #expect(!node.log.contains("is not where the last run left it"))
        }
        // Copied into in place.
        try node.stop()
        let copy = try node.backUp()
        #expect(try Run("/bin/cp", ["-r", copy + "/.", node.dataDirectory]).isSuccess)
        try node.start()
        #expect(node.log.contains("is not where the last run left it"))
    }

    @Test func `nodes whose directories were all copied decide again`() throws {
        let cluster = try threeVoters()
        for node in cluster.nodes { try node.stop() }
        for node in cluster.nodes { try node.restore(try node.backUp()) }
        for node in cluster.nodes { try node.start() }
        try cluster.waitUntilReady()
        try wait(for: "a leader") { try cluster[1].call("FLUSHALL") == .ok }
    }

    @Test func `a node that comes back while another is away decides with the third`() throws {
        let cluster = try threeVoters()
        cluster[0].kill()
        for inOrder in [true, false] {
            if inOrder { try cluster[1].stop() } else { cluster[1].kill() }
            try cluster[1].start()
            try wait(for: "a decision of two") {
                try setKeyspace("of-two:\(inOrder)", at: cluster[2])
            }
        }
    }

    @Test func `a copy beside its original ends, and says why`() throws {
        let cluster = try threeVoters()
        let original = cluster[1]
        #expect(try original.call("SET", "key", "1") == .ok)
        let copy = try Server("copy", settings: ["flush": "yes"])
        try Server.copy(original.dataDirectory, to: copy.dataDirectory)
        try copy.launch()
        #expect(try copy.process?.wait() == .exited(1))
        let last = copy.log.split(separator: "\n").last.map(String.init) ?? ""
        #expect(last.contains("this node runs already, at \(original.peerAddress)"), "\(last)")
        #expect(last.contains("copy"))
        #expect(try original.call("GET", "key") == .bulk("1"))
        #expect(try original.call("SET", "key", "2") == .ok)
        // The original stays the one: nothing of it was taken over.
        try wait(for: "all three") { try cluster[0].call("FLUSHALL") == .ok }
    }

    @Test func `a founder that has lost its directory founds no second cluster`() throws {
        let cluster = try Cluster(nodes: 3, ["found": "no"])
        let founder = cluster[0]
        #expect(try founder.call("SET", "key", "1") == .ok)
        founder.kill()
        try FileManager.default.removeItem(atPath: founder.dataDirectory)
        for _ in 0..<2 {
            try founder.start()
            #expect(try founder.call("SET", "key", "2").text?.hasPrefix("CLUSTERDOWN") == true)
            let ready = try founder.get("/ready")
            #expect(ready.status == 503)
            #expect(ready.body.contains("know this address as one of theirs"))
            try founder.stop()
        }
        #expect(try cluster[1].call("GET", "key") == .bulk("1"))
        // A directory that is there, and empty, founds nothing either.
        try FileManager.default.removeItem(atPath: founder.dataDirectory)
        try FileManager.default.createDirectory(
            atPath: founder.dataDirectory, withIntermediateDirectories: true)
        try founder.launch()
        #expect(try founder.process?.wait() == .exited(1))
        #expect(founder.log.contains("holds nothing of a cluster"))
        #expect(founder.log.contains("'found yes'"))
        // Who asks for it gets it.
        founder.settings["found"] = "yes"
        try founder.start()
        #expect(founder.isReady)
        #expect(try founder.call("SET", "key", "3") == .ok)
    }

    @Test func `one that was alone for a while stops when the members are back`() throws {
        let cluster = try Cluster(nodes: 3, ["found": "no"])
        let founder = cluster[0]
        for node in cluster.nodes { node.kill() }
        try FileManager.default.removeItem(atPath: founder.dataDirectory)
        try founder.start()
        #expect(try founder.call("SET", "key", "1") == .ok)
        try cluster[1].start()
        try wait(for: "the founding to be given up") {
            try founder.call("SET", "key", "2").text?.hasPrefix("CLUSTERDOWN") == true
        }
        #expect(!founder.isReady)
    }

    @Test func `an empty directory is fine for one that joins`() throws {
        let founder = try Server.alone()
        let joiner = try Server("joiner")
        joiner.seeds = [founder.peerAddress]
        try FileManager.default.createDirectory(
            atPath: joiner.dataDirectory, withIntermediateDirectories: true)
        try joiner.start()
        #expect(try joiner.info("members") == "2")
    }

    @Test(arguments: [true, false])
    func `a log that lacks a part in its middle is refused`(isCutShort: Bool) throws {
        let node = try Server.alone(["wal-sync": "always", "memory": "64mb"])
        let value = String(repeating: "v", count: 20_000)
        func logs() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: node.dataDirectory)
                .filter { $0.hasSuffix(".log") }.sorted()
        }
        var index = 0
        while try logs().count < 3 {
            #expect(try node.call("SET", "key:\(index)", value) == .ok)
            index += 1
        }
        for more in 0..<5 { #expect(try node.call("SET", "more:\(more)", value) == .ok) }
        node.kill()
        let files = try logs()
        let middle = node.dataDirectory + "/" + files[files.count - 2]
        if isCutShort {
            let data = try Data(contentsOf: URL(filePath: middle))
            try data.prefix(data.count / 2).write(to: URL(filePath: middle))
        } else {
            try FileManager.default.removeItem(atPath: middle)
        }
        try node.launch()
        #expect(try node.process?.wait() == .exited(1))
        #expect(node.log.contains("the log"))
        #expect(node.log.contains("rebuild the node from its replicas"))
    }
}
