internal import Essentials
internal import Hashing

// A frame of the peer protocol. On the wire. Never reorder or reuse.
//
//     u32  length of the payload in bytes (little endian)
//     u64  XXH3-64 of the payload (little endian)
//     …    payload:
//            u8   protocol version, 3
//            u64  epoch of the sender's topology (little endian)
//            u64  fence: the epoch that last changed who holds what (little endian)
//            u64  the sender's monotonic clock in ns (little endian)
//            u64  its wall clock in ms since 1970 (little endian)
//            u64  the clock that it takes for the members' common one, the same way
//            …    messages, one after the other, to the end (PeerMessage)
//
// Version 2 put the sender's patience into writes and checks. Version 3 put clocks into frames.
//
// A frame carries all that one pass of a loop has for one peer: one checksum, one system call.
// The receiver of a version it does not know closes the connection with a message in its log; a
// node speaks the older of both versions once there are two (the handshake tells).

/// What a frame says of its sender, besides the messages.
public struct PeerFrameHeader: Sendable, Equatable {
    public var epoch: UInt64
    public var fence: UInt64
    public var clocks: PeerClocks

    public init(epoch: UInt64, fence: UInt64, clocks: PeerClocks = PeerClocks()) {
        self.epoch = epoch
        self.fence = fence
        self.clocks = clocks
    }
}

/// A node's clocks as they stood when it closed a frame. Zeros say nothing.
public struct PeerClocks: Sendable, Equatable {
    /// Of the sender alone: comparable with what it has sent before and nothing else.
    public var monotonicNs: UInt64
    /// Milliseconds since 1970, as the sender's machine believes.
    public var wallMs: UInt64
    /// Milliseconds since 1970, as the sender believes that the members agree.
    public var commonMs: UInt64

    public init(monotonicNs: UInt64 = 0, wallMs: UInt64 = 0, commonMs: UInt64 = 0) {
        self.monotonicNs = monotonicNs
        self.wallMs = wallMs
        self.commonMs = commonMs
    }
}

/// Puts messages into frames.
public struct PeerFrameWriter: Sendable {
    public static let protocolVersion: UInt8 = 3
    static let prefixSize = 4 + 8
    static let headerSize = prefixSize + 1 + 5 * 8

    private var bytes: [UInt8] = []

    public init() {}

    public var isEmpty: Bool { bytes.isEmpty }
    /// Bytes gathered so far, header included.
    public var size: Int { bytes.count }

    public mutating func append(_ message: PeerMessage) {
        if bytes.isEmpty { bytes.append(contentsOf: repeatElement(0, count: Self.headerSize)) }
        message.encode(into: &bytes)
    }

    /// Closes the frame and returns its bytes; the writer is empty afterwards.
    public mutating func take(header: PeerFrameHeader) -> [UInt8] {
        invariant(!bytes.isEmpty, "a frame holds at least one message")
        bytes[Self.prefixSize] = Self.protocolVersion
        Self.store(header.epoch, at: Self.prefixSize + 1, in: &bytes)
        Self.store(header.fence, at: Self.prefixSize + 9, in: &bytes)
        Self.store(header.clocks.monotonicNs, at: Self.prefixSize + 17, in: &bytes)
        Self.store(header.clocks.wallMs, at: Self.prefixSize + 25, in: &bytes)
        Self.store(header.clocks.commonMs, at: Self.prefixSize + 33, in: &bytes)
        let checksum = xxh3(bytes.span.extracting(Self.prefixSize..<bytes.count))
        let length = UInt64(bytes.count - Self.prefixSize)
        for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
        Self.store(checksum, at: 4, in: &bytes)
        var frame: [UInt8] = []
        swap(&frame, &bytes)
        return frame
    }

    private static func store(_ value: UInt64, at offset: Int, in bytes: inout [UInt8]) {
        for index in 0..<8 {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
        }
    }
}

/// Cuts a byte stream into checked frames, over any chunking.
///
/// The buffer grows as bytes arrive, never by an announced length.
public struct PeerFrameReader: Sendable {
    /// An object may exceed the client's limits by its siblings, and replication never refuses what
    /// the cluster already holds; so this bound is far above `value-max`.
    public static let payloadSizeMax = 512 << 20
    /// Before the handshake is done.
    public static let handshakeSizeMax = 4096

    public enum Event: Sendable, Equatable {
        case needMore
        /// The payload after the frame's prefix.
        case payload([UInt8])
        /// The stream cannot be followed any further; the text says why.
        case failed(String)
    }

    public var sizeMax: Int

    private var buffer: [UInt8] = []
    private var start = 0

    public init(sizeMax: Int) { self.sizeMax = sizeMax }

    /// Bytes held and not yet taken as frames.
    public var bufferedSize: Int { buffer.count - start }

    public mutating func append(_ chunk: Span<UInt8>) {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= 1 << 20)
            start = 0
        }
        buffer.append(copying: chunk)
    }

    public mutating func next() -> Event {
        guard bufferedSize >= PeerFrameWriter.prefixSize else { return compacted() }
        var prefix = ByteReader(buffer, in: start..<start + PeerFrameWriter.prefixSize)
        guard let length: UInt32 = try? prefix.readLittleEndian(),
            let checksum: UInt64 = try? prefix.readLittleEndian()
        else { return .needMore }
        guard length <= sizeMax else {
            return .failed("frame of \(length) bytes, at most \(sizeMax) are allowed here")
        }
        let payloadStart = start + PeerFrameWriter.prefixSize
        let payloadEnd = payloadStart + Int(length)
        guard payloadEnd <= buffer.count else { return compacted() }
        guard xxh3(buffer.span.extracting(payloadStart..<payloadEnd)) == checksum else {
            return .failed("frame checksum does not match")
        }
        start = payloadEnd
        return .payload(Array(buffer[payloadStart..<payloadEnd]))
    }

    /// Drops what has been taken, once that is most of the buffer.
    private mutating func compacted() -> Event {
        if start > 0, start >= buffer.count - start {
            buffer.removeSubrange(0..<start)
            start = 0
        }
        return .needMore
    }
}
