internal import Essentials
internal import Placement
internal import Platform
internal import Wire

/// The text of INFO: sections of `name:value` lines, under the names that Redis' tools look for.
///
/// What Martlet has no figure for is left out, or is what a Redis shows that does not use it;
/// nothing is made up. Made on a loop, from what all loops have counted.
struct InfoReport {
    enum Section: String, CaseIterable, Sendable {
        case server, clients, memory, persistence, stats, replication, cpu, modules, commandstats
        case errorstats, latencystats, cluster, keyspace, martlet

        private var isDefault: Bool {
            switch self {
            case .modules, .commandstats, .latencystats: false
            default: true
            }
        }

        /// The sections that a client asked for, each once, in the order of the report.
        static func wanted(_ names: some Sequence<[UInt8]>) -> [Section] {
            var wanted: Set<Section> = []
            var isEmpty = true
            for name in names {
                isEmpty = false
                let name = String(decoding: name, as: UTF8.self).lowercased()
                switch name {
                case "default": wanted.formUnion(allCases.filter(\.isDefault))
                case "all", "everything": wanted.formUnion(allCases)
                default: if let section = Section(rawValue: name) { wanted.insert(section) }
                }
            }
            return allCases.filter { isEmpty ? $0.isDefault : wanted.contains($0) }
        }

        var title: String {
            self == .cpu ? "CPU" : rawValue.prefix(1).uppercased() + rawValue.dropFirst()
        }
    }

    typealias Line = (name: String, value: String)

    let shard: Shard
    let services: NodeServices
    let configuration: Configuration
    let parts: [ShardFigures]
    let base: StatisticsBase.Base
    /// Since the start.
    let total: ShardFigures
    /// Since CONFIG RESETSTAT.
    let recent: ShardFigures

    init(_ shard: Shard, _ parts: [ShardFigures]) {
        self.shard = shard
        services = shard.services
        configuration = shard.configuration
        self.parts = parts
        base = services.statisticsBase.current
        total = .sum(parts)
        recent = total.since(base.figures)
    }

    func text(_ sections: [Section]) -> String {
        sections.map { section in
            let lines = lines(section).map { "\($0.name):\($0.value)\r\n" }
            return "# \(section.title)\r\n" + lines.joined()
        }.joined(separator: "\r\n")
    }

    private func lines(_ section: Section) -> [Line] {
        switch section {
        case .server: server
        case .clients: clients
        case .memory: memory
        case .persistence: persistence
        case .stats: stats
        case .replication: replication
        case .cpu: processor
        // There are no modules, and commands are not counted one by one.
        case .modules, .commandstats, .latencystats: []
        case .errorstats: errors
        case .cluster: [("cluster_enabled", configuration.isClusterMode ? "1" : "0")]
        case .keyspace: keyspace
        case .martlet: martlet
        }
    }
}
