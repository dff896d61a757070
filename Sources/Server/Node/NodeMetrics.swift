internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Platform
internal import Storage

/// All that a node measures: the one table that Prometheus' text and the JSON of the admin port are
/// made of. Names are scripted against: they may be added, never changed.
struct NodeMetrics {
    private let services: NodeServices
    private let number: NodeNumber
    private let readings: [ShardReading]
    private let total: ShardFigures
    private let state: Reachability.State
    private let configuration: Configuration
    private let nowNs: UInt64

    init(_ services: NodeServices, number: NodeNumber, _ readings: [ShardReading]) {
        self.services = services
        self.number = number
        self.readings = readings
        total = .sum(readings.map(\.figures))
        state = services.reachability.current
        configuration = services.configuration.current
        nowNs = SystemClock.monotonicNs()
    }

    var all: [Metric] {
        process + clients + commands + engine + waiting + hints + members + consensus + peers
            + detector + log + OverloadMetrics(readings, total: total).all
            + StorageMetrics(services).all
    }

    // MARK: The process

    private var process: [Metric] {
        let (user, system) = ProcessFacts.processorSeconds
        let uptimeNs = nowNs - services.startedAt.monotonicNs
        return [
            Metric(
                "martlet_build_info", .gauge, "Always 1; the version is in the label.",
                [MetricSample(1, ["version": Release.version])]),
            .gauge(
                "martlet_ready", "1 when the node serves requests, 0 when not.",
                state.unreadiness(configuration, nowNs: nowNs) == nil ? 1 : 0),
            .gauge(
                "martlet_start_time_seconds", "When the node started, in seconds since 1970.",
                Double(services.startedAt.wallMs) / 1000),
            .gauge(
                "martlet_uptime_seconds", "Seconds since the node started.",
                Double(uptimeNs) / 1e9),
            .total(
                "martlet_unclean_starts_total",
                "Starts of this data directory after a run that had not ended in order.",
                services.uncleanStarts),
            .gauge(
                "martlet_resident_memory_bytes", "Memory of the process that is in RAM.",
                Double(ProcessFacts.residentBytes)),
            Metric(
                "martlet_cpu_seconds_total", .counter, "Processor time of all threads.",
                [
                    MetricSample(user, ["mode": "user"]),
                    MetricSample(system, ["mode": "system"]),
                ]),
        ]
    }

    private var log: [Metric] {
        [
            .counter(
                "martlet_log_lines_dropped_total",
                "Log lines that were not written because the reader was behind.",
                services.log.droppedCount)
        ]
    }

    // MARK: Clients and their commands

    private var clients: [Metric] {
        let clients = services.clients
        return [
            .gauge("martlet_clients", "Clients that are connected.", Double(clients.count)),
            .total(
                "martlet_client_connections_total", "Connections that clients have opened.",
                clients.receivedCount),
            .total(
                "martlet_client_rejections_total",
                "Connections refused because there were 'maxclients' already.",
                clients.rejectedCount),
            .total(
                "martlet_client_evictions_total",
                "Clients closed because all together held more than 'client-memory'.",
                clients.evictedCount),
            .gauge(
                "martlet_client_buffer_bytes",
                "Commands half received and replies half sent, of all clients together.",
                Double(clients.bufferedBytes)),
            .total(
                "martlet_client_received_bytes_total", "Bytes received from clients.",
                total.inputBytes),
            .total("martlet_client_sent_bytes_total", "Bytes sent to clients.", total.outputBytes),
        ]
    }

    private var commands: [Metric] {
        var latencies = LatencyHistogram()
        for reading in readings { latencies.add(reading.latencies) }
        let errors = total.errors.sorted { $0.key < $1.key }
        return [
            Metric(
                "martlet_commands_total", .counter,
                "Commands answered, by the shard of the client's connection.",
                perShard { Double($0.figures.commands) }),
            Metric(
                "martlet_command_duration_seconds", .histogram,
                "Time from a command's arrival to its answer.",
                [MetricSample(latencies.seconds)]),
            Metric(
                "martlet_error_replies_total", .counter,
                "Errors that clients were answered, by the first word.",
                errors.map { MetricSample(Double($0.value), ["code": $0.key]) }),
        ]
    }

