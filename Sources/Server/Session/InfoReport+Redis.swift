internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Platform
internal import Storage

/// The sections that Redis has as well.
extension InfoReport {
    var server: [Line] {
        let nowNs = shard.loop.now.monotonicNs
        let uptimeSeconds = (nowNs - services.startedAt.monotonicNs) / 1_000_000_000
        return [
            ("redis_version", Release.redisVersion),
            ("martlet_version", Release.version),
            ("redis_mode", configuration.isClusterMode ? "cluster" : "standalone"),
            ("os", HostFacts.kernel),
            ("arch_bits", "\(UInt.bitWidth)"),
            ("multiplexing_api", "epoll"),
            ("process_id", "\(ProcessFacts.processID)"),
            ("run_id", ClusterView.clientID(of: services.nodeID)),
            ("tcp_port", "\(clientPort)"),
            ("server_time_usec", "\(SystemClock.wallUs())"),
            ("uptime_in_seconds", "\(uptimeSeconds)"),
            ("uptime_in_days", "\(uptimeSeconds / 86_400)"),
            ("hz", "100"),
            ("config_file", services.configuration.path ?? ""),
            ("io_threads_active", services.shardCount > 1 ? "1" : "0"),
        ]
    }

    private var clientPort: UInt16 {
        let own = shard.topology.member(shard.number)
        return own.flatMap { SocketAddress($0.clientAddress) }?.port ?? configuration.listen.port
    }

    var clients: [Line] {
        [
            ("connected_clients", "\(services.clients.count)"),
            ("cluster_connections", "\(total.peersConnected)"),
            ("maxclients", "\(configuration.clientsMax)"),
            ("client_recent_max_input_buffer", "\(total.inputBytesMax)"),
            ("client_recent_max_output_buffer", "\(total.outputBytesMax)"),
            ("blocked_clients", "0"),
            ("tracking_clients", "0"),
        ]
    }

    /// All of the process counts: the caches of objects and blocks, memtables, and clients.
    var memory: [Line] {
        let used = ProcessFacts.residentBytes
        let peak = max(used, ProcessFacts.residentBytesPeak)
        let storage = services.storage.statistics
        return [
            ("used_memory", "\(used)"),
            ("used_memory_human", Self.human(used)),
            ("used_memory_rss", "\(used)"),
            ("used_memory_rss_human", Self.human(used)),
            ("used_memory_peak", "\(peak)"),
            ("used_memory_peak_human", Self.human(peak)),
            ("used_memory_dataset", "\(total.cacheBytes)"),
            ("total_system_memory", "\(HostFacts.memoryBytes)"),
            ("total_system_memory_human", Self.human(HostFacts.memoryBytes)),
            ("maxmemory", "0"),
            ("maxmemory_human", "0B"),
            ("maxmemory_policy", "noeviction"),
            ("mem_fragmentation_ratio", "1.00"),
            ("mem_clients_normal", "\(services.clients.bufferedBytes)"),
            ("mem_allocator", "libc"),
            ("martlet_memory", "\(configuration.memoryBytes)"),
            ("martlet_object_cache_bytes", "\(total.cacheBytes)"),
            ("martlet_block_cache_bytes", "\(storage.blockCacheBytes)"),
            ("martlet_memtable_bytes", "\(storage.memtableBytes)"),
        ]
    }

    var persistence: [Line] {
        [
            ("loading", "0"),
            ("async_loading", "0"),
            ("rdb_changes_since_last_save", "0"),
            ("rdb_bgsave_in_progress", "0"),
            ("rdb_last_save_time", "\(services.startedAt.wallMs / 1000)"),
            ("rdb_last_bgsave_status", "ok"),
            ("aof_enabled", "1"),
            ("aof_rewrite_in_progress", "0"),
            ("aof_last_write_status", "ok"),
        ]
    }

    var stats: [Line] {
        let clients = services.clients
        return [
            ("total_connections_received", "\(clients.receivedCount - base.connections)"),
            ("total_commands_processed", "\(recent.commands)"),
            ("instantaneous_ops_per_sec", "\(total.commandsPerSecond)"),
            ("total_net_input_bytes", "\(recent.inputBytes)"),
            ("total_net_output_bytes", "\(recent.outputBytes)"),
            ("rejected_connections", "\(clients.rejectedCount - base.rejections)"),
            ("sync_full", "0"),
            ("expired_keys", "\(recent.engine.expirations)"),
            ("keyspace_hits", "\(recent.engine.keysFound)"),
            ("keyspace_misses", "\(recent.engine.keysMissed)"),
            ("evicted_keys", "0"),
            ("evicted_clients", "\(clients.evictedCount)"),
            ("pubsub_channels", "0"),
            ("pubsub_patterns", "0"),
            ("total_error_replies", "\(recent.errorCount)"),
        ]
    }

    /// Every node takes writes, so every node is a master and none a replica of another.
    var replication: [Line] {
        [
            ("role", "master"),
            ("connected_slaves", "0"),
            ("master_failover_state", "no-failover"),
            ("master_replid", ClusterView.clientID(of: shard.topology.clusterID)),
            ("master_repl_offset", "0"),
        ]
    }

    var processor: [Line] {
        let (user, system) = ProcessFacts.processorSeconds
        return [
            ("used_cpu_sys", Self.decimal(system)),
            ("used_cpu_user", Self.decimal(user)),
            ("used_cpu_sys_children", Self.decimal(0)),
            ("used_cpu_user_children", Self.decimal(0)),
        ]
    }

    var errors: [Line] {
        recent.errors.sorted { $0.key < $1.key }
            .map { ("errorstat_\($0.key)", "count=\($0.value)") }
    }

    var keyspace: [Line] {
        let keys = total.keys.estimate(partitions: shard.topology.partitioning.count)
        guard keys.live > 0 else { return [] }
        return [("db0", "keys=\(keys.live),expires=\(keys.expiring),avg_ttl=0")]
    }

    // MARK: Numbers

    /// As Redis shortens bytes: two decimals and a letter.
    private static func human(_ bytes: Int) -> String {
        guard bytes >= 1024 else { return "\(bytes)B" }
        var value = Double(bytes)
        var unit = 0
        while value >= 1024, unit < 4 {
            value /= 1024
            unit += 1
        }
        return decimal(value, digits: 2) + ["B", "K", "M", "G", "T"][unit]
    }

    private static func decimal(_ value: Double, digits: Int = 6) -> String {
        let scale = digits == 2 ? 100 : 1_000_000
        let scaled = Int((value * Double(scale)).rounded())
        let fraction = "\(scaled % scale)"
        let zeros = String(repeating: "0", count: digits - fraction.count)
        return "\(scaled / scale).\(zeros)\(fraction)"
    }
}
