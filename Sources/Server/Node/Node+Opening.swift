internal import Consensus
internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Platform
internal import Storage

// What has to be in order before anything is served: addresses, data directory, cluster. Each
// failure is one line for the operator.

/// The ports of a node, bound before anything else, so that one in use is told at once.
struct NodeSockets {
    let clients: ListeningSocket
    let peers: ListeningSocket
    let admin: ListeningSocket
}

extension Node {
    static func logStart(_ configuration: Configuration, _ log: Log) {
        func shown(_ name: String) -> LogValue {
            .text(Setting.named(name)?.shown(in: configuration) ?? "")
        }
        let cores = HostFacts.processorCount
        log.info(
            "starting",
            [
                "version": .text(Release.version), "data_dir": .text(configuration.dataDirectory),
                "n": .integer(configuration.n), "r": .integer(configuration.r),
                "w": .integer(configuration.w), "wal_sync": shown("wal-sync"),
                "memory": shown("memory"), "zone": .text(configuration.zone),
                "shards": .integer(configuration.shardCount(cores: cores)),
            ])
    }

    static func raiseOpenFilesLimit(_ configuration: Configuration, _ log: Log) {
        let wanted = configuration.clientsMax + filesBesideClients
        let limit = ProcessFacts.raiseOpenFilesLimit(to: wanted)
        guard limit < wanted else { return }
        log.warn(
            "the limit of open files is lower than maxclients needs",
            ["limit": .integer(limit), "wanted": .integer(wanted)])
    }

    /// Table files, logs, and connections of peers and admins.
    private static let filesBesideClients = 2048

    static func bind(_ configuration: Configuration) throws(StartFailure) -> NodeSockets {
        func listen(
            _ address: SocketAddress, _ setting: String
        ) throws(StartFailure) -> ListeningSocket {
            do {
                return try ListeningSocket(address)
            } catch {
                throw StartFailure("cannot listen at '\(setting)': \(error)")
            }
        }
        return NodeSockets(
            clients: try listen(configuration.listen, "listen"),
            peers: try listen(configuration.peerListen, "peer-listen"),
            admin: try listen(configuration.adminListen, "admin-listen"))
    }

    static func openStorage(
        _ configuration: Configuration
    ) throws(StartFailure) -> RocksDBStorage {
        let split = configuration.memorySplit
        var options = StorageOptions(directory: configuration.dataDirectory)
        options.blockCacheBytes = split.blockCache
        options.memtableBytes = split.memtables
        options.backgroundThreads = configuration.backgroundThreadCount(
            cores: HostFacts.processorCount)
        options.freeBytesMin = UInt64(configuration.diskFloorBytes)
        switch configuration.compression {
        case .none: options.compression = .none
        case .lz4: options.compression = .lz4
        case .zstd: options.compression = .zstd
        }
        // Reading the log anew takes a processor for a while, and RocksDB's own threads, for
        // flushes and compactions, begin here too: on a machine with other nodes or services,
        // these wait for neither.
        do throws(StorageError) {
            return try BackgroundThread.run(name: "storage-open") {
                [options] () throws(StorageError) in try RocksDBStorage(options)
            }
        } catch {
            throw StartFailure(error.description)
        }
    }

    static func describe(
        _ configuration: Configuration, _ sockets: NodeSockets, id: UniqueID
    ) -> MemberDescription {
        MemberDescription(
            id: id,
            addresses: MemberAddresses(
                peer: (configuration.peerAdvertise ?? sockets.peers.address).description,
                client: (configuration.advertise ?? sockets.clients.address).description,
                admin: (configuration.adminAdvertise ?? sockets.admin.address).description),
            zone: configuration.zone, weight: configuration.weight)
    }

    static func findTopology(
        _ configuration: Configuration, _ past: Past, _ description: MemberDescription,
        _ facts: NodeFacts, _ log: Log
    ) throws(StartFailure) -> (Topology, RaftStored) {
        if let stored = past.topology {
            try refuseOtherCluster(stored, configuration, description)
            return (stored, try findConsensus(configuration, past, stored, facts, log))
        }
        if let defect = description.defect { throw StartFailure(defect) }
        try refuseOrphanedData(facts, configuration)
        try refuseFounding(facts, configuration)
        let topology: Topology
        let consensus: RaftStored
        if configuration.join.isEmpty {
            var random = SeededRandom.fromSystem()
            topology = .founded(
                by: description, clusterID: UniqueID(using: &random), n: configuration.n,
                partitions: configuration.partitions)
            consensus = RaftStored(
                agreedOn: topology, voters: topology.members.map(\.number))
        } else {
            topology = try Joining(configuration, description, log).run()
            consensus = .empty
        }
        do throws(StorageError) {
            try facts.begin(topology, consensus)
        } catch {
            throw StartFailure(error.description)
        }
        log.info(
            configuration.join.isEmpty ? "founded a cluster" : "joined a cluster",
            [
                "cluster": .describing(topology.clusterID), "n": .integer(topology.n),
                "partitions": .integer(topology.partitioning.count),
                "members": .integer(topology.members.count),
            ])
        return (topology, consensus)
    }

