internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Platform
internal import Storage
internal import Synchronization

/// A whole node: storage, loops, shards, listeners, admin port; from the first look at the data
/// directory to an orderly end.
///
/// Confined to the thread that runs it.
public final class Node {
    private let store: ConfigurationStore
    private let configuration: Configuration
    private let log: Log
    private let storage: RocksDBStorage
    private let facts: NodeFacts
    private let sockets: Sockets
    private let services: NodeServices
    private let startedNs: UInt64
    private let topology: Topology
    private var listeners: [Confined<TCPListener>] = []
    private var admin: HTTPServer?
    private let stopSignal: Semaphore

    private struct Sockets {
        let clients: ListeningSocket
        let peers: ListeningSocket
        let admin: ListeningSocket
    }

    /// Opens everything, joins or founds the cluster if need be, and serves.
    ///
    /// Throws one line for the operator when something is in the way: nothing was started then.
    public init(_ store: ConfigurationStore, log: Log) throws(StartFailure) {
        startedNs = SystemClock.monotonicNs()
        self.store = store
        self.log = log
        configuration = store.current
        let wantedFiles = configuration.clientsMax + 2048
        let files = ProcessFacts.raiseOpenFilesLimit(to: wantedFiles)
        if files < wantedFiles {
            log.warn(
                "the limit of open files is lower than maxclients needs",
                ["limit": .integer(files), "wanted": .integer(wantedFiles)])
        }
        sockets = try Self.bind(configuration)
        storage = try Self.openStorage(configuration)
        facts = NodeFacts(storage: storage)
        let past: Past
        do {
            past = try Past(facts, storage, now: SystemClock.now())
        } catch {
            storage.close()
            throw StartFailure(error.description)
        }
        if past.wasUnclean { log.warn("the last run did not end in order", [:]) }
        let description = Self.describe(configuration, sockets, id: past.nodeID)
        do {
            topology = try Self.findTopology(configuration, past, description, facts, log)
        } catch {
            storage.close()
            throw error
        }
        guard let number = topology.member(id: past.nodeID)?.number else {
            storage.close()
            throw StartFailure(
                "\(configuration.dataDirectory): this node was removed from its cluster; "
                    + "start it with an empty data-dir to join as a new one")
        }
        let stopSignal = Semaphore()
        self.stopSignal = stopSignal
        services = try Self.makeServices(
            store, log, storage, past, startedNs: startedNs) { stopSignal.signal() }
        startShards(number, past)
        startListeners()
        proposeAddresses(description)
    }

    /// Serves until SIGTERM, SIGINT or SHUTDOWN, then ends in order.
    public func run() {
        let stopSignal = stopSignal
        let loop = services.hosts[0].loop
        loop.perform {
            for signal in [Signal.terminate, .interrupt] {
                _ = SignalWatcher(signal, loop: loop) { stopSignal.signal() }
            }
        }
        announce()
        stopSignal.wait()
        stop()
    }

    // MARK: Starting

    private static func bind(_ configuration: Configuration) throws(StartFailure) -> Sockets {
        func listen(
            _ address: SocketAddress, _ setting: String
        ) throws(StartFailure) -> ListeningSocket {
            do {
                return try ListeningSocket(address)
            } catch {
                throw StartFailure("cannot listen at '\(setting)': \(error)")
            }
        }
        return Sockets(
            clients: try listen(configuration.listen, "listen"),
            peers: try listen(configuration.peerListen, "peer-listen"),
            admin: try listen(configuration.adminListen, "admin-listen"))
    }

    private static func openStorage(
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
        do {
            return try RocksDBStorage(options)
        } catch {
            throw StartFailure(error.description)
        }
    }

    private static func describe(
        _ configuration: Configuration, _ sockets: Sockets, id: UniqueID
    ) -> MemberDescription {
        MemberDescription(
            id: id,
            addresses: MemberAddresses(
                peer: (configuration.peerAdvertise ?? sockets.peers.address).description,
                client: (configuration.advertise ?? sockets.clients.address).description,
                admin: (configuration.adminAdvertise ?? sockets.admin.address).description),
            zone: configuration.zone, weight: configuration.weight)
    }

    private static func findTopology(
        _ configuration: Configuration, _ past: Past, _ description: MemberDescription,
        _ facts: NodeFacts, _ log: Log
    ) throws(StartFailure) -> Topology {
        if let stored = past.topology { return stored }
        if let defect = description.defect { throw StartFailure(defect) }
        let topology: Topology
        if configuration.join.isEmpty {
            var random = SeededRandom.fromSystem()
            topology = .founded(
                by: description, clusterID: UniqueID(using: &random), n: configuration.n,
                partitions: configuration.partitions)
        } else {
            topology = try Joining(configuration, description, log).run()
        }
        do {
            try facts.store(topology)
        } catch {
            throw StartFailure(error.description)
        }
        return topology
    }

