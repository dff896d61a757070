import Platform
import Testing

@testable import martletctl

@Suite struct HelpTests {
    @Test(arguments: [["help"], ["--help"], ["-h"]])
    func `help lists commands and options`(arguments: [String]) {
        let outcome = Program.run(arguments, password: nil)
        #expect(outcome.status == .done)
        #expect(
            outcome.output == """
                Usage: martletctl [OPTION]... COMMAND [ARGUMENT]...

                Asks a Martlet node about itself and its cluster, and changes its settings.

                Commands:
                  status                      The node, its cluster and the members.
                  ring [--table]              How the partitions are placed on the nodes.
                  hints                       What this node keeps for members that could not be reached.
                  explain KEY                 Where a key lives, and what each replica has of it.
                  keyspace list|set|unset     Policies of keys by their prefixes.
                  forget [--plan] NODE...     Take out members that are lost for good.
                  recover [--plan] NODE...    Go on after the loss of most voters.
                  config get|set|rewrite ...  Show or change settings of the node.
                  metrics [PATTERN]           What the node measures.
                  placement NODE...           Work out a placement without a cluster.
                  version                     The versions of martletctl and of the node.
                  help [COMMAND]              This text, or how to use a command.

                Options:
                  --admin HOST:PORT           The admin port of the node to ask: 127.0.0.1:7381.
                  --json                      Print the node's answer as JSON, for programs.
                  --password-file FILE        The password is the first line of FILE. Without this
                                              option it is MARTLET_PASSWORD, if that is set.
                  --help, -h                  Print this, or with a command, how to use it.
                  --version                   Print the version.

                Exit status: 0 done, 1 refused or failed, 2 wrong usage.

                """)
    }

    @Test(arguments: Command.all.map(\.name))
    func `every command explains itself`(name: String) {
        let help = Program.run(["help", name], password: nil)
        #expect(help.status == .done)
        #expect(help.output.hasPrefix("Usage: martletctl [OPTION]... \(name)"))
        #expect(help == Program.run([name, "--help"], password: nil))
        for line in help.output.split(separator: "\n") { #expect(line.count <= 110, "\(line)") }
    }
}
