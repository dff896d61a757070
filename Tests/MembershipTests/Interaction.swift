import Foundation
import Testing

/// A text file of commands and of what they print, which the test compares and can rewrite.
///
///     # A comment.
///     command
///     command
///     ----
///     what they print
///
/// With `MARTLET_REWRITE=1` in the environment the file is written anew with what was printed:
/// look at the difference before you commit it.
struct Interaction {
    private struct Step {
        var comments: [String] = []
        var commands: [String] = []
        var expected: [String] = []
        var line = 0
    }

    private let path: String
    private let steps: [Step]

    /// - Parameter name: a file beside this one, without its ending.
    init(_ name: String) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        path = folder.appendingPathComponent("Interactions/\(name).txt").path
        var steps: [Step] = []
        var step = Step()
        var isExpecting = false
        let lines = try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "\n")
        for (index, line) in (lines + [""]).enumerated() {
            if line == "----" {
                isExpecting = true
                step.line = index + 1
            } else if line.isEmpty {
                if isExpecting { steps.append(step) }
                if isExpecting { step = Step() }
                isExpecting = false
            } else if isExpecting {
                step.expected.append(line)
            } else if line.hasPrefix("#") {
                step.comments.append(line)
            } else {
                step.commands.append(line)
            }
        }
        self.steps = steps
    }

    /// - Parameter execute: carries out a command, given as its words, and returns what it prints.
    func run(_ execute: ([String]) throws -> [String]) throws {
        let rewrites = ProcessInfo.processInfo.environment["MARTLET_REWRITE"] == "1"
        var rewritten: [String] = []
        for step in steps {
            let printed = try step.commands.flatMap { command in
                try execute(command.split(separator: " ").map(String.init))
            }
            if !rewrites {
                #expect(printed == step.expected, "\(path), line \(step.line)")
            }
            rewritten.append(
                (step.comments + step.commands + ["----"] + printed).joined(separator: "\n"))
        }
        if rewrites {
            try (rewritten.joined(separator: "\n\n") + "\n").write(
                toFile: path, atomically: true, encoding: .utf8)
        }
    }
}
