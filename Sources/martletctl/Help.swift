/// What `martletctl help` prints.
enum Help {
    static var text: String {
        var out = """
            Usage: martletctl [OPTION]... COMMAND [ARGUMENT]...

            Asks a Martlet node about itself and its cluster, and changes its settings.

            Commands:

            """
        for command in Command.all {
            let padding = String(repeating: " ", count: max(2, 28 - command.synopsis.count))
            out += "  \(command.synopsis)\(padding)\(command.summary)\n"
        }
        return out + """

            Options:
              --admin HOST:PORT           The admin port of the node to ask: \(Options.adminDefault).
              --json                      Print the node's answer as JSON, for programs.
              --password-file FILE        The password is the first line of FILE. Without this
                                          option it is MARTLET_PASSWORD, if that is set.
              --help, -h                  Print this, or with a command, how to use it.
              --version                   Print the version.

            Exit status: 0 done, 1 refused or failed, 2 wrong usage.

            """
    }
}