    private static func makeServices(
        _ store: ConfigurationStore, _ log: Log, _ storage: RocksDBStorage, _ past: Past,
        startedNs: UInt64, requestStop: @escaping @Sendable () -> Void
    ) throws(StartFailure) -> NodeServices {
        let count = store.current.shardCount(cores: HostFacts.processorCount)
        var hosts: [ShardHost] = []
        for index in 0..<count {
            do {
                let loop = try EventLoop(name: "shard-\(index)")
                loop.start()
                hosts.append(ShardHost(loop: loop))
            } catch {
                throw StartFailure(error.description)
            }
        }
        let mailboxes = hosts.map { host in
            Mailbox<ShardMessage>(loop: host.loop) { messages in
                host.assumeIsolated { $0.shard?.receive(messages, host: $0) }
            }
        }
        let now = Now(monotonicNs: startedNs, wallMs: SystemClock.wallMs())
        let services = NodeServices(
            configuration: store, log: log, storage: storage, nodeID: past.nodeID, startedAt: now,
            hosts: hosts, mailboxes: mailboxes, epochCeiling: past.ceiling,
            fail: { reason in
                log.error("the node cannot go on", ["reason": .text(reason)])
                StandardError.write("martlet: \(reason)\n")
                ProcessExit.now(status: 1)
            }, requestStop: requestStop)
        store.onChange { configuration in
            log.configure(configuration)
            for mailbox in mailboxes {
                mailbox.send(.call { $0.shard?.configure(configuration) })
            }
        }
        return services
    }

    private func startShards(_ number: NodeNumber, _ past: Past) {
        let split = configuration.memorySplit
        let settings = DataPlane.Settings(
            node: number, acknowledgesDurable: configuration.walSync == .always,
            cacheBytesMax: split.objectCache / services.shardCount,
            contextActorsMax: configuration.contextActorsMax,
            driftMsMax: UInt64(configuration.clockDriftMsMax),
            valueSizeMax: configuration.valueBytesMax, trustHorizonMs: past.trustHorizonMs,
            epochCeilingMs: past.ceiling.currentMs)
        let services = services
        let topology = topology
        for (index, host) in services.hosts.enumerated() {
            host.loop.perform {
                host.assumeIsolated { host in
                    host.start { host in
                        let shard = Shard(
                            index: index, loop: host.loop, services: services, number: number,
                            topology: topology, settings: settings)
                        if index == 0 { shard.control = ControlShell(shard: shard, topology: topology) }
                        return shard
                    }
                }
            }
        }
        let housekeeping = Housekeeping(services, facts)
        services.hosts[0].loop.perform {
            services.hosts[0].assumeIsolated { host in
                guard let shard = host.shard else { return }
                housekeeping.start(on: shard)
            }
        }
    }

    private func startListeners() {
        let services = services
        let loop = services.hosts[0].loop
        func accept(
            _ socket: ListeningSocket, _ use: @escaping @Sendable (Shard, AcceptedSocket) -> Void
        ) {
            let listener: Confined<TCPListener>? = loop.perform {
                var next = 0
                let listener = try? TCPListener(socket, loop: loop) { accepted in
                    let mailbox = services.mailboxes[next]
                    next = (next + 1) % services.shardCount
                    mailbox.send(.call { host in host.shard.map { use($0, accepted) } })
                }
                return listener.map { Confined($0, to: loop) }
            }
            if let listener { listeners.append(listener) }
        }
        accept(sockets.peers) { $0.peers.accept($1, shard: $0) }
        accept(sockets.clients) { $0.sessions.accept($1, shard: $0) }
        let backend = NodeAdmin(services, topology: topology)
        let router = AdminRouter(backend: backend, configuration: store, log: log)
        do {
            admin = try HTTPServer(on: sockets.admin) { router.respond(to: $0) }
        } catch {
            log.error("the admin port does not work", ["reason": .describing(error)])
        }
    }

    /// Tells the cluster when this node has come back at other addresses.
    private func proposeAddresses(_ description: MemberDescription) {
        guard let known = topology.member(id: description.id),
            known.description.addresses != description.addresses
        else { return }
        let change = TopologyChange.updateAddresses(description.id, description.addresses)
        services.mailboxes[0].send(.call { $0.shard?.control?.persist(change) })
    }

    private func announce() {
        let ms = (SystemClock.monotonicNs() - startedNs) / 1_000_000
        StandardOutput.write(
            "martlet \(Release.version) serves clients at \(sockets.clients.address), peers at "
                + "\(sockets.peers.address), admins at \(sockets.admin.address) "
                + "(node \(services.nodeID), \(topology.members.count) "
                + "member\(topology.members.count == 1 ? "" : "s"), started in \(ms) ms)\n")
    }

    // MARK: Stopping

    private func stop() {
        log.info("stopping", [:])
        admin?.stop()
        for listener in listeners {
            services.hosts[0].loop.perform { listener.value.close() }
        }
        var horizonMs: UInt64 = 0
        for host in services.hosts {
            let reached: UInt64 = host.loop.perform {
                host.assumeIsolated { host in
                    let reached = host.shard?.dataPlane.trustHorizonMs ?? 0
                    host.stop()
                    return reached
                }
            }
            horizonMs = max(horizonMs, reached)
        }
        for writer in services.lateWriters { writer.shutdown() }
        services.committer.shutdown()
        services.workers.shutdown()
        do throws(StorageError) {
            try facts.store(trustHorizonMs: horizonMs)
            try ShutdownMarker.end(storage)
        } catch {
            services.fail("the data could not be closed in order: \(error)")
        }
        for host in services.hosts { host.loop.stop() }
        storage.close()
        log.info("stopped", [:])
    }
}