    // MARK: Data planes

    private var engine: [Metric] {
        Self.counters.map { name, counter, help in
            .total("martlet_\(name)_total", help, total.engine[keyPath: counter])
        }
    }

    private static var counters: [(String, KeyPath<DataPlane.Counters, UInt64>, String)] {
        [
            ("reads", \.reads, "Commands that this node has coordinated and that wrote nothing."),
            ("writes", \.writes, "Commands that this node has coordinated and that wrote."),
            ("key_hits", \.keysFound, "Keys that commands which only read have found a value of."),
            ("key_misses", \.keysMissed, "Keys that such commands have found no value of."),
            (
                "forwards", \.forwards,
                "Commands handed to a replica, since this node holds none of their keys."
            ),
            ("replica_reads", \.replicaReads, "Copies that other coordinators asked about."),
            ("replica_writes", \.replicaWrites, "Writes taken over from other coordinators."),
            (
                "quorum_failures", \.quorumFailures,
                "Commands that too few replicas answered in time: -NOQUORUM."
            ),
            (
                "read_mismatches", \.mismatches,
                "Copies that differed from the coordinator's in a read, and were merged."
            ),
            (
                "read_repairs", \.repairs,
                "Objects sent to replicas that were behind, while the client waited."
            ),
            (
                "read_repairs_background", \.backgroundRepairs,
                "Objects sent to replicas that were behind, after the client was answered."
            ),
            (
                "read_repairs_failed", \.repairsFailed,
                "Objects sent to replicas that were behind and that did not acknowledge them."
            ),
            (
                "hedges", \.hedges,
                "Replicas asked beside others that were later than their own 99th percentile."
            ),
            ("hedges_won", \.hedgesWon, "Those of them that answered before the late one."),
            (
                "hedges_denied", \.hedgesDenied,
                "Times a late read asked no other replica, as 5 % of the reads had done so."
            ),
            (
                "replica_probes", \.probes,
                "Slow replicas asked beside a read, only to know whether they still are."
            ),
            (
                "siblings", \.siblingsMade,
                "Writes after which a key had several concurrent values."
            ),
            (
                "coverings", \.coverings,
                "Overwrites that had to remove, once more, what their coordinator had not known."
            ),
            (
                "context_actors_pruned", \.actorsPruned,
                "Actors cut from causal contexts that had more than 'context-actors-max'."
            ),
            (
                "amnesias", \.amnesias,
                "Times this node met writes of its own that it had forgotten, and went on "
                    + "under new actors."
            ),
            (
                "peer_refusals", \.refusals,
                "Requests of peers that were refused, and own ones that peers refused."
            ),
            (
                "timestamps_refused", \.stampsRefused,
                "Writes refused because their clock was past 'clock-drift-max-ms' ahead."
            ),
            (
                "timestamps_settled", \.stampsSettled,
                "Objects found with timestamps that no right clock can have given, and mended."
            ),
            (
                "clock_refusals", \.clockRefusals,
                "Commands refused since this node's clock is wrong."
            ),
            (
                "corrupt_records", \.corruptRecords,
                "Records that could not be read from the disk, or not be decoded."
            ),
            (
                "actors_renewed", \.actorsRenewed,
                "Keys on which this node went on under a new actor, since their own records told "
                    + "too little."
            ),
            (
                "records_healed", \.recordsHealed,
                "Records that could not be read and were got back from other replicas."
            ),
            ("expirations", \.expirations, "Values dropped here because their time was over."),
            (
                "overloads", \.overloads,
                "Requests turned away because too many were under way or waited for the disk."
            ),
            (
                "late_drops", \.lateDrops,
                "Requests dropped because whoever had sent them waited no longer."
            ),
            (
                "sloppy_writes", \.sloppyWrites,
                "Fallbacks asked to keep a write for a primary that did not take it."
            ),
            (
                "stand_ins", \.standIns,
                "Commands coordinated as a fallback, since no primary of the key could be reached."
            ),
            ("stand_in_writes", \.standInWrites, "Writes among them."),
            ("hints_stored", \.hintsStored, "Hints stored, or merged into stored ones."),
            ("hints_delivered", \.hintsDelivered, "Hints handed over and removed."),
            ("hints_taken", \.hintsTaken, "Hints that other nodes have handed over to this one."),
            (
                "hints_dropped", \.hintsDropped,
                "Hints given up past 'hint-bytes-max' or 'hint-age-max', or unreadable."
            ),
            ("hint_ranges_dropped", \.hintRangesDropped, "Partitions whose hints were given up."),
            ("object_cache_hits", \.cacheHits, "Objects found in memory."),
            ("object_cache_misses", \.cacheMisses, "Objects that had to be loaded."),
        ]
    }

