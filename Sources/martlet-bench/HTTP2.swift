internal import Essentials

/// The parts of HTTP/2 (RFC 9113) that calls of gRPC need.
///
///     0        3      4       5            9
///     +--------+------+-------+------------+---------+
///     | size   | type | flags | stream     | payload |
///     +--------+------+-------+------------+---------+
///
/// all big-endian; the size is that of the payload.
enum HTTP2 {
    static let frameHeaderSize = 9
    /// What a peer may send in one frame, as we ask for nothing else.
    static let payloadSizeMax = 16384
    /// What may be sent on a connection, and on a stream, before the peer says that it takes more.
    static let windowInitial = 65535
    /// The largest window there is: responses never have to wait for us.
    static let windowMax = 1 << 31 - 1

    /// The types of frames that are read or written; others are skipped.
    enum FrameType {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let resetStream: UInt8 = 3
        static let settings: UInt8 = 4
        static let ping: UInt8 = 6
        static let goAway: UInt8 = 7
        static let windowUpdate: UInt8 = 8
    }

    enum Flag {
        static let endStream: UInt8 = 0x1
        static let acknowledged: UInt8 = 0x1
        static let endHeaders: UInt8 = 0x4
        static let padded: UInt8 = 0x8
        static let priority: UInt8 = 0x20
    }

    /// One frame within the bytes that were received.
    struct Frame: Equatable {
        var type: UInt8
        var flags: UInt8
        var stream: UInt32
        var payload: Range<Int>

        func has(_ flag: UInt8) -> Bool { flags & flag != 0 }
    }

    enum Result: Equatable {
        case needMore
        case frame(Frame)
        case malformed
    }

    /// Reads the frame that begins at `start`.
    static func frame(_ bytes: Span<UInt8>, from start: Int) -> Result {
        guard bytes.count - start >= frameHeaderSize else { return .needMore }
        let size = Int(bytes[start]) << 16 | Int(bytes[start + 1]) << 8 | Int(bytes[start + 2])
        guard size <= payloadSizeMax else { return .malformed }
        let payload = start + frameHeaderSize..<start + frameHeaderSize + size
        guard payload.upperBound <= bytes.count else { return .needMore }
        let stream = number(bytes, at: start + 5) & 0x7FFF_FFFF
        return .frame(
            Frame(type: bytes[start + 3], flags: bytes[start + 4], stream: stream, payload: payload)
        )
    }

    /// The payload of a DATA or HEADERS frame without padding and priority; nil when they do not
    /// fit.
    static func content(of frame: Frame, in bytes: Span<UInt8>) -> Range<Int>? {
        var (start, end) = (frame.payload.lowerBound, frame.payload.upperBound)
        if frame.has(Flag.padded) {
            guard start < end else { return nil }
            end -= Int(bytes[start])
            start += 1
        }
        if frame.type == FrameType.headers, frame.has(Flag.priority) { start += 5 }
        return start <= end ? start..<end : nil
    }

    /// Four bytes, big-endian.
    static func number(_ bytes: Span<UInt8>, at index: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 << 8 | UInt32(bytes[index + $1]) }
    }

    static func appendFrame(
        _ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8],
        to bytes: inout [UInt8]
    ) {
        appendFrameHeader(type, flags: flags, stream: stream, size: payload.count, to: &bytes)
        bytes.append(contentsOf: payload)
    }

    static func appendFrameHeader(
        _ type: UInt8, flags: UInt8, stream: UInt32, size: Int, to bytes: inout [UInt8]
    ) {
        bytes.append(UInt8(truncatingIfNeeded: size >> 16))
        bytes.append(UInt8(truncatingIfNeeded: size >> 8))
        bytes.append(UInt8(truncatingIfNeeded: size))
        bytes.append(type)
        bytes.append(flags)
        bytes.appendBigEndian(stream)
    }

    static func appendWindowUpdate(_ increment: Int, to bytes: inout [UInt8]) {
        var payload: [UInt8] = []
        payload.appendBigEndian(UInt32(increment))
        appendFrame(FrameType.windowUpdate, payload: payload, to: &bytes)
    }

    /// What a client begins with: the preface, no pushes, and windows that never fill up.
    static var opening: [UInt8] {
        var bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        var settings: [UInt8] = []
        let (enablePush, initialWindowSize): (UInt16, UInt16) = (2, 4)
        settings.appendBigEndian(enablePush)
        settings.appendBigEndian(UInt32(0))
        settings.appendBigEndian(initialWindowSize)
        settings.appendBigEndian(UInt32(windowMax))
        appendFrame(FrameType.settings, payload: settings, to: &bytes)
        appendWindowUpdate(windowMax - windowInitial, to: &bytes)
        return bytes
    }
}
