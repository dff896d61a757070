import Foundation
import Testing
import Wire

extension ClusterScenarios {
    /// Programs and libraries that others wrote, as Debian packages them, unmodified.
    @Suite struct ClientScenarios {}
}

/// What must be there for a client to run; `tools/setup` installs all of it.
private enum Installed {
    static let python = "/usr/bin/python3"

    static let redisCLI = Run.find("redis-cli") != nil
    static let redisBenchmark = Run.find("redis-benchmark") != nil
    static let redisPy = (try? Run(python, ["-c", "import redis"]))?.isSuccess ?? false
    static let redisPyCluster =
        (try? Run(python, ["-c", "import redis.cluster"]))?.isSuccess ?? false
    static let redisPerl = (try? Run("perl", ["-MRedis", "-e", "1"]))?.isSuccess ?? false
    static let hiredis =
        Run.find("cc") != nil
        && FileManager.default.fileExists(atPath: "/usr/include/hiredis/hiredis.h")
}

extension ClusterScenarios.ClientScenarios {
    private static let scripts =
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Clients").path

    /// Runs a program that prints what failed.
    private func expectSuccess(
        _ program: String, _ arguments: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let run = try Run(program, arguments, within: .seconds(120))
        #expect(run.isSuccess, "\(run.output)\(run.errors)", sourceLocation: sourceLocation)
    }

    // MARK: redis-cli

    private func cli(_ server: Server, _ arguments: String...) throws -> String {
        let run = try Run("redis-cli", ["-p", "\(server.port)"] + arguments)
        return (run.output + run.errors).trimmingCharacters(in: .newlines)
    }

    @Test(.enabled(if: Installed.redisCLI, "redis-cli is not installed"))
    func `redis-cli works on every node`() throws {
        let cluster = try Cluster(nodes: 3)
        #expect(try cli(cluster[0], "set", "a", "1") == "OK")
        #expect(try cli(cluster[1], "get", "a") == "1")
        #expect(try cli(cluster[2], "incr", "a") == "2")
        #expect(try cli(cluster[0], "-3", "hello").contains("proto 3"))
        #expect(try cli(cluster[0], "get", "absent").isEmpty)
        #expect(try cli(cluster[0], "nosuch").contains("ERR unknown command"))
        #expect(try cli(cluster[1], "-r", "10", "incr", "b").hasSuffix("10"))
        #expect(try cli(cluster[2], "--scan").split(separator: "\n").sorted() == ["a", "b"])
        #expect(try cli(cluster[0], "--bigkeys").contains("Sampled 2 keys"))
        #expect(try cli(cluster[0], "info", "server").contains("redis_version:"))
        #expect(try cli(cluster[0], "--no-raw", "config", "get", "timeout").contains("\"0\""))
        #expect(try cli(cluster[0], "--csv", "mget", "a", "b") == "\"2\",\"10\"")
    }

    @Test(.enabled(if: Installed.redisCLI, "redis-cli is not installed"))
    func `redis-cli -c follows the cluster`() throws {
        let cluster = try Cluster(nodes: 3, ["cluster-mode": "yes"])
        for index in 0..<10 {
            #expect(try cli(cluster[index % 3], "-c", "set", "key:\(index)", "\(index)") == "OK")
            #expect(try cli(cluster[(index + 1) % 3], "-c", "get", "key:\(index)") == "\(index)")
        }
        #expect(try cli(cluster[0], "cluster", "info").contains("cluster_state:ok"))
        #expect(try cli(cluster[0], "cluster", "nodes").split(separator: "\n").count == 3)
        let check = try cli(cluster[0], "--cluster", "check", "127.0.0.1:\(cluster[0].port)")
        #expect(check.contains("All 16384 slots covered"))
    }

    @Test(.enabled(if: Installed.redisCLI, "redis-cli is not installed"))
    func `redis-cli --pipe loads data`() throws {
        let node = try Server.alone()
        let commands = (0..<1000).flatMap { index in
            RedisConnection.encode(["SET", "key:\(index)", "x"].map { Array($0.utf8) })
        }
        let file = node.folder.path("commands")
        try Data(commands).write(to: URL(filePath: file))
        let run = try Run("sh", ["-c", "redis-cli -p \(node.port) --pipe < '\(file)'"])
        #expect(run.output.contains("errors: 0, replies: 1000"))
        #expect(try node.scan(count: 1000).count == 1000)
    }

    // MARK: redis-benchmark

    /// Its default tests whose commands exist here; the others are of lists, sets, hashes and
    /// sorted sets: lpush rpush lpop rpop lrange sadd spop hset zadd zpopmin.
    private static let benchmarks = "ping_inline,ping_mbulk,set,get,incr,mset"

