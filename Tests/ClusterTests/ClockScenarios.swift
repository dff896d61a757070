import Foundation
import Testing
import Wire

extension ClusterScenarios {
    /// Nodes whose wall clocks are wrong.
    @Suite struct ClockScenarios {
        private var keys: [String] { (0..<40).map { "key:\($0)" } }

        /// A cluster in which one node's clock is off, the first or the last that starts.
        private func makeCluster(
            nodes: Int, wrong: Int, aheadSeconds: Int, _ settings: [String: String] = [:]
        ) throws -> (cluster: Cluster, clock: FakeClock) {
            let cluster = try Cluster(nodes: 0, settings.merging(["flush": "yes"]) { $1 })
            var clock: FakeClock?
            for index in 0..<nodes {
                try cluster.add { server in
                    if index == wrong { clock = try server.useClock(aheadSeconds: aheadSeconds) }
                }
            }
            guard let clock else { throw Failure("no node \(wrong)") }
            return (cluster, clock)
        }

        private func waitUntilReady(_ cluster: Cluster, but wrong: Int) throws {
            for (index, node) in cluster.nodes.enumerated() where index != wrong {
                try wait(for: "\(node.name) to be ready") {
                    try node.get("/ready").status == 200
                }
            }
            try wait(for: "node \(wrong) to notice") {
                try cluster[wrong].get("/ready").status == 503
            }
        }

