import Foundation
import Wire

/// One `martlet` process with its data directory, ports and logs; it may be ended and started
/// again, and is at the same addresses then.
final class Server {
    /// The program as the package manager built it beside the tests.
    static let program: String = {
        let tests = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: tests ?? "").deletingLastPathComponent().appending(path: "martlet")
            .path
    }()

    /// What every node of a scenario is told: small, and patient with a busy machine.
    static let defaults: [String: String] = [
        "shards": "2", "partitions": "64", "memory": "64mb", "disk-floor": "16mb",
        "request-timeout-ms": "5000", "wal-sync": "1000",
    ]

    let name: String
    let folder: TemporaryFolder
    var settings: [String: String]
    /// Peer addresses of members to join, and where later starts look for members that have moved.
    var seeds: [String] = []
    /// Where it lives, from its next start on.
    var place: Place
    private(set) var process: ChildProcess?
    private var connection: RedisConnection?
    private var starts = 0

    init(
        _ name: String, settings: [String: String] = [:], at place: Place = .loopback()
    ) throws {
        self.name = name
        folder = try TemporaryFolder()
        self.settings = Self.defaults.merging(settings) { $1 }
        self.place = place
    }

    var port: UInt16 { place.client.port }
    var peerPort: UInt16 { place.peer.port }
    var adminPort: UInt16 { place.admin.port }

    /// What others are told to dial.
    var peerAddress: String { (place.advertisedPeer ?? place.peer).text }

    var dataDirectory: String { settings["data-dir"] ?? folder.path("data") }

    var arguments: [String] {
        var all = settings
        all["data-dir"] = dataDirectory
        all["listen"] = all["listen"] ?? place.client.text
        all["peer-listen"] = all["peer-listen"] ?? place.peer.text
        all["admin-listen"] = all["admin-listen"] ?? place.admin.text
        if let advertised = place.advertisedPeer { all["peer-advertise"] = advertised.text }
        // Nobody but the tests gets into a namespace.
        if place.client.namespace != nil { all["protected-mode"] = "no" }
        let flags = all.sorted { $0.key < $1.key }.flatMap { ["--\($0.key)", $0.value] }
        return flags + seeds.flatMap { ["--join", $0] }
    }

    // MARK: Lives

    /// Starts the process and returns at once.
    func launch() throws {
        starts += 1
        let log = "log.\(starts)"
        Scenario.keepLog(of: name, folder, log)
        let words = place.launcher + [Self.program] + arguments
        let process = try ChildProcess(
            words[0], Array(words.dropFirst()), output: folder.path("out.\(starts)"),
            errors: folder.path(log))
        place.started(process.pid)
        self.process = process
    }

    /// Waits for the line that says that it serves.
    func waitUntilServing() throws {
        try wait(for: "\(name) to serve", within: .seconds(60)) {
            if let ending = process?.poll() {
                throw Failure("\(name) ended with \(ending): \(log)")
            }
            return folder.text("out.\(starts)").contains(" serves clients at ")
        }
    }

    func start() throws {
        try launch()
        try waitUntilServing()
    }

    /// kill -9.
    func kill() {
        connection = nil
        process?.end()
    }

    /// SIGTERM, and how it ended.
    @discardableResult
    func stop() throws -> ChildProcess.Ending {
        connection = nil
        guard let process else { throw Failure("\(name) was never started") }
        process.signal(SIGTERM)
        return try process.wait()
    }

    func restart() throws {
        if process?.poll() == nil { try stop() }
        try start()
    }

    /// SIGSTOP. Returns when all threads stand still: the signal alone leaves a busy one time to
    /// answer what it has read.
    func pause() {
        process?.signal(SIGSTOP)
        while let process, process.poll() == nil, !process.isStopped { usleep(1000) }
    }

    func resume() { process?.signal(SIGCONT) }

    /// Gives it other addresses for its next start.
    func move() { place = .loopback() }

    var isRunning: Bool { process.map { $0.poll() == nil } ?? false }

    /// What the present run has logged.
    var log: String { folder.text("log.\(starts)") }

    // MARK: Talking

    /// A new connection that has said nothing yet.
    func connect(timeout: Duration = .seconds(20)) throws -> RedisConnection {
        try RedisConnection(to: place.client, timeout: timeout)
    }

    private func authenticated() throws -> RedisConnection {
        let connection = try connect()
        if let password = settings["password"], try connection.call("AUTH", password) != .ok {
            throw Failure("\(name) does not take its own password")
        }
        return connection
    }

    /// Sends one command on a connection that is kept.
    @discardableResult
    func call(_ words: String...) throws -> Reply { try call(words.map { Array($0.utf8) }) }

    @discardableResult
    func call(_ words: [[UInt8]]) throws -> Reply {
        let connection = try self.connection ?? authenticated()
        self.connection = nil
        let reply = try connection.call(words)
        self.connection = connection
        return reply
    }

    func get(_ path: String) throws -> HTTPAnswer { try HTTP.get(path, at: place.admin) }

    /// One field of INFO.
    func info(_ field: String) throws -> String? {
        let lines = try call("INFO", "everything").text?.split(separator: "\r\n") ?? []
        let prefix = field + ":"
        return lines.first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    }

    /// The sum of one metric over its labels.
    func metric(_ name: String) throws -> Double {
        let lines = try get("/metrics").body.split(separator: "\n")
        let values = lines.filter { $0.hasPrefix(name + " ") || $0.hasPrefix(name + "{") }
        return values.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            .reduce(0, +)
    }
}