    /// What is under way or held at this moment.
    private var waiting: [Metric] {
        let keys = total.keys.estimate(partitions: heldPartitions)
        let mailboxes = services.mailboxes
        let lateWriters = services.lateWriters
        return [
            Metric(
                "martlet_requests_in_flight", .gauge, "Requests that wait for replicas.",
                perShard { Double($0.figures.inFlight) }),
            Metric(
                "martlet_requests_waiting_for_disk", .gauge,
                "Requests that wait until their object is in memory.",
                perShard { Double($0.figures.parked) }),
            Metric(
                "martlet_object_cache_bytes", .gauge, "Decoded objects held in memory.",
                perShard { Double($0.figures.cacheBytes) }),
            Metric(
                "martlet_mailbox_messages", .gauge, "Messages that wait for a shard's loop.",
                mailboxes.enumerated().map { index, mailbox in
                    MetricSample(Double(mailbox.count), ["shard": "\(index)"])
                }),
            Metric(
                "martlet_late_batches_total", .counter,
                "Write batches that had to wait for the storage engine.",
                lateWriters.enumerated().map { index, writer in
                    MetricSample(Double(writer.count), ["shard": "\(index)"])
                }),
            Metric(
                "martlet_late_batch_bytes", .gauge, "Write batches that wait now.",
                lateWriters.enumerated().map { index, writer in
                    MetricSample(Double(writer.queuedBytes), ["shard": "\(index)"])
                }),
            .gauge(
                "martlet_disk_tasks_waiting", "Reads and scans that wait for an I/O thread.",
                Double(services.workers.queuedCount + services.backgroundWorkers.queuedCount)),
            .gauge(
                "martlet_keys", "Keys with a value that this node holds, about.",
                Double(keys.live)),
            .gauge(
                "martlet_keys_expiring", "Those of them with a deadline, about.",
                Double(keys.expiring)),
        ]
    }

    /// What is kept for each member that was away.
    private var hints: [Metric] {
        let figures = HintFigures.sum(readings.map(\.hints))
        let nowNs = SystemClock.monotonicNs()
        func gauge(_ name: String, _ help: String, _ value: (HintFigures) -> Double) -> Metric {
            Metric(
                name, .gauge, help,
                figures.map { MetricSample(value($0), ["node": "\($0.target)"]) })
        }
        return [
            gauge("martlet_hints", "Writes kept for the member.") { Double($0.records) },
            gauge("martlet_hint_bytes", "What they take.") { Double($0.bytes) },
            gauge("martlet_hint_age_seconds", "How long the oldest of them waits.") {
                Double($0.ageMs(nowNs: nowNs) ?? 0) / 1000
            },
            gauge(
                "martlet_hint_dirty_partitions",
                "Partitions of which the member misses hints that were given up."
            ) { Double($0.dirty.count) },
        ]
    }

    // MARK: The cluster