    /// A directory of the first release has no log: the member that decided alone goes on alone,
    /// since it has the newest topology for certain, and makes the others voters.
    private static func findConsensus(
        _ configuration: Configuration, _ past: Past, _ topology: Topology, _ facts: NodeFacts,
        _ log: Log
    ) throws(StartFailure) -> RaftStored {
        if let consensus = past.consensus { return consensus }
        do throws(StorageError) {
            guard let authority = try facts.soleAuthority() else {
                throw StorageError.corrupt(
                    reason: "\(configuration.dataDirectory): what this node has agreed on with "
                        + "the others is lost: start it with an empty data-dir to join as a new "
                        + "one")
            }
            let consensus = RaftStored(agreedOn: topology, voters: [authority])
            try facts.begin(topology, consensus)
            log.info("the topology is agreed on by a log from now on", [:])
            return consensus
        } catch {
            throw StartFailure(error.description)
        }
    }

    /// A node that was started once without 'join' has a cluster of its own, and maybe data; going
    /// on with that while the operator believes it joined another would split the data in two.
    private static func refuseOtherCluster(
        _ stored: Topology, _ configuration: Configuration, _ description: MemberDescription
    ) throws(StartFailure) {
        let seeds = configuration.join.map(\.description)
        let own = stored.member(id: description.id)?.peerAddress
        let known = [own, description.addresses.peer].compactMap { $0 }
        guard stored.members.count == 1, !seeds.isEmpty,
            !seeds.contains(where: { known.contains($0) })
        else { return }
        throw StartFailure(
            "\(configuration.dataDirectory): this node has a cluster of its own and cannot join "
                + "another at \(seeds.joined(separator: ", ")): give it an empty data-dir to join, "
                + "or start it without 'join'")
    }

    private static func refuseOrphanedData(
        _ facts: NodeFacts, _ configuration: Configuration
    ) throws(StartFailure) {
        let holdsData: Bool
        do throws(StorageError) {
            holdsData = try facts.holdsData()
        } catch {
            throw StartFailure(error.description)
        }
        guard holdsData else { return }
        throw StartFailure(
            "\(configuration.dataDirectory): holds data, but does not say of which cluster: give "
                + "the node an empty data-dir")
    }

    /// Absence of state is not "new": what was in the directory may be lost.
    static func refuseEmptyDirectory(_ configuration: Configuration) throws(StartFailure) {
        let path = configuration.dataDirectory
        guard configuration.join.isEmpty, !configuration.isFounding, FileSystem.exists(path),
            !FileSystem.exists(path + "/CURRENT"), FileSystem.isDirectory(path)
        else { return }
        throw foundingRefusal(path)
    }

    private static func foundingRefusal(_ path: String) -> StartFailure {
        StartFailure(
            "\(path): exists, and holds nothing of a cluster: if its content was lost, start the "
                + "node with 'join' and a member's address; to make a new cluster, remove the "
                + "directory, or start once with 'found yes'")
    }

    /// The same, of a directory in which an earlier start got no further.
    private static func refuseFounding(
        _ facts: NodeFacts, _ configuration: Configuration
    ) throws(StartFailure) {
        do throws(StorageError) {
            guard configuration.join.isEmpty, !configuration.isFounding,
                try !facts.mayFound()
            else { return }
        } catch {
            throw StartFailure(error.description)
        }
        throw foundingRefusal(configuration.dataDirectory)
    }

    static func permitFounding(_ facts: NodeFacts) throws(StartFailure) {
        do throws(StorageError) {
            try facts.permitFounding()
        } catch {
            throw StartFailure(error.description)
        }
    }

    static func findNumber(
        _ past: Past, _ topology: Topology, _ configuration: Configuration
    ) throws(StartFailure) -> NodeNumber {
        if let member = topology.member(id: past.nodeID) {
            guard let reason = topology.reasonToEnd(of: member.number) else {
                return member.number
            }
            throw StartFailure("\(configuration.dataDirectory): \(reason)")
        }
        throw StartFailure(
            "\(configuration.dataDirectory): this node was removed from its cluster; "
                + "start it with an empty data-dir to join as a new one")
    }

    static func readPast(
        _ facts: NodeFacts, _ storage: RocksDBStorage, _ log: Log
    ) throws(StartFailure) -> Past {
        let past: Past
        do throws(StorageError) {
            past = try Past(facts, storage, now: SystemClock.now())
        } catch {
            storage.close()
            throw StartFailure(error.description)
        }
        if past.isDoubtful {
            log.warn(
                "the data directory is not where the last run left it: a copy, or put back; this "
                    + "node votes only once the others have told what it may have forgotten", [:])
        }
        if past.wasUnclean {
            log.warn(
                "recovered: the last run did not end in order",
                ["unclean_starts": .integer(Int(clamping: past.uncleanStarts))])
        } else if past.topology != nil {
            log.info("recovered: the last run ended in order", [:])
        } else {
            log.info("the data directory is new", ["id": .describing(past.nodeID)])
        }
        return past
    }

    /// Ends a start that has failed before anything was served: the next one must not take it for a
    /// crash.
    static func abandon(
        _ storage: RocksDBStorage, _ facts: NodeFacts, _ past: Past, _ log: Log
    ) {
        do throws(StorageError) {
            try facts.store(trustHorizonMs: past.life)
            try ShutdownMarker.end(storage)
            try storage.closeInOrder()
        } catch {
            log.error("the data could not be closed in order", ["reason": .describing(error)])
            storage.close()
        }
    }
}
