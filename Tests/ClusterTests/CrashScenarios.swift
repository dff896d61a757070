import Histories
import Testing
import Wire

extension ClusterScenarios {
    /// kill -9 takes what the process has in memory, and leaves what the kernel was given.
    @Suite struct CrashScenarios {}
}

extension ClusterScenarios.CrashScenarios {
    /// A load that is running, the death of all nodes in its middle, and their return.
    private func killAll(of nodes: Int, walSync: String, seed: UInt64) throws {
        let cluster = try Cluster(nodes: nodes, ["wal-sync": walSync])
        for round in 0..<2 as Range<UInt64> {
            let load = Load(
                on: cluster.nodes,
                Load.Plan(clients: 12, seed: seed + round, pauseUs: 0, removes: true))
            try load.waitFor(more: 1000)
            for node in cluster.nodes { node.process?.signal(9) }
            for node in cluster.nodes { node.kill() }
            for node in cluster.nodes { try node.start() }
            for node in cluster.nodes {
                #expect(node.log.contains("the last run did not end in order"))
            }
            #expect(try cluster.defects(of: load, .regular, after: .reads) == [])
        }
    }

    @Test func `killing all three nodes loses no acknowledged write with wal-sync always`() throws {
        try killAll(of: 3, walSync: "always", seed: 100)
    }

    @Test func `killing a lone node loses no acknowledged write with wal-sync always`() throws {
        try killAll(of: 1, walSync: "always", seed: 200)
    }

    @Test func `killing processes loses nothing with a wal-sync period either`() throws {
        try killAll(of: 1, walSync: "1000", seed: 300)
        try killAll(of: 3, walSync: "1000", seed: 400)
    }

    @Test func `a node killed again and again under load loses nothing`() throws {
        let cluster = try Cluster(nodes: 3)
        let load = Load(
            on: [cluster[0], cluster[1]], Load.Plan(seed: 500, pauseUs: 0, removes: true))
        for _ in 0..<4 {
            cluster[2].kill()
            try load.waitFor(more: 300)
            try cluster[2].start()
            try load.waitFor(more: 300)
        }
        let record = load.stop()
        #expect(record.troubles.isEmpty)
        #expect(try cluster.defects(in: record, load.plan, .regular, after: .reads) == [])
    }

    @Test func `the check of a load notices what is lost, old or wrong`() throws {
        let cluster = try Cluster(nodes: 1)
        let load = Load(on: cluster.nodes, Load.Plan(clients: 1, seed: 600, pauseUs: 0))
        try load.waitFor(more: 1000)
        let record = load.stop()
        func defects() throws -> [Defect] {
            try cluster.defects(in: record, load.plan, .regular, after: .reads)
        }
        #expect(try defects() == [])
        let registers = record.history.registers
        let old = ValueMaker(seed: 600).value(of: registers[1], 1)
        #expect(try cluster[0].call("DEL", registers[0]) == .integer(1))
        #expect(try cluster[0].call("SET", registers[1], old) == .ok)
        #expect(try cluster[0].call("APPEND", registers[2], "x").isError == false)
        let found = try defects()
        #expect(Set(found.map(\.key)) == Set(registers.prefix(3)))
        #expect(found.map(\.kind).contains(.lost) && found.map(\.kind).contains(.invented))
    }
}
