internal import Essentials
internal import Platform

typealias Failure = CommandLineTool.Failure
typealias ExitStatus = CommandLineTool.ExitStatus

/// The whole program but for its input and output.
enum Program {
    struct Outcome: Equatable {
        var status: ExitStatus
        /// For the standard output.
        var output = ""
        /// For the standard error.
        var complaint = ""
    }

    /// - Parameter password: `MARTLET_PASSWORD`, when it is set.
    static func run(_ arguments: [String], password: String?) -> Outcome {
        do throws(Failure) {
            return Outcome(status: .done, output: try perform(arguments, password: password))
        } catch {
            let (status, complaint) = CommandLineTool.outcome(
                of: error, in: "martletctl", help: "martletctl help")
            return Outcome(status: status, complaint: complaint)
        }
    }

    private static func perform(
        _ arguments: [String], password: String?
    ) throws(Failure) -> String {
        let options = try Options(arguments)
        if options.wantsVersion { return Command.versionLine }
        guard let name = options.words.first else {
            if options.wantsHelp { return Help.text }
            throw .usage("which command?")
        }
        guard !name.hasPrefix("-") else { throw .usage("unknown option '\(name)'") }
        guard let command = Command.all.first(where: { $0.name == name }) else {
            throw .usage("unknown command '\(name)'")
        }
        if options.wantsHelp { return command.help }
        let client = AdminClient(
            address: options.admin, password: try options.password() ?? password)
        let invocation = CommandInvocation(
            command: command, words: Array(options.words.dropFirst()), client: client,
            wantsJSON: options.wantsJSON)
        return try command.run(invocation)
    }
}
