import Foundation

/// A program run to its end.
struct Run {
    let ending: ChildProcess.Ending
    let output: String
    let errors: String

    init(
        _ program: String, _ arguments: [String], within limit: Duration = .seconds(60)
    ) throws {
        let folder = try TemporaryFolder()
        let child = try ChildProcess(
            program, arguments, output: folder.path("out"), errors: folder.path("err"))
        ending = try child.wait(within: limit)
        output = folder.text("out")
        errors = folder.text("err")
    }

    var isSuccess: Bool { ending == .exited(0) }

    /// Where a program lies; nil when it is not installed.
    static func find(_ program: String) -> String? {
        let folders = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return folders.split(separator: ":").map { "\($0)/\(program)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

/// A folder that is gone with this value.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory
            .appending(path: "martlet-cluster-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }

    /// Empty when there is no such file.
    func text(_ name: String) -> String {
        guard let data = FileManager.default.contents(atPath: path(name)) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}
