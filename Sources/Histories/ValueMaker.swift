/// Values that follow from a seed, the key and a number, so that any value that is read can be
/// checked by itself: it names its number, and every byte after that is known.
public struct ValueMaker: Sendable {
    /// Sizes differ, so that a value cut short or run together with another does not pass.
    private static let repeatsMax: UInt64 = 8

    private let seed: UInt64

    public init(seed: UInt64) { self.seed = seed }

    public func value(of key: String, _ number: Int) -> String {
        var word = seed ^ UInt64(truncatingIfNeeded: number)
        for byte in key.utf8 { word = Self.mixed(word ^ UInt64(byte)) }
        let digits = String(word, radix: 16)
        let repeats = Int(Self.mixed(word) % Self.repeatsMax)
        return "\(number) \(key) " + String(repeating: digits, count: repeats)
    }

    /// The number of a value that was made for `key`; nil for any other text.
    public func number(of text: String, key: String) -> Int? {
        guard let number = text.split(separator: " ").first.flatMap({ Int($0) }),
            text == value(of: key, number)
        else { return nil }
        return number
    }

    /// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
    private static func mixed(_ word: UInt64) -> UInt64 {
        var word = word &+ 0x9E37_79B9_7F4A_7C15
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
