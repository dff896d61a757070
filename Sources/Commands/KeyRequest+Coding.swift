public import Essentials

// A request as it is forwarded to a coordinator. On the wire. Never reorder or reuse.
//
//     count (varint), then the words of the command (varint size, bytes)
//     present (1): bit 0 = r, 1 = w, 2 = pr, 3 = pw, 4 = dw, 5 = timeout
//     a byte each quorum present: see `Quorum.code`
//     timeout in ms (varint), if present

extension KeyRequest {
    /// Words of one request: the longest `BITFIELD` that anybody sends is far below.
    static let wordCountMax = 1 << 20

    public func encode(into bytes: inout [UInt8]) {
        let words = arguments
        bytes.appendVarint(UInt64(words.count))
        for word in words { bytes.appendSized(word) }
        let consistency = consistency ?? ConsistencyOverride()
        let quorums = [
            consistency.r, consistency.w, consistency.pr, consistency.pw, consistency.dw,
        ]
        var present: UInt8 = consistency.timeoutMs == nil ? 0 : 1 << 5
        for (index, quorum) in quorums.enumerated() where quorum != nil {
            present |= 1 << UInt8(index)
        }
        bytes.append(present)
        for quorum in quorums { if let quorum { bytes.append(quorum.code) } }
        if let timeoutMs = consistency.timeoutMs { bytes.appendVarint(UInt64(timeoutMs)) }
    }

    public init(from reader: inout ByteReader) throws(DecodingError) {
        let count = try reader.readCount(max: Self.wordCountMax)
        var words: [[UInt8]] = []
        for _ in 0..<count { words.append(try reader.readSized()) }
        guard case .key(let request) = Invocation.interpret(arguments: words) else {
            throw .invalid("not a request for one key")
        }
        self = request
        let asked = try ConsistencyOverride(from: &reader)
        consistency = asked == ConsistencyOverride() ? nil : asked
    }
}

extension ConsistencyOverride {
    fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
        self.init()
        let present = try reader.readByte()
        guard present < 1 << 6 else { throw .invalid("consistency") }
        if present & 1 != 0 { r = try Quorum(from: &reader) }
        if present & 2 != 0 { w = try Quorum(from: &reader) }
        if present & 4 != 0 { pr = try Quorum(from: &reader) }
        if present & 8 != 0 { pw = try Quorum(from: &reader) }
        if present & 16 != 0 { dw = try Quorum(from: &reader) }
        if present & 32 != 0 {
            let timeoutMs = try reader.readVarint()
            guard timeoutMs <= UInt64(Self.timeoutMsMax) else { throw .invalid("timeout") }
            self.timeoutMs = Int(timeoutMs)
        }
    }
}

extension Quorum {
    fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
        guard let quorum = Quorum(code: try reader.readByte()) else { throw .invalid("quorum") }
        self = quorum
    }
}
