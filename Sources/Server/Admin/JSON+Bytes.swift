internal import Essentials

extension JSON {
    /// Bytes as people read them: what is no UTF-8 becomes U+FFFD.
    static func readable(_ bytes: [UInt8]) -> JSON {
        .string(String(decoding: bytes, as: UTF8.self))
    }

    /// Bytes as they are, two hexadecimal digits each.
    static func hexadecimal(_ bytes: [UInt8]) -> JSON {
        .string(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }
}
