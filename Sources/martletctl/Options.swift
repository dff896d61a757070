internal import Essentials
internal import Platform

/// The options that every command takes, wherever they stand, and the words between them.
struct Options {
    static let adminDefault = SocketAddress(host: "127.0.0.1", port: 7381)

    private(set) var admin = Self.adminDefault
    private(set) var wantsJSON = false
    private(set) var wantsHelp = false
    private(set) var wantsVersion = false
    private(set) var passwordFile: String?
    /// The command and its arguments. Options of a command itself stay among them.
    private(set) var words: [String] = []

    init(_ arguments: [String]) throws(Failure) {
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            let parts = argument.split(separator: "=", maxSplits: 1)
            switch parts.first.map(String.init) ?? "" {
            case "--json": wantsJSON = true
            case "--help", "-h": wantsHelp = true
            case "--version": wantsVersion = true
            case "--admin":
                let text = try Self.value(of: argument, arguments, &index)
                guard let address = SocketAddress(text), address.port > 0, !address.host.isEmpty
                else { throw .usage("'--admin' must be HOST:PORT, not '\(text)'") }
                admin = address
            case "--password-file":
                passwordFile = try Self.value(of: argument, arguments, &index)
            case "--":
                // What follows is meant as it is: `martletctl explain -- --json`.
                words += arguments[index...]
                return
            default: words.append(argument)
            }
        }
    }

    private static func value(
        of argument: String, _ arguments: [String], _ index: inout Int
    ) throws(Failure) -> String {
        if let equals = argument.firstIndex(of: "=") {
            return String(argument[argument.index(after: equals)...])
        }
        guard index < arguments.count else { throw .usage("'\(argument)' needs a value") }
        index += 1
        return arguments[index - 1]
    }

    /// The first line of the password file, when one is given.
    func password() throws(Failure) -> String? {
        guard let passwordFile else { return nil }
        do throws(PlatformError) {
            let text = try FileSystem.readText(passwordFile)
            return String(text.prefix { !$0.isNewline })
        } catch {
            throw .failed(error.description)
        }
    }
}
