internal import Platform

/// A name of Redis' configuration that clients and tools ask for. Its answer follows from Martlet's
/// own settings, so it can be read and not changed.
struct RedisSetting: Sendable {
    let name: String
    let value: @Sendable (Configuration) -> String

    static let all: [RedisSetting] = [
        RedisSetting(name: "appendfsync") { $0.walSync == .always ? "always" : "everysec" },
        RedisSetting(name: "appendonly") { _ in "yes" },
        RedisSetting(name: "bind") { $0.listen.host },
        RedisSetting(name: "cluster-enabled") { $0.isClusterMode ? "yes" : "no" },
        RedisSetting(name: "databases") { _ in "1" },
        RedisSetting(name: "dir") { $0.dataDirectory },
        RedisSetting(name: "maxmemory") { _ in "0" },
        RedisSetting(name: "maxmemory-policy") { _ in "noeviction" },
        RedisSetting(name: "notify-keyspace-events") { _ in "" },
        RedisSetting(name: "port") { "\($0.listen.port)" },
        RedisSetting(name: "proto-max-bulk-len") { "\($0.valueBytesMax)" },
        RedisSetting(name: "save") { _ in "" },
    ]

    static func named(_ name: String) -> RedisSetting? {
        let name = name.lowercased()
        return all.first { $0.name == name }
    }
}
