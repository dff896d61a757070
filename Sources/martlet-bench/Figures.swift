internal import Essentials

/// Measures as people read them.
extension Figures {
    /// Nanoseconds in milliseconds, with three significant digits where there are so many.
    static func milliseconds(_ ns: UInt64) -> String {
        let value = Double(ns) / 1e6
        return decimal(value, digits: value < 10 ? 3 : value < 100 ? 2 : 1)
    }

    static func mebibytes(_ bytes: Int) -> String {
        decimal(Double(bytes) / 1_048_576, digits: 1) + " MiB"
    }
}
