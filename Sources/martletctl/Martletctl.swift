internal import Glibc
internal import Platform

/// The command line of a Martlet cluster: asks one node's admin port, and prints the answer.
@main struct Martletctl {
    static func main() {
        let outcome = Program.run(
            Array(CommandLine.arguments.dropFirst()),
            password: unsafe getenv("MARTLET_PASSWORD").map { unsafe String(cString: $0) })
        CommandLineTool.write(outcome.output)
        CommandLineTool.write(outcome.complaint, to: .error)
        exit(outcome.status.rawValue)
    }
}
