public import Essentials

extension Metric {
    /// The text exposition format of Prometheus, version 0.0.4.
    public static func text(_ metrics: [Metric]) -> String {
        var out = ""
        for metric in metrics { metric.write(into: &out) }
        return out
    }

    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private func write(into out: inout String) {
        out += "# HELP \(name) \(Self.escaped(help, quotes: false))\n"
        out += "# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            switch sample.value {
            case .number(let value):
                Self.writeLine(name, sample.labels, Self.format(value), into: &out)
            case .histogram(let histogram):
                writeHistogram(histogram, sample.labels, into: &out)
            }
        }
    }

    private func writeHistogram(
        _ histogram: MetricHistogram, _ labels: [MetricSample.Label], into out: inout String
    ) {
        var below = 0
        for (bound, count) in zip(histogram.bounds, histogram.counts) {
            below += count
            let bucket = labels + [MetricSample.Label("le", Self.format(bound))]
            Self.writeLine(name + "_bucket", bucket, String(below), into: &out)
        }
        let all = labels + [MetricSample.Label("le", "+Inf")]
        Self.writeLine(name + "_bucket", all, String(histogram.count), into: &out)
        Self.writeLine(name + "_sum", labels, Self.format(histogram.sum), into: &out)
        Self.writeLine(name + "_count", labels, String(histogram.count), into: &out)
    }

    private static func writeLine(
        _ name: String, _ labels: [MetricSample.Label], _ value: String, into out: inout String
    ) {
        out += name
        if !labels.isEmpty {
            let texts = labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
            out += "{" + texts.joined(separator: ",") + "}"
        }
        out += " \(value)\n"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var out = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\"" where quotes: out += "\\\""
            default: out.unicodeScalars.append(character)
            }
        }
        return out
    }

    /// Whole numbers without a point, the rest as short as they can be read back.
    static func format(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int(exactly: value).map(String.init) ?? String(describing: value)
    }

    /// `{"name", "type", "help", "samples": [{"labels": {…}, "value"}]}`; a histogram's sample has
    /// `count`, `sum` and `buckets` (pairs of upper bound and cumulative count) instead of `value`.
    public var json: JSON {
        [
            "name": .string(name), "type": .string(kind.rawValue), "help": .string(help),
            "samples": .array(samples.map(\.json)),
        ]
    }
}

extension MetricSample {
    fileprivate var json: JSON {
        let labels = JSON.object(labels.map { JSON.Member($0.name, .string($0.value)) })
        switch value {
        case .number(let value): return ["labels": labels, "value": .measure(value)]
        case .histogram(let histogram):
            var below = 0
            let buckets = zip(histogram.bounds, histogram.counts).map { bound, count in
                below += count
                return JSON.array([.measure(bound), .integer(below)])
            }
            return [
                "labels": labels, "count": .integer(histogram.count),
                "sum": .measure(histogram.sum), "buckets": .array(buckets),
            ]
        }
    }
}

extension JSON {
    /// A number as an integer when it is one.
    static func measure(_ value: Double) -> JSON {
        Int(exactly: value).map(JSON.integer) ?? .number(value)
    }
}
