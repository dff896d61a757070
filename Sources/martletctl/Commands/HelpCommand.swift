internal import Platform

extension Command {
    static let help = Command(
        name: "help", synopsis: "help [COMMAND]",
        summary: "This text, or how to use a command.",
        details: "Prints the list of commands, or how to use one of them.",
        run: { invocation throws(Failure) in
            guard let name = try invocation.words(0...1).first else { return Help.text }
            guard let command = all.first(where: { $0.name == name }) else {
                throw .usage("unknown command '\(name)'")
            }
            return command.help
        })
}
