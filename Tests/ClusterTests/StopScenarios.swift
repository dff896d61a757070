import Histories
import Testing
import Wire

extension ClusterScenarios {
    @Suite struct StopScenarios {}
}

extension ClusterScenarios.StopScenarios {
    @Test func `SIGTERM ends a node in order, under load too`() throws {
        let cluster = try Cluster(nodes: 3)
        let load = Load(on: cluster.nodes, Load.Plan(seed: 700, pauseUs: 0, removes: true))
        try load.waitFor(more: 300)
        #expect(try cluster[1].stop() == .exited(0))
        #expect(cluster[1].log.contains("message=stopped"))
        try cluster[1].start()
        #expect(!cluster[1].log.contains("did not end in order"))
        for node in [cluster[0], cluster[2]] { #expect(try node.stop() == .exited(0)) }
        for node in [cluster[0], cluster[2]] {
            try node.start()
            #expect(!node.log.contains("did not end in order"))
        }
        #expect(try cluster.defects(of: load, .regular, after: .reads) == [])
    }

    @Test func `SHUTDOWN ends a node in order`() throws {
        let node = try Server.alone()
        #expect(try node.call("SET", "key", "1") == .ok)
        for words in [["SHUTDOWN"], ["SHUTDOWN", "NOSAVE"], ["SHUTDOWN", "SAVE", "NOW", "FORCE"]] {
            let client = try node.connect()
            try client.send(RedisConnection.encode(words.map { Array($0.utf8) }))
            #expect(try client.receiveToEnd() == [])
            #expect(try node.process?.wait() == .exited(0))
            try node.restart()
            #expect(!node.log.contains("did not end in order"))
            #expect(try node.connect().call("GET", "key") == .bulk("1"))
        }
        let client = try node.connect()
        #expect(try client.call("SHUTDOWN", "SOON") == .error("ERR syntax error"))
        #expect(try client.call("SHUTDOWN", "ABORT") == .error("ERR No shutdown in progress."))
    }

    @Test func `clients that are connected do not hold up a stop`() throws {
        let node = try Server.alone()
        let clients = try (0..<20).map { _ in try node.connect() }
        for client in clients { #expect(try client.call("PING") == .simple("PONG")) }
        let duration = try measure { try node.stop() }
        #expect(duration < .seconds(5))
        for client in clients { #expect(try client.receiveToEnd() == []) }
    }
}