    @Test(
        .enabled(if: Installed.redisBenchmark, "redis-benchmark is not installed"),
        arguments: [
            ["-P", "1"], ["-P", "16"], ["-P", "16", "-3"], ["-r", "1000", "--threads", "2"],
        ]
    )
    func `redis-benchmark runs its tests of supported commands`(_ options: [String]) throws {
        let cluster = try Cluster(nodes: 3)
        let run = try Run(
            "redis-benchmark",
            ["-p", "\(cluster[0].port)", "-t", Self.benchmarks, "-n", "1000", "-c", "20", "-q"]
                + options, within: .seconds(120))
        #expect(run.isSuccess, "\(run.output)\(run.errors)")
        #expect(!run.output.contains("Error"), "\(run.output)")
        let lines = run.output.split { $0 == "\n" || $0 == "\r" }
        #expect(lines.count { $0.contains("requests per second") } == 6, "\(run.output)")
    }

    @Test(.enabled(if: Installed.redisBenchmark, "redis-benchmark is not installed"))
    func `redis-benchmark --cluster finds all nodes`() throws {
        let cluster = try Cluster(nodes: 3, ["cluster-mode": "yes"])
        let run = try Run(
            "redis-benchmark",
            [
                "-p", "\(cluster[0].port)", "--cluster", "-t", "set,get", "-n", "1000", "-c", "12",
                "-q",
            ], within: .seconds(120))
        #expect(run.isSuccess, "\(run.output)\(run.errors)")
        #expect(run.output.contains("Cluster has 3 master nodes"), "\(run.output)")
    }

    // MARK: Libraries

    @Test(.enabled(if: Installed.redisPy, "python3-redis is not installed"))
    func `redis-py works`() throws {
        let cluster = try Cluster(nodes: 3)
        let ports = cluster.ports.map { "\($0)" }
        try expectSuccess(Installed.python, ["-B", "\(Self.scripts)/plain.py"] + ports)
    }

    @Test(
        .enabled(if: Installed.redisPyCluster, "python3-redis is not installed"),
        arguments: [3, 5])
    func `redis-py's cluster client works`(_ nodes: Int) throws {
        let cluster = try Cluster(nodes: nodes, ["cluster-mode": "yes"])
        try expectSuccess(
            Installed.python,
            ["-B", "\(Self.scripts)/cluster.py", "\(cluster[0].port)", "\(nodes)"])
    }

    @Test(.enabled(if: Installed.hiredis, "libhiredis-dev is not installed"))
    func `hiredis works`() throws {
        let cluster = try Cluster(nodes: 3)
        let program = cluster[0].folder.path("hiredis")
        try expectSuccess("cc", ["-o", program, "\(Self.scripts)/hiredis.c", "-lhiredis"])
        try expectSuccess(program, ["\(cluster[1].port)"])
    }

    @Test(.enabled(if: Installed.redisPerl, "libredis-perl is not installed"))
    func `Perl's client works`() throws {
        let cluster = try Cluster(nodes: 3)
        try expectSuccess("perl", ["\(Self.scripts)/perl.pl", "\(cluster[2].port)"])
    }

    // MARK: RESP3

    @Test func `a session in RESP3 gets its types`() throws {
        let cluster = try Cluster(nodes: 3)
        let client = try cluster[0].connect()
        guard case .map(let greeting) = try client.call("HELLO", "3") else {
            throw Failure("HELLO 3 does not answer with a map")
        }
        #expect(greeting.contains(.bulk("proto")) && greeting.contains(.integer(3)))
        #expect(try client.call("SET", "key", "1") == .ok)
        #expect(try client.call("GET", "absent") == .null)
        #expect(try client.call("MGET", "key", "absent") == .array([.bulk("1"), .null]))
        guard case .map = try client.call("CONFIG", "GET", "timeout"),
            case .verbatim = try client.call("INFO", "server"),
            case .map = try client.call("COMMAND", "DOCS", "get"),
            case .array(let commands) = try client.call("COMMAND", "INFO", "get"),
            case .array(let get)? = commands.first
        else { throw Failure("a reply is not of the type that Redis gives it in RESP3") }
        #expect(get.contains { if case .set = $0 { true } else { false } })
        #expect(try client.call("HELLO", "4").isError("NOPROTO"))
        // Back to the old protocol, on the same connection.
        guard case .array = try client.call("HELLO", "2") else {
            throw Failure("HELLO 2 does not answer with an array")
        }
        #expect(try client.call("GET", "absent") == .null)
    }
}
