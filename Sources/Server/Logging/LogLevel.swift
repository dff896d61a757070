/// How much a log line matters; ordered.
public enum LogLevel: String, CaseIterable, Comparable, Sendable {
    /// Steps of the protocols, for whoever looks for a fault.
    case debug
    /// Starts, stops, members coming and going.
    case info
    /// What may soon need an admin.
    case warn
    /// What needs an admin now.
    case error

    /// `debug` is 0.
    var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warn: 2
        case .error: 3
        }
    }

    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }
}

/// How a log line is written.
public enum LogFormat: String, CaseIterable, Sendable {
    /// `time=… level=info message="peer connected" peer=10.0.0.7:7380`
    case logfmt
    /// The same as one JSON object a line.
    case json
}
