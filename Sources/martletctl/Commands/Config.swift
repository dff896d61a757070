internal import Essentials
internal import Platform

extension Command {
    static let config = Command(
        name: "config", synopsis: "config get|set|rewrite ...",
        summary: "Show or change settings of the node.",
        details: """
            config get [PATTERN]     Prints the settings whose names match, such as 'slowlog-*'.
            config set NAME VALUE    Changes a setting until the node stops.
            config rewrite           Makes the node's configuration file say what the node does.

            What the settings mean is in config/martlet.conf. Some can only be changed by a restart.
            """,
        run: { invocation throws(Failure) in
            let words = invocation.words
            switch words.first {
            case "get" where words.count <= 2:
                return try ConfigText.get(words.count > 1 ? words[1] : "*", invocation)
            case "set" where words.count == 3:
                return try ConfigText.set(words[1], words[2], invocation)
            case "rewrite" where words.count == 1: return try ConfigText.rewrite(invocation)
            default:
                throw .usage(
                    "usage: martletctl config get [PATTERN] | set NAME VALUE | rewrite")
            }
        })
}

private enum ConfigText {
    static func get(
        _ pattern: String, _ invocation: CommandInvocation
    ) throws(Failure) -> String {
        let path = "/v1/config?pattern=" + AdminClient.encoded(pattern)
        return try invocation.show(path) { answer throws(Failure) in
            let settings = answer["settings"]?.elements ?? []
            guard !settings.isEmpty else { throw .failed("no setting matches '\(pattern)'") }
            var table = Table([("setting", .left), ("value", .left)])
            for setting in settings {
                table.append([setting["name"]?.string ?? "", setting["value"]?.string ?? ""])
            }
            return table.text
        }
    }

    static func set(
        _ name: String, _ value: String, _ invocation: CommandInvocation
    ) throws(Failure) -> String {
        let body: JSON = ["name": .string(name), "value": .string(value)]
        let answer = try invocation.client.send("PUT", "/v1/config", body: body)
        return try invocation.show(answer) { answer in
            let value = Table.printable(answer["value"]?.string ?? "")
            return "\(Table.printable(name)) is now \(value.isEmpty ? "empty" : value)\n"
        }
    }

    static func rewrite(_ invocation: CommandInvocation) throws(Failure) -> String {
        let answer = try invocation.client.send("POST", "/v1/config/rewrite", body: [:])
        return try invocation.show(answer) { answer in
            "wrote \(Table.printable(answer["path"]?.string ?? ""))\n"
        }
    }
}
