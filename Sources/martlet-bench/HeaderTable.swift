internal import Essentials

/// Finds `grpc-status` in the headers of responses: HPACK (RFC 7541), as far as that needs it.
///
/// The server remembers headers that it has sent and refers to them by number, so every block has
/// to be followed, though only one field matters. Texts are compared as they are coded: a name that
/// is Huffman-coded has one coding, and a number of one or two digits is never shorter by it.
struct HeaderTable: Sendable {
    /// Fields 1 to 61 are known beforehand; `grpc-status` is none of them.
    private static let staticCount = 61
    private static let statusName = Array("grpc-status".utf8)
    private static let statusNameCoded: [UInt8] = [0x9A, 0xCA, 0xC8, 0xB2, 0x12, 0x34, 0xDA, 0x8F]
    /// The size of the table that a peer may assume; a field takes 32 bytes and its texts.
    private static let sizeMax = 4096
    private static let fieldOverhead = 32

    private struct Field {
        var isStatus: Bool
        var status: Int?
        var size: Int
    }

    /// What the server has told to remember, the latest field first.
    private var remembered: [Field] = []

    /// Reads a block, and returns the status in it; nil when there is none.
    mutating func status(in block: [UInt8]) -> Int? {
        var reader = ByteReader(block)
        var found: Int?
        do throws(DecodingError) {
            while !reader.isAtEnd {
                if let field = try next(&reader), field.isStatus { found = field.status }
            }
        } catch {
            // Without it an error has no name; whether there is one does not depend on it.
            return nil
        }
        return found
    }

    /// One field; nil for what is none, a change of the table's size.
    private mutating func next(_ reader: inout ByteReader) throws(DecodingError) -> Field? {
        let first = try reader.readByte()
        if first & 0x80 != 0 { return known(try Self.integer(first, 7, &reader)) }
        if first & 0xE0 == 0x20 {
            if try Self.integer(first, 5, &reader) == 0 { remembered = [] }
            return nil
        }
        let isRemembered = first & 0xC0 == 0x40
        let index = try Self.integer(first, isRemembered ? 6 : 4, &reader)
        var field = Field(isStatus: false, status: nil, size: Self.fieldOverhead)
        if index == 0 {
            let name = try Self.text(&reader)
            field.isStatus = name == Self.statusName || name == Self.statusNameCoded
            field.size += name.count
        } else {
            field.isStatus = known(index)?.isStatus ?? false
        }
        let value = try Self.text(&reader)
        field.size += value.count
        field.status = Int64(decimal: value).flatMap { Int(exactly: $0) }
        if isRemembered { remember(field) }
        return field
    }

    private func known(_ index: Int) -> Field? {
        let place = index - Self.staticCount - 1
        return remembered.indices.contains(place) ? remembered[place] : nil
    }

    private mutating func remember(_ field: Field) {
        remembered.insert(field, at: 0)
        while remembered.reduce(0, { $0 + $1.size }) > Self.sizeMax { remembered.removeLast() }
    }

    /// A number that begins in the low bits of `first`.
    private static func integer(
        _ first: UInt8, _ bits: UInt8, _ reader: inout ByteReader
    ) throws(DecodingError) -> Int {
        let mask = UInt8(1) << bits - 1
        guard first & mask == mask else { return Int(first & mask) }
        let rest = try reader.readVarint()
        guard rest <= UInt64(sizeMax) else { throw .invalid("header number") }
        return Int(mask) + Int(rest)
    }

    private static func text(_ reader: inout ByteReader) throws(DecodingError) -> [UInt8] {
        let first = try reader.readByte()
        return try reader.readBytes(count: try integer(first, 7, &reader))
    }
}

/// The status codes of gRPC, by the names that its documentation has.
enum GRPCStatus {
    private static let names = [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
        "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ]

    static func name(_ status: Int?) -> String {
        guard let status else { return "UNKNOWN" }
        return names.indices.contains(status) ? names[status] : "GRPC-\(status)"
    }
}
