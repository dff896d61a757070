import Foundation

/// The repository's own files, as the tests look at them.
enum Repository {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// All Swift files of the programs and libraries, by path.
    static let sources = swiftFiles(below: "Sources")
    /// The same, and the tests.
    static let allSwift = sources + swiftFiles(below: "Tests")
    /// The text that people read: README and articles.
    static let prose = ["README.md"] + paths(below: "Sources") { $0.hasSuffix(".md") }

    static func text(_ path: String) -> String {
        guard let data = FileManager.default.contents(atPath: root.appending(path: path).path())
        else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path())
    }

    static func isFolder(_ path: String) -> Bool {
        let url = root.appending(path: path)
        return (try? url.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory ?? false
    }

    static func isExecutable(_ path: String) -> Bool {
        FileManager.default.isExecutableFile(atPath: root.appending(path: path).path())
    }

    /// Names in a folder, sorted, without hidden ones.
    static func names(in folder: String) -> [String] {
        let url = root.appending(path: folder)
        let found = (try? FileManager.default.contentsOfDirectory(atPath: url.path())) ?? []
        return found.filter { !$0.hasPrefix(".") }.sorted()
    }

    /// Paths of the files below a folder, at any depth, sorted.
    static func paths(below folder: String, where isWanted: (String) -> Bool) -> [String] {
        let url = root.appending(path: folder)
        let found = (try? FileManager.default.subpathsOfDirectory(atPath: url.path())) ?? []
        return found.filter(isWanted).sorted().map { "\(folder)/\($0)" }
    }

    private static func swiftFiles(below folder: String) -> [SourceFile] {
        paths(below: folder) { $0.hasSuffix(".swift") }.map { SourceFile(path: $0) }
    }
}

/// A place in a file that breaks a rule.
struct Violation: Equatable, CustomStringConvertible {
    var path: String
    var line: Int
    var text: String

    var description: String { "\n\(path):\(line): \(text)" }

    static func trimmed(_ line: String) -> String { String(line.drop { $0 == " " }) }
}
