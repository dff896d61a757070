internal import Essentials

/// Writes operations as calls of etcd's API, version 3: gRPC in HTTP/2 frames.
///
/// A call is a HEADERS frame and a DATA frame that ends the stream:
///
///     HEADERS  method, scheme, path, authority, te, content-type
///     DATA     0, size (4 bytes), message: key and value as protobuf fields 1 and 2
///
/// Headers that repeat are sent once on each connection and then referred to, as etcd's own clients
/// do, so that the server has no more work than with those.
struct EtcdWriter: Sendable {
    private let commands: CommandWriter
    private let authority: [UInt8]

    init(_ commands: CommandWriter, authority: String) {
        self.commands = commands
        self.authority = Array(authority.utf8)
    }

    /// Appends the call for `operation`, the first one of the connection with `isFirst`; returns
    /// the bytes of it that count for the window.
    func append(
        _ operation: Operation, stream: UInt32, isFirst: Bool, to bytes: inout [UInt8]
    ) -> Int {
        let isWrite = Self.isWrite(operation)
        let path = isWrite ? Self.put : operation.kind == .delete ? Self.delete : Self.range
        appendHeaders(path: path, stream: stream, isFirst: isFirst, to: &bytes)

        let key = operation.key
        let keySize = commands.keyPrefix.count + CommandWriter.keyDigits
        var messageSize = 1 + Self.varintSize(keySize) + keySize
        var valueSize = 0
        if isWrite {
            valueSize = commands.values.size(key: key, version: operation.version)
            messageSize += 1 + Self.varintSize(valueSize) + valueSize
        }
        HTTP2.appendFrameHeader(
            HTTP2.FrameType.data, flags: HTTP2.Flag.endStream, stream: stream,
            size: 5 + messageSize,
            to: &bytes)
        bytes.append(0)
        bytes.appendBigEndian(UInt32(messageSize))
        bytes.append(0x0A)
        bytes.appendVarint(UInt64(keySize))
        commands.appendKey(of: operation, to: &bytes)
        if isWrite {
            bytes.append(0x12)
            bytes.appendVarint(UInt64(valueSize))
            commands.values.append(
                key: key, version: operation.version, size: valueSize, to: &bytes)
        }
        return 5 + messageSize
    }

    private static func isWrite(_ operation: Operation) -> Bool {
        switch operation.kind {
        case .set, .insert: true
        case .readModifyWrite: operation.part == .write
        default: false
        }
    }

    private static let put = Array("/etcdserverpb.KV/Put".utf8)
    private static let range = Array("/etcdserverpb.KV/Range".utf8)
    private static let delete = Array("/etcdserverpb.KV/DeleteRange".utf8)

    private func appendHeaders(
        path: [UInt8], stream: UInt32, isFirst: Bool, to bytes: inout [UInt8]
    ) {
        // Fields 3 and 6 of the static table: POST, http. Then the path, under the name of field 4.
        var block: [UInt8] = [0x83, 0x86, 0x04]
        block.appendSized(path)
        if isFirst {
            // To be remembered: these become fields 64, 63 and 62. Name 1 is the authority, name 31
            // the content type.
            block.append(0x41)
            block.appendSized(authority)
            block.append(0x40)
            block.appendSized("te")
            block.appendSized("trailers")
            block.append(0x5F)
            block.appendSized("application/grpc")
        } else {
            block += [0x80 | 64, 0x80 | 63, 0x80 | 62]
        }
        HTTP2.appendFrame(
            HTTP2.FrameType.headers, flags: HTTP2.Flag.endHeaders, stream: stream, payload: block,
            to: &bytes)
    }

    private static func varintSize(_ value: Int) -> Int {
        value < 0x80 ? 1 : value < 0x4000 ? 2 : 3
    }

    // MARK: Responses

    /// The value in a RangeResponse: field 2 holds the pairs, and of a pair field 5 the value. Nil
    /// when the key was not found.
    static func value(inRangeResponse message: [UInt8]) throws(DecodingError) -> [UInt8]? {
        guard let pair = try field(2, of: message) else { return nil }
        return try field(5, of: pair) ?? []
    }

    /// The first occurrence of a field with a length.
    private static func field(
        _ number: UInt64, of message: [UInt8]
    ) throws(DecodingError) -> [UInt8]? {
        var reader = ByteReader(message)
        while !reader.isAtEnd {
            let tag = try reader.readVarint()
            switch tag & 7 {
            case 0: _ = try reader.readVarint()
            case 1: try reader.skip(8)
            case 2:
                let content = try reader.readSized()
                if tag >> 3 == number { return content }
            case 5: try reader.skip(4)
            default: throw .invalid("field type")
            }
        }
        return nil
    }
}
