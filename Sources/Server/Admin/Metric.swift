internal import Essentials

/// A family of measurements, as Prometheus sees it: one name, and one sample for each set of
/// labels.
public struct Metric: Sendable, Equatable {
    public enum Kind: String, Sendable { case counter, gauge, histogram }

    /// Snake case with the unit last, `_total` for counters: `martlet_request_duration_seconds`.
    public let name: String
    public let kind: Kind
    /// One sentence.
    public let help: String
    public let samples: [MetricSample]

    public init(_ name: String, _ kind: Kind, _ help: String, _ samples: [MetricSample]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }

    /// A count that only grows.
    public static func counter(_ name: String, _ help: String, _ value: Int) -> Metric {
        Metric(name, .counter, help, [MetricSample(Double(value))])
    }

    /// A value that goes up and down.
    public static func gauge(_ name: String, _ help: String, _ value: Double) -> Metric {
        Metric(name, .gauge, help, [MetricSample(value)])
    }
}

/// One measurement of a family.
public struct MetricSample: Sendable, Equatable {
    public struct Label: Sendable, Equatable {
        public let name: String
        public let value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public enum Value: Sendable, Equatable {
        case number(Double)
        case histogram(MetricHistogram)
    }

    public let labels: [Label]
    public let value: Value

    public init(_ value: Double, _ labels: KeyValuePairs<String, String> = [:]) {
        self.labels = labels.map { Label($0.key, $0.value) }
        self.value = .number(value)
    }

    public init(_ histogram: MetricHistogram, _ labels: KeyValuePairs<String, String> = [:]) {
        self.labels = labels.map { Label($0.key, $0.value) }
        self.value = .histogram(histogram)
    }
}

/// How often a measure fell below each of a row of bounds.
public struct MetricHistogram: Sendable, Equatable {
    /// Ascending upper bounds, inclusive. What is above the last is in `count` only.
    public let bounds: [Double]
    /// How many were within each bound and not within the one before it.
    public let counts: [Int]
    public let count: Int
    public let sum: Double

    public init(bounds: [Double], counts: [Int], count: Int, sum: Double) {
        invariant(bounds.count == counts.count, "a count for each bound")
        self.bounds = bounds
        self.counts = counts
        self.count = count
        self.sum = sum
    }
}