        @Test(arguments: [(nodes: 3, wrong: 0), (3, 2), (5, 0), (5, 4)])
        func `a node an hour ahead does not coordinate, and leaves nothing behind`(
            nodes: Int, wrong: Int
        ) throws {
            let (cluster, clock) = try makeCluster(
                nodes: nodes, wrong: wrong, aheadSeconds: 3600)
            try waitUntilReady(cluster, but: wrong)
            let node = cluster[wrong]
            let other = cluster[1]
            #expect(try node.get("/ready").body.contains("clock"))
            #expect(node.log.contains("this node's clock is wrong"))
            var refused = 0
            for key in keys {
                let reply = try node.call("SET", key, "wrong")
                if reply != .ok {
                    #expect(reply.text?.contains("clock") == true)
                    refused += 1
                    #expect(try other.call("GET", key) == .null)
                }
                #expect(try other.call("SET", key, "right") == .ok)
            }
            #expect(refused > 0)
            #expect(try node.call("FLUSHALL").text?.contains("clock") == true)
            for key in keys { #expect(try other.call("GET", key) == .bulk("right")) }
            try clock.set(aheadSeconds: 0)
            try cluster.waitUntilReady()
            #expect(node.log.contains("near the members' again"))
            for key in keys {
                #expect(try node.call("GET", key) == .bulk("right"))
                #expect(try node.call("SET", key, "again") == .ok)
                #expect(try other.call("GET", key) == .bulk("again"))
            }
        }

        @Test(arguments: [(nodes: 3, first: -30, last: 50), (5, 50, -30)])
        func `deadlines are right whoever's clock is off within the bound`(
            nodes: Int, first: Int, last: Int
        ) throws {
            var clocks: [FakeClock] = []
            let cluster = try Cluster(nodes: 0)
            for index in 0..<nodes {
                try cluster.add { server in
                    if index == 0 { clocks.append(try server.useClock(aheadSeconds: first)) }
                    if index == nodes - 1 {
                        clocks.append(try server.useClock(aheadSeconds: last))
                    }
                }
            }
            try cluster.waitUntilReady()
            let (one, other) = (cluster[0], cluster[nodes - 1])
            #expect(try one.call("SET", "t", "x", "EX", "20") == .ok)
            #expect(try other.call("SET", "lock", "mine", "EX", "40") == .ok)
            for node in cluster.nodes {
                #expect(try node.call("GET", "t") == .bulk("x"))
                #expect(try node.call("SET", "t", "stolen", "NX") == .null)
                #expect(try node.call("SET", "lock", "yours", "NX") == .null)
                guard case .integer(let ms) = try node.call("PTTL", "t") else {
                    throw Failure("PTTL is no number")
                }
                #expect((10_000...21_000).contains(ms))
            }
            // Short ones end, everywhere, and not before.
            for node in cluster.nodes {
                #expect(try node.call("SET", "short", "x", "PX", "3000") == .ok)
                let setAt = ContinuousClock.now
                for reader in cluster.nodes where setAt.duration(to: .now) < .seconds(2) {
                    #expect(try reader.call("GET", "short") == .bulk("x"))
                }
                try wait(for: "the key to expire") { try node.call("GET", "short") == .null }
                #expect(setAt.duration(to: .now) > .seconds(2))
                // The nodes' clocks need not agree to the last millisecond.
                for reader in cluster.nodes {
                    try wait(for: "the key to expire at \(reader.name)") {
                        try reader.call("GET", "short") == .null
                    }
                }
                #expect(setAt.duration(to: .now) < .seconds(5))
            }
        }

        @Test func `a flush through any node drops what every other has written`() throws {
            let (cluster, _) = try makeCluster(nodes: 3, wrong: 0, aheadSeconds: 5)
            try cluster.waitUntilReady()
            let keys = (0..<20).map { "key:\($0)" }
            #expect(try cluster[0].call("FLUSHALL") == .ok)
            for key in keys { #expect(try cluster[0].call("SET", key, "old") == .ok) }
            #expect(try cluster[1].call("FLUSHALL") == .ok)
            for node in cluster.nodes {
                for key in keys { #expect(try node.call("GET", key) == .null) }
            }
            for key in keys { #expect(try cluster[2].call("SET", key, "new") == .ok) }
            for node in cluster.nodes {
                for key in keys { #expect(try node.call("GET", key) == .bulk("new")) }
            }
        }

        /// What an earlier release has let in, made by nodes all of whose clocks were wrong.
        @Test(arguments: [3600, 400 * 86_400])
        func `data and flushes from a wrong time do not stand in the way of right ones`(
            aheadSeconds: Int
        ) throws {
            let cluster = try Cluster(nodes: 0, ["flush": "yes"])
            var clocks: [FakeClock] = []
            for _ in 0..<3 {
                try cluster.add { clocks.append(try $0.useClock(aheadSeconds: aheadSeconds)) }
            }
            try cluster.waitUntilReady()
            for key in keys { #expect(try cluster[0].call("SET", key, "before") == .ok) }
            #expect(try cluster[0].call("FLUSHALL") == .ok)
            for key in keys { #expect(try cluster[0].call("SET", key, "wrong") == .ok) }
            for node in cluster.nodes { try node.stop() }
            for clock in clocks { try clock.set(aheadSeconds: 0) }
            for node in cluster.nodes { try node.launch() }
            for node in cluster.nodes { try node.waitUntilServing() }
            try cluster.waitUntilReady()
            for (index, key) in keys.enumerated() {
                #expect(try cluster[index % 3].call("GET", key) == .bulk("wrong"))
                #expect(try cluster[(index + 1) % 3].call("SET", key, "right") == .ok)
                #expect(try cluster[(index + 2) % 3].call("GET", key) == .bulk("right"))
            }
            #expect(try cluster[1].call("FLUSHALL") == .ok)
            for node in cluster.nodes {
                for key in keys { #expect(try node.call("GET", key) == .null) }
            }
            #expect(try cluster[2].call("SET", "last", "1") == .ok)
            #expect(try cluster[0].call("GET", "last") == .bulk("1"))
        }

        /// One of three nodes has kept a value under a stamp that the others refuse.
        @Test func `a value that only one node has, from a wrong time, can be read and replaced`()
            throws
        {
            let cluster = try Cluster(nodes: 0, ["request-timeout-ms": "1000"])
            var clocks: [FakeClock] = []
            for _ in 0..<3 {
                try cluster.add { clocks.append(try $0.useClock(aheadSeconds: 3600)) }
            }
            try cluster.waitUntilReady()
            for index in 1...2 { cluster[index].kill() }
            for key in keys { _ = try cluster[0].call("DPUT", key, "", "alone", "W", "1") }
            try cluster[0].stop()
            for clock in clocks { try clock.set(aheadSeconds: 0) }
            for node in cluster.nodes { try node.launch() }
            for node in cluster.nodes { try node.waitUntilServing() }
            try cluster.waitUntilReady()
            for (index, key) in keys.enumerated() {
                #expect(try cluster[0].call("GET", key) == .bulk("alone"))
                #expect(try cluster[index % 3].call("SET", key, "right") == .ok)
                #expect(try cluster[0].call("GET", key) == .bulk("right"))
            }
        }

        @Test func `a wall clock that jumps by days drops no hints`() throws {
            let (cluster, clock) = try makeCluster(
                nodes: 3, wrong: 0, aheadSeconds: 0, ["hint-age-max": "3600"])
            try cluster.waitUntilReady()
            cluster[2].kill()
            for key in keys { #expect(try cluster[0].call("SET", key, "kept") == .ok) }
            try wait(for: "all hints") {
                try cluster[0].metric("martlet_hints") == Double(keys.count)
            }
            try clock.set(aheadSeconds: 8 * 86_400)
            try wait(for: "the node to notice") { try cluster[0].get("/ready").status == 503 }
            try clock.set(aheadSeconds: 0)
            try wait(for: "the node to be well") { try cluster[0].get("/ready").status == 200 }
            #expect(try cluster[0].metric("martlet_hints") == Double(keys.count))
            try cluster[2].start()
            try wait(for: "the hints to be gone") {
                try cluster[0].metric("martlet_hints") == 0
            }
            try cluster.waitUntilReady()
            for key in keys {
                #expect(try cluster[2].call("DGET", key, "R", "1") != .null)
                #expect(try cluster[2].call("GET", key) == .bulk("kept"))
            }
        }
    }
}
