import Testing

/// A format of ours that a node decodes from bytes it cannot trust.
struct Format: Sendable, CustomTestStringConvertible {
    let name: String
    /// Valid encodings, as different from each other as the format allows.
    let samples: [[UInt8]]
    /// Makes the checksum right again, so that mutations reach what lies behind it.
    var seal: @Sendable ([UInt8]) -> [UInt8] = { $0 }
    /// Decodes, does what a node does with such a value, and encodes it again; nil when refused.
    let reencoded: @Sendable ([UInt8]) -> [UInt8]?

    var testDescription: String { name }
}
