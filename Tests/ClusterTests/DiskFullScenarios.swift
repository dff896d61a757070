import Foundation
import Histories
import Testing
import Wire

extension ClusterScenarios {
    @Suite(.enabled(if: SmallDisk.isPossible, "mounting a small disk needs root"))
    struct DiskFullScenarios {}
}

extension ClusterScenarios.DiskFullScenarios {
    private static let mebibytes = 256
    private static let value = [UInt8](repeating: 7, count: 1 << 20)

    /// Writes values of a MiB until the node refuses one; the keys that it took.
    private func write(_ prefix: String, to node: Server, limit: Int) throws -> [String] {
        var random = SystemRandomNumberGenerator()
        var keys: [String] = []
        while keys.count < limit {
            let key = "\(prefix):\(keys.count)"
            // Not to be compressed.
            var value = Self.value
            for index in stride(from: 0, to: value.count, by: 8) {
                let word = random.next()
                for byte in 0..<8 {
                    value[index + byte] = UInt8(truncatingIfNeeded: word >> (8 * byte))
                }
            }
            let reply = try node.call([Array("SET".utf8), Array(key.utf8), value])
            if reply.isError("DISKFULL") { return keys }
            guard reply == .ok else { throw Failure("SET answers \(reply)") }
            keys.append(key)
        }
        return keys
    }

    @Test func `on a full disk reads and deletes go on, and writes once there is space`() throws {
        let cluster = try Cluster(nodes: 0)
        var disk: SmallDisk?
        let node = try cluster.add(["request-timeout-ms": "1000"]) {
            disk = try SmallDisk(of: $0, mebibytes: Self.mebibytes)
        }
        #expect(try node.call("SET", "small", "1") == .ok)
        try disk?.fill(mebibytes: 60)
        let keys = try write("first", to: node, limit: Self.mebibytes)
        #expect((10..<Self.mebibytes).contains(keys.count))
        #expect(try node.call("SET", "other", "1").isError("DISKFULL"))
        #expect(try node.call("GET", "small") == .bulk("1"))
        #expect(try node.call("STRLEN", keys[0]) == .integer(1 << 20))
        #expect(try node.call("DEL", keys[0]) == .integer(1))
        #expect(try node.call("GET", keys[0]) == .null)

        // Somebody else takes the rest.
        try disk?.fill()
        try wait(for: "the node to notice") {
            try node.get("/metrics").body.contains("martlet_disk_state 2")
        }
        #expect(try node.call("SET", "other", "1").isError("DISKFULL"))
        #expect(try node.call("GET", "small") == .bulk("1"))
        // Now not even a delete can be stored: the client hears of it in time, and the others go
        // on.
        #expect(try node.call("DEL", keys[1]).isError("DISKFULL"))
        #expect(try node.call("GET", keys[1]).isError("DISKFULL"))
        #expect(try node.call("GET", "small") == .bulk("1"))
        #expect(node.isRunning)
        try disk?.empty()
        try wait(for: "writes to go on") { try node.call("SET", "other", "2") == .ok }
        #expect(try write("second", to: node, limit: 5).count == 5)
        #expect(try node.call("GET", keys[1]) == .null)
        #expect(try node.call("GET", "small") == .bulk("1"))
        #expect(try node.stop() == .exited(0))
    }

    @Test func `deletes alone bring a node back`() throws {
        let cluster = try Cluster(nodes: 0)
        let node = try cluster.add { _ = try SmallDisk(of: $0, mebibytes: Self.mebibytes) }
        let keys = try write("first", to: node, limit: Self.mebibytes)
        #expect((10..<Self.mebibytes).contains(keys.count))
        for key in keys.prefix(keys.count / 2) {
            #expect(try node.call("DEL", key) == .integer(1))
        }
        try wait(for: "the space of what was deleted", within: .seconds(30)) {
            try node.call("SET", "other", "1") == .ok
        }
        #expect(try node.get("/metrics").body.contains("martlet_disk_state 0"))
        // Partition after partition: the first space may be used up before the last has come.
        var again = 0
        try wait(for: "room for half of that", within: .seconds(30)) {
            let missing = keys.count / 4 - again
            again += try write("second \(again)", to: node, limit: missing).count
            return again == keys.count / 4
        }
        for key in keys.suffix(keys.count / 2) {
            #expect(try node.call("STRLEN", key) == .integer(1 << 20))
        }
        #expect(try node.stop() == .exited(0))
    }

    @Test func `one node with a full disk does not stop the others`() throws {
        let cluster = try Cluster(nodes: 2)
        var disk: SmallDisk?
        let full = try cluster.add(["request-timeout-ms": "300"]) {
            disk = try SmallDisk(of: $0, mebibytes: Self.mebibytes)
        }
        try cluster.waitUntilReady()
        for index in 0..<20 { #expect(try cluster[0].call("SET", "key:\(index)", "1") == .ok) }
        try disk?.fill()
        try wait(for: "the full node to notice") {
            try full.call("SET", "noticed", "1").isError
        }
        for index in 0..<20 {
            #expect(try cluster[index % 2].call("SET", "key:\(index)", "2") == .ok)
            #expect(try cluster[(index + 1) % 2].call("GET", "key:\(index)") == .bulk("2"))
            // It cannot store what it has missed, so it does not show it; but it answers.
            let reply = try full.call("GET", "key:\(index)")
            #expect(reply == .bulk("2") || reply.isError("DISKFULL"))
        }
        #expect(full.isRunning)
        try disk?.empty()
        try wait(for: "the node to take writes again", within: .seconds(60)) {
            try full.call("SET", "healed", "1") == .ok
        }
        #expect(try cluster[1].call("GET", "healed") == .bulk("1"))
        for index in 0..<20 { #expect(try full.call("GET", "key:\(index)") == .bulk("2")) }
    }

    /// With five nodes fallbacks take what the full one refuses, with three the coordinators.
    @Test(arguments: [3, 5])
    func `under load a full disk costs nobody a write, and the node is whole again`(
        nodes: Int
    ) throws {
        let cluster = try Cluster(nodes: nodes - 1, ["request-timeout-ms": "3000"])
        var disk: SmallDisk?
        let full = try cluster.add {
            disk = try SmallDisk(of: $0, mebibytes: Self.mebibytes)
        }
        try cluster.waitUntilReady()
        // Its clients would only hear that it is full.
        let load = Load(on: Array(cluster.nodes.dropLast()), Load.Plan(seed: UInt64(nodes)))
        try load.waitFor(more: 300)
        try disk?.fill()
        try wait(for: "the full node to notice") {
            try full.call("SET", "noticed", "1").isError("DISKFULL")
        }
        try load.waitFor(more: 1000)
        #expect(try full.call("SET", "noticed", "1").isError("DISKFULL"))
        #expect(full.isRunning)
        try disk?.empty()
        try wait(for: "the node to take writes again", within: .seconds(60)) {
            try full.call("SET", "healed", "1") == .ok
        }
        try load.waitFor(more: 300)
        let record = load.stop()
        #expect(record.troubles.map(\.description) == [])
        #expect(try cluster.defects(in: record, load.plan, .eventual, after: .hints) == [])
    }
}
