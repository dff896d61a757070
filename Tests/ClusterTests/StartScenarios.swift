import Foundation
import Testing
import Wire

extension ClusterScenarios {
    /// What is in the way of a start is said in one line, and the exit status is 1.
    @Suite struct StartScenarios {}
}

/// The end of a start that must fail: one line that has all of `words`.
private func expectRefusal(
    _ server: Server, saying words: String..., sourceLocation: SourceLocation = #_sourceLocation
) throws {
    try server.launch()
    let ending = try server.process?.wait()
    #expect(ending == .exited(1), sourceLocation: sourceLocation)
    let lines = server.log.split(separator: "\n").filter { !$0.hasPrefix("time=") }
    #expect(lines.count == 1, "\(server.log)", sourceLocation: sourceLocation)
    #expect(lines.first?.hasPrefix("martlet: ") == true, sourceLocation: sourceLocation)
    for word in words {
        #expect(lines.first?.contains(word) == true, "\(lines)", sourceLocation: sourceLocation)
    }
}

/// A node that has written some data and stopped, in order or not.
private func serverWithData(inOrder: Bool) throws -> Server {
    let node = try Server.alone(["wal-sync": "always"])
    for index in 0..<200 { #expect(try node.call("SET", "key:\(index)", "value") == .ok) }
    if inOrder { try node.stop() } else { node.kill() }
    return node
}

/// The largest file of the database with this suffix.
private func largestFile(of server: Server, suffix: String) throws -> String {
    let all = FileManager.default.enumerator(atPath: server.dataDirectory)?.allObjects ?? []
    let paths = all.compactMap { $0 as? String }.filter { $0.hasSuffix(suffix) }
        .map { "\(server.dataDirectory)/\($0)" }
    func size(_ path: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int ?? 0
    }
    guard let path = paths.max(by: { size($0) < size($1) }) else {
        throw Failure("no file \(suffix) in \(server.dataDirectory)")
    }
    return path
}

private func flipByte(of path: String, at part: Double) throws {
    var data = try Data(contentsOf: URL(filePath: path))
    let index = Int(Double(data.count) * part)
    data[index] ^= 0x10
    try data.write(to: URL(filePath: path))
}

extension ClusterScenarios.StartScenarios {
    @Test(arguments: [
        ["no-such-setting": "1"], ["n": "0"], ["r": "x"], ["partitions": "100"],
        ["memory": "1mb"], ["listen": "nowhere"], ["wal-sync": "sometimes"],
        ["r": "4", "n": "3"],
    ])
    func `a wrong setting is named`(_ settings: [String: String]) throws {
        let server = try Server("node", settings: settings)
        try expectRefusal(server, saying: settings.keys.sorted().last ?? "")
    }

    @Test func `a wrong line of the file is named with its number`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("martlet.conf")
        try "# fine\nn 3\nspeed 11\n".write(toFile: path, atomically: true, encoding: .utf8)
        let run = try Run(Server.program, [path])
        #expect(run.ending == .exited(1))
        #expect(run.errors.contains("\(path):3"))
        #expect(run.errors.contains("speed"))
        let absent = try Run(Server.program, [folder.path("absent.conf")])
        #expect(absent.ending == .exited(1))
        #expect(absent.errors.contains("absent.conf"))
    }

    @Test func `an occupied port is named`() throws {
        let first = try Server.alone()
        for (setting, port) in [
            ("listen", first.port), ("peer-listen", first.peerPort),
            ("admin-listen", first.adminPort),
        ] {
            let second = try Server("second", settings: [setting: "127.0.0.1:\(port)"])
            try expectRefusal(second, saying: "'\(setting)'", "\(port)")
        }
        #expect(try first.call("PING") == .simple("PONG"))
    }

    @Test func `a data directory that cannot be is named`() throws {
        let folder = try TemporaryFolder()
        try "a file".write(toFile: folder.path("file"), atomically: true, encoding: .utf8)
        for path in [folder.path("file"), folder.path("file/below"), "/proc/martlet"] {
            try expectRefusal(try Server("node", settings: ["data-dir": path]), saying: path)
        }
    }

    @Test func `a second process on a data directory is refused`() throws {
        let first = try Server.alone()
        #expect(try first.call("SET", "key", "1") == .ok)
        let second = try Server("second", settings: ["data-dir": first.dataDirectory])
        try expectRefusal(second, saying: first.dataDirectory, "in use by another process")
        #expect(try first.call("GET", "key") == .bulk("1"))
        #expect(try first.call("SET", "key", "2") == .ok)
        first.kill()
        try second.start()
        #expect(try second.call("GET", "key") == .bulk("2"))
    }

    @Test func `a flipped bit in the middle of the log is refused`() throws {
        let node = try serverWithData(inOrder: false)
        try flipByte(of: try largestFile(of: node, suffix: ".log"), at: 0.5)
        try expectRefusal(node, saying: "corrupt", "must not serve")
    }

    @Test func `a log without its last bytes is served, for they were never acknowledged`() throws {
        let node = try serverWithData(inOrder: false)
        let path = try largestFile(of: node, suffix: ".log")
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.truncate(atOffset: try handle.seekToEnd() - 3)
        try handle.close()
        try node.start()
        #expect(try node.call("GET", "key:0") == .bulk("value"))
    }

    @Test func `a damaged table file is refused`() throws {
        let node = try serverWithData(inOrder: true)
        try node.restart()
        try node.stop()
        let path = try largestFile(of: node, suffix: ".sst")
        var data = try Data(contentsOf: URL(filePath: path))
        data.removeLast(20)
        try data.write(to: URL(filePath: path))
        try expectRefusal(node, saying: "corrupt", "must not serve")
    }

    @Test func `what the manual says is what the program prints`() throws {
        let help = try Run(Server.program, ["--help"])
        #expect(help.isSuccess)
        #expect(help.output.contains("data-dir"))
        let version = try Run(Server.program, ["--version"])
        #expect(version.isSuccess)
    }
}
