// Writing and reading the little building blocks of our formats: fixed-width integers and
// varints. The formats themselves are drawn where they are owned.

/// What is wrong with bytes that should have been one of our formats.
public enum DecodingError: Error, Equatable {
    /// The bytes end inside a field.
    case truncated
    /// A field holds what its format does not allow; the text names the field.
    case invalid(String)
    /// A format version that this build does not know.
    case unknownVersion(UInt8)
}

extension [UInt8] {
    /// Appends `value` as 2, 4 or 8 bytes, most significant first, so that order is kept.
    @inlinable
    public mutating func appendBigEndian<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
        var shift = T.bitWidth
        while shift > 0 {
            shift -= 8
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// Appends `value` as 2, 4 or 8 bytes, least significant first.
    @inlinable
    public mutating func appendLittleEndian<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
        var shift = 0
        while shift < T.bitWidth {
            append(UInt8(truncatingIfNeeded: value >> shift))
            shift += 8
        }
    }

    /// Appends `value` as a LEB128 varint: 1 to 10 bytes, 7 bits each, least significant first.
    @inlinable
    public mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    /// Appends a varint length and then the bytes.
    @inlinable
    public mutating func appendSized(_ bytes: [UInt8]) {
        appendVarint(UInt64(bytes.count))
        append(contentsOf: bytes)
    }

    /// Appends a varint length and then the UTF-8 of `text`.
    @inlinable
    public mutating func appendSized(_ text: String) {
        appendVarint(UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }
}

/// A cursor over bytes that came from a disk or a socket: every read is bounds-checked and throws.
public struct ByteReader: Sendable {
    @usableFromInline let bytes: [UInt8]
    @usableFromInline let end: Int
    /// Offset in the array of the next byte to read.
    @inlinable public var offset: Int { position }
    @usableFromInline var position: Int

    @inlinable public var remaining: Int { end - position }
    @inlinable public var isAtEnd: Bool { position == end }

    public init(_ bytes: [UInt8]) {
        self.init(bytes, in: 0..<bytes.count)
    }

    /// Reads only `range` of `bytes`, without copying it.
    public init(_ bytes: [UInt8], in range: Range<Int>) {
        invariant(0 <= range.lowerBound && range.upperBound <= bytes.count, "range out of bounds")
        self.bytes = bytes
        self.position = range.lowerBound
        self.end = range.upperBound
    }

    @inlinable
    public mutating func readByte() throws(DecodingError) -> UInt8 {
        guard position < end else { throw .truncated }
        defer { position += 1 }
        return bytes[position]
    }

    @inlinable
    public mutating func readBigEndian<T: FixedWidthInteger & UnsignedInteger>(
        _ type: T.Type = T.self
    ) throws(DecodingError) -> T {
        let width = T.bitWidth / 8
        guard remaining >= width else { throw .truncated }
        var value: T = 0
        for index in position..<position + width { value = value << 8 | T(bytes[index]) }
        position += width
        return value
    }

    @inlinable
    public mutating func readLittleEndian<T: FixedWidthInteger & UnsignedInteger>(
        _ type: T.Type = T.self
    ) throws(DecodingError) -> T {
        let width = T.bitWidth / 8
        guard remaining >= width else { throw .truncated }
        var value: T = 0
        for index in 0..<width {
            value |= T(truncatingIfNeeded: bytes[position &+ index]) &<< T(8 &* index)
        }
        position += width
        return value
    }

    @inlinable
    public mutating func readVarint() throws(DecodingError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try readByte()
            if shift == 63, byte > 1 { throw .invalid("varint over 64 bits") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { throw .invalid("varint over 64 bits") }
        }
    }

    /// Reads a varint that counts things still to come; more than the bytes left is refused, so
    /// that nobody allocates by an announced number.
    @inlinable
    public mutating func readCount(max: Int = .max) throws(DecodingError) -> Int {
        let value = try readVarint()
        guard value <= UInt64(remaining), value <= UInt64(max) else {
            throw .invalid("count out of bounds")
        }
        return Int(value)
    }

    @inlinable
    public mutating func readBytes(count: Int) throws(DecodingError) -> [UInt8] {
        guard count >= 0, count <= remaining else { throw .truncated }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    /// Reads a varint length and that many bytes.
    @inlinable
    public mutating func readSized(max: Int = .max) throws(DecodingError) -> [UInt8] {
        let count = try readCount(max: max)
        return try readBytes(count: count)
    }

    /// Reads a varint length and that many bytes of UTF-8.
    public mutating func readSizedString(max: Int = .max) throws(DecodingError) -> String {
        let bytes = try readSized(max: max)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .invalid("text is not UTF-8")
        }
        return text
    }

    public mutating func skip(_ count: Int) throws(DecodingError) {
        guard count >= 0, count <= remaining else { throw .truncated }
        position += count
    }

    /// Throws unless everything was read: trailing bytes mean that the two sides disagree.
    @inlinable
    public func finish() throws(DecodingError) {
        guard isAtEnd else { throw .invalid("trailing bytes") }
    }
}
