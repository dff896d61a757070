internal import Consensus
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
    private let sockets: NodeSockets
    private let services: NodeServices
    private let startedNs: UInt64
    private let topology: Topology
    private let consensus: RaftStored
    private let number: NodeNumber
    private var listeners: [Confined<TCPListener>] = []
    private var admin: HTTPServer?
    private let stopSignal: Semaphore

    /// Opens everything, joins or founds the cluster if need be, and serves.
    ///
    /// Throws one line for the operator when something is in the way: nothing was started then.
    public init(_ store: ConfigurationStore, log: Log) throws(StartFailure) {
        startedNs = SystemClock.monotonicNs()
        self.store = store
        self.log = log
        configuration = store.current
        Self.raiseOpenFilesLimit(configuration, log)
        sockets = try Self.bind(configuration)
        let isFirstStart = !FileSystem.exists(configuration.dataDirectory)
        try Self.refuseEmptyDirectory(configuration)
        storage = try Self.openStorage(configuration)
        Self.logStart(configuration, log)
        facts = NodeFacts(storage: storage)
        if isFirstStart { try Self.permitFounding(facts) }
        let past = try Self.readPast(facts, storage, log)
        let description = Self.describe(configuration, sockets, id: past.nodeID)
        let stopSignal = Semaphore()
        self.stopSignal = stopSignal
        do throws(StartFailure) {
            (topology, consensus) = try Self.findTopology(
                configuration, past, description, facts, log)
            number = try Self.findNumber(past, topology, configuration)
            services = try Self.makeServices(
                store, log, storage, past, topology,
                PeerAddresses(
                    own: number, at: description.addresses,
                    seeds: configuration.join.map(\.description)), startedNs: startedNs
            ) { stopSignal.signal() }
        } catch {
            Self.abandon(storage, facts, past, log)
            throw error
        }
        watchSignals()
        do throws(StartFailure) {
            try startShards(past)
            try startPeers()
            try found(past)
            try startClients()
        } catch {
            stop()
            throw error
        }
        warnOfDifferences(description)
    }

    /// Serves until SIGTERM, SIGINT or SHUTDOWN, then ends in order.
    public func run() {
        announce()
        stopSignal.wait()
        stop()
    }

    // MARK: Starting

    /// A terminal that is closed ends no server, hence the third one.
    private func watchSignals() {
        let stopSignal = stopSignal
        let log = log
        let loop = services.hosts[0].loop
        loop.perform {
            for signal in [Signal.terminate, .interrupt] {
                _ = SignalWatcher(signal, loop: loop) { stopSignal.signal() }
            }
            _ = SignalWatcher(.hangUp, loop: loop) {
                log.info("hang-up ignored: settings are changed by CONFIG SET", [:])
            }
        }
    }

    private static func makeServices(
        _ store: ConfigurationStore, _ log: Log, _ storage: RocksDBStorage, _ past: Past,
        _ topology: Topology, _ addresses: PeerAddresses, startedNs: UInt64,
        requestStop: @escaping @Sendable () -> Void
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
            configuration: store, log: log, storage: storage, past: past, topology: topology,
            addresses: addresses, startedAt: now, hosts: hosts, mailboxes: mailboxes,
            fail: { reason in
                log.error("the node cannot go on", ["reason": .text(reason)])
                StandardError.write("martlet: \(reason)\n")
                ProcessExit.now(status: 1)
            }, requestStop: requestStop)
        store.onChange { configuration in
            log.configure(configuration)
            storage.setFreeBytesMin(UInt64(configuration.diskFloorBytes))
            raiseOpenFilesLimit(configuration, log)
            for mailbox in mailboxes {
                mailbox.send(.call { $0.shard?.configure(configuration) })
            }
        }
        return services
    }

    private func startShards(_ past: Past) throws(StartFailure) {
        let hints: [HintAccountRecord]
        do throws(StorageError) {
            hints = try HintReading.accounts(in: storage)
        } catch {
            throw StartFailure(error.description)
        }
        let split = configuration.memorySplit
        var settings = DataPlane.Settings(
            node: number, acknowledgesDurable: configuration.walSync == .always,
            cacheBytesMax: split.objectCache / services.shardCount,
            contextActorsMax: configuration.contextActorsMax,
            driftMsMax: UInt64(configuration.clockDriftMsMax),
            valueSizeMax: configuration.valueBytesMax, trustHorizonMs: past.life,
            epochCeilingMs: past.ceiling.currentMs, epochsUsedMs: past.epochsUsedMs)
        settings.confirmsEpoch = true
        settings.waitsForClock = topology.members.count > 1
        let services = services
        let topology = topology
        let consensus = consensus
        let number = number
        let shardSettings = settings
        for (index, host) in services.hosts.enumerated() {
            let own = hints.filter { services.shard(of: $0.partition) == index }
            host.loop.perform {
                host.assumeIsolated { host in
                    host.start { host in
                        let shard = Shard(
                            index: index, loop: host.loop, services: services, number: number,
                            topology: topology, settings: shardSettings, hints: own)
                        if index == 0 {
                            shard.control = ControlShell(
                                shard: shard, topology: topology, consensus: consensus)
                        }
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

    private func startPeers() throws(StartFailure) {
        do throws(PlatformError) {
            try accept(sockets.peers) { $0.peers.accept($1, shard: $0) }
            let backend = NodeAdmin(services, number: number)
            let router = AdminRouter(backend: backend, configuration: store, log: log)
            admin = try HTTPServer(on: sockets.admin) { router.respond(to: $0) }
        } catch {
            throw StartFailure(error.description)
        }
    }

    private func startClients() throws(StartFailure) {
        do throws(PlatformError) {
            // What a client is answered goes by the members' time.
            services.clock.awaitSettled()
            try accept(sockets.clients) { $0.sessions.accept($1, shard: $0) }
        } catch {
            throw StartFailure(error.description)
        }
    }

    /// Listens for members of another cluster before a new one serves.
    private func found(_ past: Past) throws(StartFailure) {
        let founding = services.founding
        do throws(StorageError) {
            if configuration.isFounding {
                try facts.endFounding()
                return try facts.store(foreignCluster: nil)
            }
            if let cluster = past.foreignCluster, topology.members.count == 1 {
                if let reason = founding.giveUp(for: cluster) { services.suspend(reason) }
                return
            }
            guard topology.members.count == 1, try facts.mayFound() else {
                return try facts.endFounding()
            }
            founding.wait()
            let endMs = SystemClock.monotonicNs() / 1_000_000 + Founding.patienceMs
            while SystemClock.monotonicNs() / 1_000_000 < endMs, !founding.isGivenUp {
                Pause.milliseconds(20)
            }
            founding.end()
            try facts.endFounding()
        } catch {
            throw StartFailure(error.description)
        }
    }

    /// Deals the connections of `socket` out to the loops in turn.
    private func accept(
        _ socket: ListeningSocket, _ use: @escaping @Sendable (Shard, AcceptedSocket) -> Void
    ) throws(PlatformError) {
        let services = services
        let loop = services.hosts[0].loop
        let listener = try loop.perform { () throws(PlatformError) in
            var next = 0
            let listener = try TCPListener(socket, loop: loop) { accepted in
                let mailbox = services.mailboxes[next]
                next = (next + 1) % services.shardCount
                mailbox.send(.call { host in host.shard.map { use($0, accepted) } })
            }
            return Confined(listener, to: loop)
        }
        listeners.append(listener)
    }

    /// Addresses follow the settings by themselves; these do not.
    private func warnOfDifferences(_ description: MemberDescription) {
        guard let known = topology.member(id: description.id),
            known.zone != description.zone || known.weight != description.weight
        else { return }
        log.warn(
            "the cluster knows another zone or weight of this node, and goes by them",
            [
                "zone": .text(known.zone), "weight": .integer(known.weight),
                "configured_zone": .text(description.zone),
                "configured_weight": .integer(description.weight),
            ])
    }

    private func announce() {
        let ms = (SystemClock.monotonicNs() - startedNs) / 1_000_000
        log.info(
            "serving",
            [
                "node": .integer(Int(number.rawValue)), "id": .describing(services.nodeID),
                "cluster": .describing(topology.clusterID),
                "epoch": .integer(Int(topology.epoch)),
                "members": .integer(topology.members.count),
                "clients": .describing(sockets.clients.address),
                "peers": .describing(sockets.peers.address),
                "admin": .describing(sockets.admin.address), "started_in_ms": .integer(Int(ms)),
            ])
        StandardOutput.write(
            "martlet \(Release.version) serves clients at \(sockets.clients.address), peers at "
                + "\(sockets.peers.address), admins at \(sockets.admin.address) "
                + "(node \(services.nodeID), \(topology.members.count) "
                + "member\(topology.members.count == 1 ? "" : "s"), started in \(ms) ms)\n")
    }

    // MARK: Stopping

    private func stop() {
        log.info("stopping", [:])
        services.reachability.stop()
        admin?.stop()
        for listener in listeners {
            services.hosts[0].loop.perform { listener.value.close() }
        }
        var horizonMs: UInt64 = 0
        for host in services.hosts {
            let (reachedMs, ownMs): (UInt64, UInt64) = host.loop.perform {
                host.assumeIsolated { host in
                    let plane = host.shard?.dataPlane
                    host.stop()
                    return (plane?.epochReachedMs ?? 0, plane?.horizonAtStopMs ?? 0)
                }
            }
            services.epochCeiling.note(reachedMs: reachedMs)
            horizonMs = max(horizonMs, ownMs)
        }
        for writer in services.lateWriters { writer.shutdown() }
        services.committer.shutdown()
        services.workers.shutdown()
        services.backgroundWorkers.shutdown()
        do throws(StorageError) {
            try facts.store(trustHorizonMs: horizonMs)
            try services.epochCeiling.end(facts)
            try ShutdownMarker.end(storage)
            for host in services.hosts { host.loop.stop() }
            try storage.closeInOrder()
        } catch {
            services.fail("the data could not be closed in order: \(error)")
        }
        log.info("stopped", [:])
    }
}