    private var heldPartitions: Int {
        let placement = state.topology.placement
        return state.topology.partitioning.all.count {
            placement.place(of: number, in: $0) != nil
        }
    }

    private var members: [Metric] {
        [
            .gauge(
                "martlet_topology_epoch", "The version of the topology that this node goes by.",
                Double(state.topology.epoch)),
            .gauge(
                "martlet_keyspaces", "Keyspaces of the cluster, as this node knows them.",
                Double(state.topology.keyspaces.count)),
            .gauge(
                "martlet_members", "Members of the cluster, this node included.",
                Double(state.topology.members.count)),
            .gauge(
                "martlet_partitions_held", "Partitions that this node replicates.",
                Double(heldPartitions)),
            .gauge(
                "martlet_partitions_unavailable",
                "Partitions of which this node reaches too few replicas for 'r' or 'w'.",
                Double(state.unavailablePartitions(configuration, own: number))),
            .gauge(
                "martlet_writes_held",
                "1 while writes are held because members join or leave, else 0.",
                readings.contains { $0.areWritesHeld } ? 1 : 0),
        ]
    }

    private var detector: [Metric] {
        readings.lazy.compactMap(\.detector).first.map(Metric.detector) ?? []
    }

    private var consensus: [Metric] {
        total.consensus.map(Metric.consensus) ?? []
    }

    private var peers: [Metric] {
        let reachable = state.reachable
        let others = state.topology.members.map(\.number).filter { $0 != number }
        func samples(_ value: (NodeNumber) -> Double) -> [MetricSample] {
            others.map { MetricSample(value($0), ["node": "\($0)"]) }
        }
        return [
            Metric(
                "martlet_peer_reachable", .gauge,
                "1 when all shards are connected to the member, else 0.",
                samples { reachable.contains($0) ? 1 : 0 }),
            Metric(
                "martlet_peer_queued_bytes", .gauge,
                "Requests to the member that the network has not taken yet.",
                samples { Double(PeerQueue.sum(readings, of: $0).bytes) }),
            Metric(
                "martlet_peer_requests_outstanding", .gauge,
                "Requests that the member has not answered yet.",
                samples { Double(PeerQueue.sum(readings, of: $0).requests) }),
            Metric(
                "martlet_peer_lagging", .gauge,
                "1 when the member has left requests unanswered for half a second, and gets few "
                    + "more, else 0.",
                samples { PeerQueue.sum(readings, of: $0).isLagging ? 1 : 0 }),
            Metric(
                "martlet_peer_requests_refused_total", .counter,
                "Requests not sent, since too much waited for the member already.",
                samples { Double(PeerQueue.sum(readings, of: $0).refusedCount) }),
            .gauge(
                "martlet_peer_connections_accepted", "Connections that other nodes have opened.",
                Double(readings.reduce(0) { $0 + $1.acceptedPeers })),
        ]
    }

    private func perShard(_ value: (ShardReading) -> Double) -> [MetricSample] {
        readings.enumerated().map { index, reading in
            MetricSample(value(reading), ["shard": "\(index)"])
        }
    }
}

extension Metric {
    static func total(_ name: String, _ help: String, _ count: UInt64) -> Metric {
        counter(name, help, Int(clamping: count))
    }
}

extension LatencyHistogram {
    /// In seconds, with a bucket for each power of two: a quarter of the resolution that is
    /// counted, and so few series that a server may keep them for years.
    var seconds: MetricHistogram {
        // The last octave holds what is longer, too, so it has no bound.
        let octaves = counts.count / 4 - 1
        let bounds = (0..<octaves).map { Double(1 << ($0 + 1)) / 1e6 }
        let counts = (0..<octaves).map { octave in
            Int(clamping: self.counts[4 * octave..<4 * octave + 4].reduce(0, +))
        }
        return MetricHistogram(
            bounds: bounds, counts: counts, count: Int(clamping: count), sum: Double(sumNs) / 1e9)
    }
}
