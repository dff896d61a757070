internal import Platform

/// How the text of a setting becomes a value, and back.
///
/// `parse(format(value)) == value` for every value within bounds: CONFIG REWRITE depends on it.
protocol SettingType<Value>: Sendable {
    associatedtype Value: Sendable

    /// What stands for the value in `--help`: `BYTES`.
    var placeholder: String { get }

    /// What a value must be, to go on after "must be": `1 to 9`.
    var rule: String { get }

    func parse(_ text: String) -> Value?
    func format(_ value: Value) -> String
}

/// `yes` or `no`.
struct Flag: SettingType {
    let placeholder = "yes|no"
    let rule = "yes or no"

    func parse(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "yes", "true", "on", "1": true
        case "no", "false", "off", "0": false
        default: nil
        }
    }

    func format(_ value: Bool) -> String { value ? "yes" : "no" }
}

/// A whole number within bounds.
struct Count: SettingType {
    let range: ClosedRange<Int>
    let placeholder: String

    init(_ range: ClosedRange<Int>, placeholder: String = "COUNT") {
        self.range = range
        self.placeholder = placeholder
    }

    var rule: String { "\(range.lowerBound) to \(range.upperBound)" }

    func parse(_ text: String) -> Int? { Int(text).flatMap { range.contains($0) ? $0 : nil } }
    func format(_ value: Int) -> String { String(value) }
}

/// A power of two within bounds.
struct PowerOfTwo: SettingType {
    let range: ClosedRange<Int>

    let placeholder = "COUNT"
    var rule: String { "a power of two from \(range.lowerBound) to \(range.upperBound)" }

    func parse(_ text: String) -> Int? {
        guard let value = Int(text), range.contains(value) else { return nil }
        return value & (value - 1) == 0 ? value : nil
    }

    func format(_ value: Int) -> String { String(value) }
}

/// A number of bytes; the units are Redis': `1k` is 1000 and `1kb` is 1024, in any case.
struct ByteSize: SettingType {
    let range: ClosedRange<Int>

    init(_ range: ClosedRange<Int>) { self.range = range }

    let placeholder = "BYTES"
    var rule: String { "\(format(range.lowerBound)) to \(format(range.upperBound))" }

    private static let units: [(suffix: String, bytes: Int)] = [
        ("tb", 1 << 40), ("gb", 1 << 30), ("mb", 1 << 20), ("kb", 1 << 10),
        ("t", 1_000_000_000_000), ("g", 1_000_000_000), ("m", 1_000_000), ("k", 1000),
        ("b", 1), ("", 1),
    ]

    func parse(_ text: String) -> Int? {
        let text = text.lowercased()
        for unit in Self.units where text.hasSuffix(unit.suffix) {
            guard let number = Int(text.dropLast(unit.suffix.count)) else { return nil }
            let (bytes, overflow) = number.multipliedReportingOverflow(by: unit.bytes)
            return !overflow && range.contains(bytes) ? bytes : nil
        }
        return nil
    }

    func format(_ value: Int) -> String {
        for unit in Self.units.prefix(4) where value != 0 && value % unit.bytes == 0 {
            return "\(value / unit.bytes)\(unit.suffix)"
        }
        return String(value)
    }
}

/// A stretch of time in whole `unit`s; `ms`, `s`, `m` and `h` may follow the number.
struct TimeSpan: SettingType {
    enum Unit: Int { case milliseconds = 1, seconds = 1000 }

    let unit: Unit
    let range: ClosedRange<Int>

    init(_ unit: Unit, _ range: ClosedRange<Int>) {
        self.unit = unit
        self.range = range
    }

    var placeholder: String { unit == .milliseconds ? "MS" : "SECONDS" }
    var rule: String {
        let name = unit == .milliseconds ? "ms" : "seconds"
        return "\(range.lowerBound) to \(range.upperBound) \(name)"
    }

    func parse(_ text: String) -> Int? {
        let text = text.lowercased()
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        let factor: Int
        switch text.dropFirst(digits.count) {
        case "": factor = unit.rawValue
        case "ms": factor = 1
        case "s": factor = 1000
        case "m": factor = 60_000
        case "h": factor = 3_600_000
        default: return nil
        }
        let (milliseconds, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow, milliseconds % unit.rawValue == 0 else { return nil }
        let value = milliseconds / unit.rawValue
        return range.contains(value) ? value : nil
    }

    func format(_ value: Int) -> String { String(value) }
}

/// One of the named cases of an enumeration.
struct Choice<Option>: SettingType
where Option: RawRepresentable<String> & CaseIterable & Sendable {
    private var names: [String] { Option.allCases.map(\.rawValue) }

    var placeholder: String { names.joined(separator: "|") }
    var rule: String { "one of \(names.joined(separator: ", "))" }

    func parse(_ text: String) -> Option? { Option(rawValue: text.lowercased()) }
    func format(_ value: Option) -> String { value.rawValue }
}

/// A value, or a word that leaves the choice to Martlet (nil).
struct Automatic<Base: SettingType>: SettingType {
    let base: Base
    let word: String

    init(_ base: Base, word: String = "auto") {
        self.base = base
        self.word = word
    }

    var placeholder: String { word.isEmpty ? base.placeholder : "\(word)|\(base.placeholder)" }
    var rule: String { word.isEmpty ? "\(base.rule), or empty" : "\(word), or \(base.rule)" }

    func parse(_ text: String) -> Base.Value?? {
        if text == word { return .some(nil) }
        return base.parse(text).map { .some($0) }
    }

    func format(_ value: Base.Value?) -> String { value.map(base.format) ?? word }
}

/// An address to listen on or to dial; port 0 asks for any free port, hence is only to listen on.
struct Address: SettingType {
    var allowsPortZero = false

    let placeholder = "HOST:PORT"
    let rule = "an address such as 127.0.0.1:7379 or [::1]:7379"

    func parse(_ text: String) -> SocketAddress? {
        guard let address = SocketAddress(text), address.isWellFormed else { return nil }
        return address.port == 0 && !allowsPortZero ? nil : address
    }

    func format(_ value: SocketAddress) -> String { value.description }
}

/// Printable text of bounded length.
struct Text: SettingType {
    let range: ClosedRange<Int>
    let placeholder: String

    var rule: String {
        "\(range.lowerBound) to \(range.upperBound) bytes without control characters"
    }

    func parse(_ text: String) -> String? {
        let isPrintable = text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        return isPrintable && range.contains(text.utf8.count) ? text : nil
    }

    func format(_ value: String) -> String { value }
}

/// A password. `format` reveals it: only CONFIG REWRITE may use the result.
struct Password: SettingType {
    let placeholder = "SECRET"
    /// As much as fits into the arguments that a client may send before AUTH, with room to spare.
    let bytesMax = 512

    var rule: String { "at most \(bytesMax) bytes" }

    func parse(_ text: String) -> Secret? {
        text.utf8.count <= bytesMax ? Secret(text) : nil
    }

    func format(_ value: Secret) -> String { value.revealed }
}

/// `always`, or the period of the fsyncs in milliseconds.
struct SyncPolicyType: SettingType {
    private let period = TimeSpan(.milliseconds, 1...60_000)

    let placeholder = "always|MS"
    var rule: String { "always, or \(period.rule)" }

    func parse(_ text: String) -> SyncPolicy? {
        text.lowercased() == "always" ? .always : period.parse(text).map(SyncPolicy.every(ms:))
    }

    func format(_ value: SyncPolicy) -> String {
        switch value {
        case .always: "always"
        case .every(let ms): period.format(ms)
        }
    }
}
