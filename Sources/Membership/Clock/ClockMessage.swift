public import Essentials

/// What members tell each other of their clocks.
///
/// On the wire, inside a control message. Never reorder or reuse.
///
///     u8 version (1), varint monotonic in ns, varint wall in ms, varint common in ms,
///     varint echo in ns
public struct ClockMessage: Sendable, Equatable {
    private static let version: UInt8 = 1
    /// The year 2115. A clock that is later counts as this: in ns it would overflow sums.
    static let msMax: UInt64 = 4_600_000_000_000
    /// A machine that has run for 36 years has come so far.
    private static let nsMax: UInt64 = 1 << 60

    /// Of the sender alone: comparable with what it has said before and nothing else.
    public var monotonicNs: UInt64
    /// Milliseconds since 1970, as the sender's machine believes.
    public var wallMs: UInt64
    /// Milliseconds since 1970, as the sender believes that the members agree; 0 while it does not
    /// know.
    public var commonMs: UInt64
    /// What the monotonic clock of the one who asked said; 0 in a question.
    public var echoNs: UInt64

    public init(monotonicNs: UInt64, wallMs: UInt64, commonMs: UInt64, echoNs: UInt64 = 0) {
        self.monotonicNs = monotonicNs
        self.wallMs = min(wallMs, Self.msMax)
        self.commonMs = min(commonMs, Self.msMax)
        self.echoNs = echoNs
    }

    public func encode(into bytes: inout [UInt8]) {
        bytes.append(Self.version)
        bytes.appendVarint(monotonicNs)
        bytes.appendVarint(wallMs)
        bytes.appendVarint(commonMs)
        bytes.appendVarint(echoNs)
    }

    public init(from reader: inout ByteReader) throws(DecodingError) {
        let version = try reader.readByte()
        guard version == Self.version else { throw .unknownVersion(version) }
        monotonicNs = try reader.readVarint()
        wallMs = try reader.readVarint()
        commonMs = try reader.readVarint()
        echoNs = try reader.readVarint()
        guard max(wallMs, commonMs) <= Self.msMax, max(monotonicNs, echoNs) <= Self.nsMax else {
            throw .invalid("clock")
        }
    }
}
