internal import Essentials
internal import Platform

/// One subcommand: what it is called, what it is for, and what it does.
struct Command: Sendable {
    let name: String
    /// The arguments, as the help shows them: `explain KEY`.
    let synopsis: String
    /// For the list of commands.
    let summary: String
    /// For `martletctl help COMMAND`: how to read what it prints.
    let details: String
    /// Returns what to print.
    let run: @Sendable (CommandInvocation) throws(Failure) -> String

    /// In the order of the help.
    static let all: [Command] = [
        status, ring, hints, explain, keyspace, forget, recover, config, metrics, placement,
        version, help,
    ]

    var help: String { "Usage: martletctl [OPTION]... \(synopsis)\n\n\(details)\n" }

    static let versionLine = "martletctl \(Release.version)\n"
}

/// A command with what it was given.
struct CommandInvocation {
    let command: Command
    let words: [String]
    let client: AdminClient
    let wantsJSON: Bool

    /// The arguments, when there are as many as the command takes.
    func words(_ count: ClosedRange<Int>) throws(Failure) -> [String] {
        guard count.contains(words.count) else {
            throw .usage("usage: martletctl \(command.synopsis)")
        }
        return words
    }

    /// Prints the answer to a GET: unchanged with `--json`, else as `describe` has it.
    func show(
        _ path: String, describe: (JSON) throws(Failure) -> String
    ) throws(Failure) -> String {
        try show(try client.get(path), describe: describe)
    }

    func show(
        _ body: [UInt8], describe: (JSON) throws(Failure) -> String
    ) throws(Failure) -> String {
        if wantsJSON { return String(decoding: body, as: UTF8.self) }
        return try describe(try AdminClient.parse(body))
    }
}
