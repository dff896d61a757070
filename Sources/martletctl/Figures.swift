internal import Essentials

/// Shares, sizes and spans as people read them.
extension Figures {
    static func percent(_ part: Double) -> String { decimal(part * 100, digits: 1) + " %" }

    static func bytes(_ count: Double) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var (value, unit) = (count, 0)
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return decimal(value, digits: unit > 0 && value < 10 ? 1 : 0) + " " + units[unit]
    }

    /// The two largest units: `3 d 4 h`, `12 s`.
    static func span(seconds: Int) -> String {
        let units = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")]
        guard let first = units.firstIndex(where: { seconds >= $0.0 }) else { return "0 s" }
        var text = "\(seconds / units[first].0) \(units[first].1)"
        if first + 1 < units.count {
            let rest = seconds % units[first].0 / units[first + 1].0
            text += rest > 0 ? " \(rest) \(units[first + 1].1)" : ""
        }
        return text
    }

    static func plural(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)" + (count == 1 ? "" : "s")
    }
}
