/// A word of at most 15 bytes, in lower case, packed into two machine words.
///
/// Command names and options are found by comparing two integers: no string, no hashing of bytes
/// and no allocation. Longer words are `Keyword.none`, which equals no name.
public struct Keyword: Hashable, Sendable, ExpressibleByStringLiteral {
    /// Bytes 0 to 7 and 8 to 14, the first one lowest; the top byte of `high` is the length, so
    /// that a word with a NUL at its end is not taken for the word without it.
    public let low: UInt64
    public let high: UInt64

    public static let sizeMax = 15
    /// What longer words, and the empty one, become.
    public static let none = Keyword(low: 0, high: 0)

    @usableFromInline
    init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    @inlinable
    public init(_ bytes: Span<UInt8>) {
        guard bytes.count <= Self.sizeMax else {
            self = .none
            return
        }
        var low: UInt64 = 0
        var high = UInt64(bytes.count) << 56
        for index in bytes.indices { Self.pack(bytes[index], at: index, &low, &high) }
        self.init(low: low, high: high)
    }

    @inlinable
    public init(_ bytes: [UInt8]) { self.init(bytes.span) }

    @inlinable
    public init(stringLiteral text: String) {
        let bytes = text.utf8
        guard bytes.count <= Self.sizeMax else {
            self = .none
            return
        }
        var low: UInt64 = 0
        var high = UInt64(bytes.count) << 56
        for (index, byte) in bytes.enumerated() { Self.pack(byte, at: index, &low, &high) }
        self.init(low: low, high: high)
    }

    @inlinable
    static func pack(_ byte: UInt8, at index: Int, _ low: inout UInt64, _ high: inout UInt64) {
        let isUpper = byte &- UInt8(ascii: "A") < 26
        let lower = UInt64(isUpper ? byte | 0x20 : byte)
        if index < 8 {
            low |= lower << UInt64(8 * index)
        } else {
            high |= lower << UInt64(8 * (index - 8))
        }
    }
}
