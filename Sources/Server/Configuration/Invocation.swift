internal import Essentials

/// What `martlet` was asked to do: `martlet [FILE] [--NAME VALUE]…`.
public enum Invocation: Sendable {
    /// Run the server.
    case serve(ConfigurationStore)
    /// Print this and be done: `--help`, `--version`, `--print-config`.
    case show(String)

    /// Reads the arguments, without the program's name, and the file that they mention.
    ///
    /// What is on the command line goes over what is in the file, wherever the file is mentioned.
    public static func parse(
        _ arguments: [String]
    ) throws(ConfigurationError) -> Invocation {
        var path: String?
        var flags: [(setting: Setting, texts: [String])] = []
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            switch argument {
            case "--help", "-h": return .show(Manual.help)
            case "--version", "-v": return .show("martlet \(Release.version)\n")
            case "--print-config": return .show(Manual.file)
            default: break
            }
            guard argument.hasPrefix("--") else {
                guard !argument.hasPrefix("-"), path == nil else {
                    throw .malformed("unexpected argument '\(argument)' (see martlet --help)")
                }
                path = argument
                continue
            }
            do throws(ConfigurationError) {
                try readFlag(argument, arguments, &index, into: &flags)
            } catch {
                throw .at(place: "command line", error)
            }
        }
        return .serve(try load(path, flags))
    }

    /// Reads `--NAME VALUE` or `--NAME=VALUE`.
    private static func readFlag(
        _ argument: String, _ arguments: [String], _ index: inout Int,
        into flags: inout [(setting: Setting, texts: [String])]
    ) throws(ConfigurationError) {
        let parts = argument.dropFirst(2).split(
            separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let setting = try Setting.find(String(parts[0]))
        let text: String
        if parts.count == 2 {
            text = String(parts[1])
        } else {
            guard index < arguments.count, !arguments[index].hasPrefix("--") else {
                throw .malformed("'--\(setting.name)' needs a value: \(setting.placeholder)")
            }
            text = arguments[index]
            index += 1
        }
        if let place = flags.firstIndex(where: { $0.setting.name == setting.name }) {
            guard setting.isRepeatable else { throw .repeated(name: setting.name) }
            flags[place].texts.append(text)
        } else {
            flags.append((setting, [text]))
        }
    }

    private static func load(
        _ path: String?, _ flags: [(setting: Setting, texts: [String])]
    ) throws(ConfigurationError) -> ConfigurationStore {
        var configuration = Configuration()
        if let path {
            let contents = try FileAccess.read(path)
            try ConfigurationFile(path: path, contents: contents).apply(to: &configuration)
        }
        for (setting, texts) in flags {
            do throws(ConfigurationError) {
                try setting.set(texts, in: &configuration)
            } catch {
                throw .at(place: "command line", error)
            }
        }
        try configuration.check()
        return ConfigurationStore(configuration, path: path)
    }
}
