/// Numbers as people read them.
enum Figures {
    /// With so many digits after the point.
    static func decimal(_ value: Double, digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return String(value) }
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + grouped(scaled) }
        let fraction = String(scaled % scale)
        let zeros = String(repeating: "0", count: digits - fraction.count)
        return "\(sign)\(grouped(scaled / scale)).\(zeros)\(fraction)"
    }

    /// With commas between the thousands.
    static func grouped(_ value: Int) -> String {
        var text = ""
        for (index, digit) in String(value).reversed().enumerated() {
            if index > 0, index % 3 == 0, digit != "-" { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }

    /// Nanoseconds in milliseconds, with three significant digits where there are so many.
    static func milliseconds(_ ns: UInt64) -> String {
        let value = Double(ns) / 1e6
        return decimal(value, digits: value < 10 ? 3 : value < 100 ? 2 : 1)
    }

    static func mebibytes(_ bytes: Int) -> String {
        decimal(Double(bytes) / 1_048_576, digits: 1) + " MiB"
    }
}
