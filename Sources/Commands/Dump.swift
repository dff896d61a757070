internal import Essentials

/// The payload of `DUMP` and `RESTORE`: one string as in Redis' RDB files.
///
///     type (1): 0 = string
///     size, then the bytes; or an encoded form (see `readString`)
///     RDB version (2, little endian): 10 = Redis 7.0
///     CRC-64/Jones of all before (8, little endian)
///
/// On the wire, and Redis' format: never change it. Written without compression, which every Redis
/// reads; all forms that Redis writes for strings are read.
enum Dump {
    private static let stringType: UInt8 = 0
    private static let version: UInt16 = 10
    private static let footerSize = 10

    private static let wrongFooter = CommandFailure(
        "ERR DUMP payload version or checksum are wrong")
    private static let wrongFormat = CommandFailure("ERR Bad data format")

    static func encode(_ value: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(value.count + 1 + 5 + footerSize)
        bytes.append(stringType)
        switch value.count {
        case 0..<1 << 6: bytes.append(UInt8(value.count))
        case 0..<1 << 14: bytes.appendBigEndian(UInt16(value.count) | 0x4000)
        default:
            bytes.append(0x80)
            bytes.appendBigEndian(UInt32(value.count))
        }
        bytes.append(contentsOf: value)
        bytes.appendLittleEndian(version)
        bytes.appendLittleEndian(CRC64.checksum(bytes, in: 0..<bytes.count))
        return bytes
    }

    static func decode(
        _ payload: [UInt8], valueSizeMax: Int
    ) throws(CommandFailure) -> [UInt8] {
        guard payload.count >= footerSize else { throw wrongFooter }
        let bodyEnd = payload.count - footerSize
        do {
            var footer = ByteReader(payload, in: bodyEnd..<payload.count)
            let theirVersion = try footer.readLittleEndian(UInt16.self)
            let checksum = try footer.readLittleEndian(UInt64.self)
            guard theirVersion <= version,
                CRC64.checksum(payload, in: 0..<payload.count - 8) == checksum
            else { throw Failed.footer }
            var reader = ByteReader(payload, in: 0..<bodyEnd)
            guard try reader.readByte() == stringType else { throw Failed.format }
            return try readString(&reader, valueSizeMax)
        } catch Failed.footer {
            throw wrongFooter
        } catch Failed.size {
            throw .tooLarge
        } catch {
            throw wrongFormat
        }
    }

    private enum Failed: Error { case footer, format, size }

    /// Reads one of
    ///
    ///     00xxxxxx                      size in 6 bits
    ///     01xxxxxx xxxxxxxx             size in 14 bits
    ///     10000000, 10000001            size in the 4 or 8 bytes behind, big endian
    ///     11000000, 11000001, 11000010  an integer of 1, 2 or 4 bytes, little endian
    ///     11000011                      LZF: compressed size, size, compressed bytes
    private static func readString(
        _ reader: inout ByteReader, _ valueSizeMax: Int
    ) throws -> [UInt8] {
        let first = try reader.readByte()
        switch first {
        case 0xC0:
            return [UInt8](decimal: Int64(Int8(truncatingIfNeeded: try reader.readByte())))
        case 0xC1:
            let value = try reader.readLittleEndian(UInt16.self)
            return [UInt8](decimal: Int64(Int16(truncatingIfNeeded: value)))
        case 0xC2:
            let value = try reader.readLittleEndian(UInt32.self)
            return [UInt8](decimal: Int64(Int32(truncatingIfNeeded: value)))
        case 0xC3:
            let compressedSize = try readSize(&reader, first: try reader.readByte())
            let size = try readSize(&reader, first: try reader.readByte())
            guard size <= UInt64(valueSizeMax) else { throw Failed.size }
            guard compressedSize <= UInt64(reader.remaining) else { throw Failed.format }
            let compressed = try reader.readBytes(count: Int(compressedSize))
            guard let bytes = LZF.decompress(compressed, size: Int(size)) else {
                throw Failed.format
            }
            return bytes
        default:
            let size = try readSize(&reader, first: first)
            guard size <= UInt64(reader.remaining) else { throw Failed.format }
            guard size <= UInt64(valueSizeMax) else { throw Failed.size }
            return try reader.readBytes(count: Int(size))
        }
    }

    private static func readSize(_ reader: inout ByteReader, first: UInt8) throws -> UInt64 {
        switch first {
        case 0x00...0x3F: return UInt64(first)
        case 0x40...0x7F: return UInt64(first & 0x3F) << 8 | UInt64(try reader.readByte())
        case 0x80: return UInt64(try reader.readBigEndian(UInt32.self))
        case 0x81: return try reader.readBigEndian(UInt64.self)
        default: throw Failed.format
        }
    }
}

/// LZF, the small compressor that Redis uses in dumps: only read here.
enum LZF {
    /// Nil unless the bytes decompress to exactly `size`. Nothing is allocated by that number
    /// alone.
    ///
    ///     000nnnnn                     n + 1 bytes follow as they are
    ///     nnnooooo oooooooo            n + 2 bytes from o + 1 back, n in 1...6
    ///     111ooooo nnnnnnnn oooooooo   n + 9 bytes from o + 1 back
    static func decompress(_ bytes: [UInt8], size: Int) -> [UInt8]? {
        var output: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let control = Int(bytes[index])
            index += 1
            if control < 32 {
                let end = index + control + 1
                guard end <= bytes.count, output.count + control + 1 <= size else { return nil }
                output.append(contentsOf: bytes[index..<end])
                index = end
                continue
            }
            var length = control >> 5
            if length == 7 {
                guard index < bytes.count else { return nil }
                length += Int(bytes[index])
                index += 1
            }
            length += 2
            guard index < bytes.count else { return nil }
            let distance = (control & 0x1F) << 8 + Int(bytes[index]) + 1
            index += 1
            guard distance <= output.count, output.count + length <= size else { return nil }
            // May overlap what it writes, so byte by byte.
            for _ in 0..<length { output.append(output[output.count - distance]) }
        }
        return output.count == size ? output : nil
    }
}

/// CRC-64 as Redis computes it: Jones' polynomial, reflected, starting from zero.
enum CRC64 {
    private static let polynomial: UInt64 = 0x95AC_9329_AC4B_C9B5

    private static let table: [UInt64] = (0..<256).map { byte in
        var value = UInt64(byte)
        for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1 }
        return value
    }

    static func checksum(_ bytes: [UInt8], in range: Range<Int>) -> UInt64 {
        let table = table
        var checksum: UInt64 = 0
        for index in range {
            checksum = table[Int((checksum ^ UInt64(bytes[index])) & 0xFF)] ^ checksum >> 8
        }
        return checksum
    }
}
