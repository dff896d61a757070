import Foundation
import Testing

/// A text file of commands and of what they print.
///
///     # A comment.
///     command
///     command
///     ----
///     what they print
///
/// Blocks are separated by empty lines. With `MARTLET_REWRITE=1` in the environment files are
/// written anew with what was printed: look at the difference, and commit it only when you can
/// explain it.
struct ScenarioFile {
    private struct Block {
        var comments: [String] = []
        var commands: [String] = []
        var expected: [String] = []
        var line = 0
    }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Scenarios").path

    /// The names of all files, without their ending.
    static var all: [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
        return (names ?? []).filter { $0.hasSuffix(".txt") }.map { String($0.dropLast(4)) }.sorted()
    }

    private let path: String
    private let blocks: [Block]

    init(_ name: String) throws {
        path = "\(Self.folder)/\(name).txt"
        var blocks: [Block] = []
        var block = Block()
        var isExpecting = false
        let lines = try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "\n")
        for (index, line) in (lines + [""]).enumerated() {
            if line == "----" {
                isExpecting = true
                block.line = index + 1
            } else if line.isEmpty {
                if isExpecting {
                    blocks.append(block)
                    block = Block()
                }
                isExpecting = false
            } else if isExpecting {
                block.expected.append(line)
            } else if line.hasPrefix("#") {
                block.comments.append(line)
            } else {
                block.commands.append(line)
            }
        }
        self.blocks = blocks
    }

    /// - Parameter execute: carries out the commands of one block and returns what they print.
    func run(_ execute: ([String]) throws -> [String]) throws {
        let isRewriting = ProcessInfo.processInfo.environment["MARTLET_REWRITE"] == "1"
        var rewritten: [String] = []
        for block in blocks {
            let printed = try execute(block.commands)
            if !isRewriting {
                #expect(printed == block.expected, "\(path):\(block.line)")
            }
            let lines = block.comments + block.commands + ["----"] + printed
            rewritten.append(lines.joined(separator: "\n"))
        }
        guard isRewriting else { return }
        let text = rewritten.joined(separator: "\n\n") + "\n"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }
}
