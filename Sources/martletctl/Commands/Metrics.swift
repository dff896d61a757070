internal import Essentials
internal import Platform

extension Command {
    static let metrics = Command(
        name: "metrics", synopsis: "metrics [PATTERN]",
        summary: "What the node measures.",
        details: """
            Prints the metrics whose names match, such as '*request*': counters and gauges with
            their value, histograms with their count, mean, median and 99th percentile (estimated
            from the buckets). The same is at /metrics for Prometheus.
            """,
        run: { invocation throws(Failure) in
            let pattern = try invocation.words(0...1).first ?? "*"
            let path = "/v1/metrics?pattern=" + AdminClient.encoded(pattern)
            return try invocation.show(path) { answer throws(Failure) in
                let metrics = answer["metrics"]?.elements ?? []
                guard !metrics.isEmpty else { throw .failed("no metric matches '\(pattern)'") }
                return MetricsText.describe(metrics)
            }
        })
}

private enum MetricsText {
    static func describe(_ metrics: [JSON]) -> String {
        var table = Table([("metric", .left), ("value", .left)])
        for metric in metrics {
            for sample in metric["samples"]?.elements ?? [] {
                let labels = (sample["labels"]?.members ?? []).map { label in
                    "\(label.name)=\(label.value.string ?? "")"
                }
                let list = labels.isEmpty ? "" : "{" + labels.joined(separator: ",") + "}"
                table.append([(metric["name"]?.string ?? "") + list, value(of: sample)])
            }
        }
        return table.text
    }

    private static func value(of sample: JSON) -> String {
        if let value = sample["value"]?.number { return format(value) }
        guard let count = sample["count"]?.integer, let sum = sample["sum"]?.number else {
            return "?"
        }
        guard count > 0 else { return "count 0" }
        return "count \(count), mean \(format(sum / Double(count))), "
            + "p50 \(percentile(0.5, sample, count)), p99 \(percentile(0.99, sample, count))"
    }

    /// The bound of the bucket in which the percentile lies.
    private static func percentile(_ part: Double, _ sample: JSON, _ count: Int) -> String {
        let buckets = sample["buckets"]?.elements ?? []
        for bucket in buckets {
            let pair = bucket.elements
            guard pair.count == 2, let bound = pair[0].number, let below = pair[1].number else {
                continue
            }
            if below >= part * Double(count) { return "≤ \(format(bound))" }
        }
        let last = buckets.last?.elements.first?.number
        return last.map { "> \(format($0))" } ?? "?"
    }

    /// Whole numbers as they are; others with four digits that count.
    private static func format(_ value: Double) -> String {
        if let whole = Int(exactly: value) { return String(whole) }
        var digits = 0
        var scaled = abs(value)
        while scaled < 1000, digits < 9 {
            scaled *= 10
            digits += 1
        }
        var text = Figures.decimal(value, digits: digits)
        while text.contains("."), text.last == "0" { text.removeLast() }
        return text
    }
}
