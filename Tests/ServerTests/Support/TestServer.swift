import Foundation
import TestSupport
import Testing

/// A server process on free ports of the loopback interface, with a directory of its own.
///
/// Ended by its process id when the test lets go of it. Confined to its test.
final class TestServer {
    struct Failure: Error, CustomStringConvertible { let description: String }

    private static let startSecondsMax = 30.0

    private let process = Process()
    private let output = Pipe()
    let directory: URL
    private(set) var port: UInt16 = 0
    /// Where other nodes of its cluster find it.
    private(set) var peerAddress = ""
    private(set) var adminAddress = ""
    private let ownsDirectory: Bool

    private init(
        _ executable: URL, _ arguments: [String], directory: URL, ownsDirectory: Bool
    ) throws {
        self.directory = directory
        self.ownsDirectory = ownsDirectory
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.standardOutput = output
        let log = directory.appendingPathComponent("stderr.log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        ProcessGuard.shared.watch(process.processIdentifier)
    }

    deinit {
        kill()
        ProcessGuard.shared.forget(process.processIdentifier)
        if ownsDirectory { try? FileManager.default.removeItem(at: directory) }
    }

    private static func makeDirectory() throws -> URL {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("martlet-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: true)
        return directory
    }

    // MARK: Martlet

    /// The program that was built beside the tests.
    private static var martlet: URL {
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return tests.deletingLastPathComponent().appendingPathComponent("martlet")
    }

    /// A machine, or a disk, that is busy with other tests is no reason to refuse a client. Tests
    /// that are about waiting and refusing set their own.
    private static let patience = [
        ("--request-timeout-ms", "15000"), ("--overload-delay-ms", "10000"),
    ]

    /// Starts a node that is patient with its clients, and waits until it serves.
    ///
    /// - Parameters:
    ///   - settings: names and values in turn, such as `"--n", "2"`.
    ///   - directory: of an earlier run, whose data it takes over.
    static func martlet(
        _ settings: String..., directory: URL? = nil
    ) throws -> TestServer {
        try martlet(settings, directory: directory)
    }

    static func martlet(_ settings: [String], directory: URL? = nil) throws -> TestServer {
        let home = try directory ?? makeDirectory()
        let addresses = ["--listen", "--peer-listen", "--admin-listen"]
            .filter { !settings.contains($0) }.flatMap { [$0, "127.0.0.1:0"] }
        let patience = patience.filter { !settings.contains($0.0) }.flatMap { [$0.0, $0.1] }
        let data = home.appendingPathComponent("data").path
        // Nobody else looks for a node at these addresses: it need not wait for that.
        let found = settings.contains("--found") ? [] : ["--found", "yes"]
        let server = try TestServer(
            martlet, ["--data-dir", data] + addresses + patience + found + settings,
            directory: home,
            ownsDirectory: directory == nil)
        try server.readAddresses()
        return server
    }

    /// Reads the line that a node prints when it serves.
    private func readAddresses() throws {
        let line = try firstLine()
        let words = line.split(separator: " ").map { $0.trimmingCharacters(in: [","]) }
        func address(after word: String) -> String? {
            guard let place = words.firstIndex(of: word), place + 2 < words.count else {
                return nil
            }
            return words[place + 2]
        }
        guard let clients = address(after: "clients"), let peers = address(after: "peers"),
            let admin = address(after: "admins"),
            let port = clients.split(separator: ":").last.flatMap({ UInt16($0) })
        else { throw Failure(description: "the node does not serve: \(line)\(log)") }
        self.port = port
        peerAddress = peers
        adminAddress = admin
    }

    private func firstLine() throws -> String {
        var bytes = Data()
        let deadline = Date(timeIntervalSinceNow: Self.startSecondsMax)
        while Date() < deadline {
            let chunk = output.fileHandleForReading.availableData
            guard !chunk.isEmpty else { break }
            bytes += chunk
            if let end = bytes.firstIndex(of: 10) {
                return String(decoding: bytes[..<end], as: UTF8.self)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Redis

    /// Starts a Redis to compare with; nil where none is installed.
    static func redis(_ settings: String...) throws -> TestServer? {
        let places = ["/usr/bin/redis-server", "/usr/local/bin/redis-server"]
        let isThere = FileManager.default.isExecutableFile
        guard let program = places.first(where: isThere) else { return nil }
        // Redis takes no port 0.
        let ports = Ports.take(2)
        let arguments = [
            "--port", "\(ports[0])", "--cluster-port", "\(ports[1])", "--bind", "127.0.0.1",
            "--save", "",
        ]
        let server = try TestServer(
            URL(fileURLWithPath: program), arguments + settings, directory: makeDirectory(),
            ownsDirectory: true)
        server.port = ports[0]
        guard server.answers() else { throw Failure(description: "Redis does not answer") }
        return server
    }

    private func answers() -> Bool {
        let deadline = Date(timeIntervalSinceNow: Self.startSecondsMax)
        while process.isRunning, Date() < deadline {
            if let client = try? TestClient(port: port), (try? client.run("PING")) != nil {
                return true
            }
            usleep(20_000)
        }
        return false
    }

    // MARK: Running

    func client() throws -> TestClient { try TestClient(port: port) }

    /// What the server has logged, for messages.
    var log: String {
        let file = directory.appendingPathComponent("stderr.log")
        return (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    }

    var isRunning: Bool { process.isRunning }
    var exitStatus: Int32 { process.terminationStatus }

    /// Asks the server to stop and waits for its end.
    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    /// Ends the server without a chance to do anything more.
    func kill() {
        guard process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Sends a signal, such as SIGSTOP.
    func send(signal: Int32) { Foundation.kill(process.processIdentifier, signal) }

    /// Waits for the server's own end; false when it goes on.
    func ends(withinSeconds seconds: Double = 20) -> Bool {
        eventually(withinSeconds: seconds) { !self.process.isRunning }
    }
}

/// Waits until `condition` holds; false when it does not in time.
func eventually(withinSeconds seconds: Double = 20, _ condition: () throws -> Bool) rethrows -> Bool
{
    let deadline = Date(timeIntervalSinceNow: seconds)
    while true {
        if try condition() { return true }
        guard Date() < deadline else { return false }
        usleep(10_000)
    }
}
