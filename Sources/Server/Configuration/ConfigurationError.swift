/// Why a configuration was refused: always something that an admin can put right.
public enum ConfigurationError: Error, Equatable, CustomStringConvertible {
    case unknown(name: String, suggestion: String?)
    /// `text` is nil when the value is a secret.
    case invalidValue(name: String, rule: String, text: String?)
    /// A running server cannot take over a new value.
    case needsRestart(name: String)
    /// A name that only mirrors other settings, for tools made for Redis.
    case readOnly(name: String)
    case repeated(name: String)
    /// Two values that cannot go together, or a set-up that would not be safe.
    case conflict(name: String, reason: String)
    /// A line or an argument that is no `name value`.
    case malformed(String)
    /// The file cannot be read or written; the text begins with its path.
    case file(String)
    /// The server was started without a file, so there is nothing to rewrite.
    case noFile
    /// One of the above at a line of a file or an argument of the command line.
    indirect case at(place: String, ConfigurationError)

    /// One line that says what is wrong, and where.
    public var description: String {
        switch self {
        case .unknown(let name, let suggestion):
            "unknown setting '\(name)'" + (suggestion.map { " (did you mean '\($0)'?)" } ?? "")
        case .invalidValue(let name, let rule, let text):
            "'\(name)' must be \(rule)" + (text.map { $0.isEmpty ? "" : ", not '\($0)'" } ?? "")
        case .needsRestart(let name): "'\(name)' cannot be changed while the server runs"
        case .readOnly(let name):
            "'\(name)' is there for tools made for Redis and cannot be changed"
        case .repeated(let name): "'\(name)' is given more than once"
        case .conflict(_, let reason): reason
        case .malformed(let reason), .file(let reason): reason
        case .noFile: "the server was started without a configuration file"
        case .at(let place, let error): "\(place): \(error)"
        }
    }

    /// The setting that is at fault, where there is one.
    public var name: String? {
        switch self {
        case .unknown(let name, _), .invalidValue(let name, _, _), .needsRestart(let name),
            .readOnly(let name), .repeated(let name), .conflict(let name, _):
            name
        case .malformed, .file, .noFile: nil
        case .at(_, let error): error.name
        }
    }
}
