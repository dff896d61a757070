internal import Essentials

/// How much a server may make its client keep.
public struct ReplyLimits: Sendable, Equatable {
    /// Bytes of a status, an error or a length line.
    public var lineSizeMax = 64 << 10
    /// Bytes of one bulk string: Redis' largest.
    public var bulkSizeMax = 512 << 20
    /// Items of one array; maps count keys and values.
    public var itemCountMax = 1 << 24
    /// Arrays within arrays. `COMMAND DOCS`, the deepest reply of Redis, needs under ten.
    public var depthMax = 64

    public init() {}
}

/// Cuts the bytes that a server sends into replies, however they were chunked: RESP2 and RESP3.
///
/// The client's side, which also must not trust the other: depth and sizes are bounded, nothing is
/// allocated by an announced length, nothing recurses, and no byte is looked at twice however small
/// the chunks are. Attributes are read and dropped. After a failure the stream cannot be understood
/// any more. Confined to its connection.
public struct ReplyParser: Sendable {
    public enum Event: Sendable, Equatable {
        case needMore
        case reply(Reply)
        case failed(String)
    }

    private enum Aggregate { case array, map, set, push, attribute }

    /// An array whose items are still coming.
    private struct Open {
        var aggregate: Aggregate
        var missing: Int
        var items: [Reply]
    }

    private enum BulkKind { case bulk, verbatim, error }

    private enum Step {
        case needMore
        case failed(String)
        case value(Reply)
        /// An aggregate was opened: its first item comes next.
        case opened
    }

    private let limits: ReplyLimits
    private var buffer: [UInt8] = []
    private var position = 0
    private var scanned = 0
    private var open: [Open] = []
    /// The bulk string whose bytes are awaited.
    private var bulk: (kind: BulkKind, size: Int)?
    private var failure: String?

    public init(limits: ReplyLimits = ReplyLimits()) { self.limits = limits }

    /// Whether a reply has begun that did not end yet.
    public var isInsideReply: Bool { position < buffer.count || !open.isEmpty || bulk != nil }

    public mutating func append(_ chunk: Span<UInt8>) {
        guard failure == nil else { return }
        if position > 0, position >= buffer.count - position {
            buffer.removeSubrange(0..<position)
            scanned = max(0, scanned - position)
            position = 0
        }
        buffer.append(addingCapacity: chunk.count) { out in
            for index in chunk.indices { out.append(chunk[index]) }
        }
    }

    public mutating func append(_ chunk: [UInt8]) { append(chunk.span) }

    public mutating func next() -> Event {
        if let failure { return .failed(failure) }
        while true {
            switch readStep() {
            case .needMore:
                if position == buffer.count { releaseBuffer() }
                return .needMore
            case .failed(let text):
                failure = text
                releaseBuffer()
                open = []
                return .failed(text)
            case .opened:
                continue
            case .value(let reply):
                if let whole = close(with: reply) { return .reply(whole) }
            }
        }
    }

    private mutating func releaseBuffer() {
        buffer.removeAll(keepingCapacity: buffer.capacity <= RequestParser.idleCapacityMax)
        position = 0
        scanned = 0
    }

    /// Puts `reply` where it belongs; the outermost reply once that is whole.
    private mutating func close(with reply: Reply) -> Reply? {
        var finished = reply
        while !open.isEmpty {
            let last = open.count - 1
            open[last].items.append(finished)
            open[last].missing -= 1
            guard open[last].missing == 0 else { return nil }
            guard let aggregate = Self.reply(open.removeLast()) else { return nil }
            finished = aggregate
        }
        return finished
    }

    /// Nil for attributes: the reply that they are about comes next.
    private static func reply(_ open: Open) -> Reply? {
        switch open.aggregate {
        case .array: .array(open.items)
        case .map: .map(open.items)
        case .set: .set(open.items)
        case .push: .push(open.items)
        case .attribute: nil
        }
    }

    // MARK: Steps

    private mutating func readStep() -> Step {
        if let bulk { return readBulk(bulk.kind, bulk.size) }
        guard position < buffer.count else { return .needMore }
        let line: Range<Int>
        switch findLine() {
        case .success(let range): line = range
        case .failure(let stop): return stop.step
        }
        let mark = buffer[position]
        position = line.upperBound + 2
        switch mark {
        case UInt8(ascii: "+"): return .value(.simple(text(line)))
        case UInt8(ascii: "-"): return .value(.error(text(line)))
        case UInt8(ascii: ":"):
            return Int64(decimal: buffer, in: line).map { .value(.integer($0)) }
                ?? .failed("invalid integer")
        case UInt8(ascii: "$"): return openBulk(.bulk, line)
        case UInt8(ascii: "="): return openBulk(.verbatim, line)
        case UInt8(ascii: "!"): return openBulk(.error, line)
        case UInt8(ascii: "*"): return openAggregate(.array, line)
        case UInt8(ascii: "%"): return openAggregate(.map, line)
        case UInt8(ascii: "~"): return openAggregate(.set, line)
        case UInt8(ascii: ">"): return openAggregate(.push, line)
        case UInt8(ascii: "|"): return openAggregate(.attribute, line)
        default: return readScalar(mark, line)
        }
    }

    private func readScalar(_ mark: UInt8, _ line: Range<Int>) -> Step {
        switch mark {
        case UInt8(ascii: "_"):
            return line.isEmpty ? .value(.null) : .failed("invalid null")
        case UInt8(ascii: "#"):
            guard line.count == 1 else { return .failed("invalid boolean") }
            switch buffer[line.lowerBound] {
            case UInt8(ascii: "t"): return .value(.boolean(true))
            case UInt8(ascii: "f"): return .value(.boolean(false))
            default: return .failed("invalid boolean")
            }
        case UInt8(ascii: ","):
            return Double(text(line)).map { .value(.double($0)) } ?? .failed("invalid double")
        case UInt8(ascii: "("):
            let digits = buffer[line].first == UInt8(ascii: "-") ? line.dropFirst() : line[...]
            let isNumber = digits.allSatisfy { buffer[$0] &- UInt8(ascii: "0") < 10 }
            guard isNumber, !digits.isEmpty else { return .failed("invalid big number") }
            return .value(.bigNumber(text(line)))
        default:
            return .failed("unknown reply type 0x\(String(mark, radix: 16))")
        }
    }

    private mutating func openBulk(_ kind: BulkKind, _ line: Range<Int>) -> Step {
        guard let size = Int64(decimal: buffer, in: line) else { return .failed("invalid size") }
        if size == -1, kind == .bulk { return .value(.null) }
        guard 0 <= size, size <= limits.bulkSizeMax else { return .failed("invalid size") }
        return readBulk(kind, Int(size))
    }

    private mutating func readBulk(_ kind: BulkKind, _ size: Int) -> Step {
        guard buffer.count - position >= size + 2 else {
            bulk = (kind, size)
            return .needMore
        }
        bulk = nil
        let content = position..<position + size
        position += size + 2
        guard buffer[content.upperBound] == UInt8(ascii: "\r"),
            buffer[content.upperBound + 1] == UInt8(ascii: "\n")
        else { return .failed("bulk string without its end") }
        switch kind {
        case .bulk: return .value(.bulk(Array(buffer[content])))
        case .error: return .value(.error(text(content)))
        case .verbatim:
            // Three letters of format and a colon.
            guard size >= 4, buffer[content.lowerBound + 3] == UInt8(ascii: ":") else {
                return .failed("invalid verbatim text")
            }
            return .value(.verbatim(Array(buffer[content.dropFirst(4)])))
        }
    }

    private mutating func openAggregate(_ aggregate: Aggregate, _ line: Range<Int>) -> Step {
        guard let count = Int64(decimal: buffer, in: line) else { return .failed("invalid count") }
        if count == -1, aggregate == .array { return .value(.nullArray) }
        let isPairs = aggregate == .map || aggregate == .attribute
        let countMax = isPairs ? limits.itemCountMax / 2 : limits.itemCountMax
        guard 0 <= count, count <= countMax else { return .failed("invalid count") }
        guard open.count < limits.depthMax else { return .failed("replies nested too deeply") }
        let opened = Open(aggregate: aggregate, missing: Int(count) * (isPairs ? 2 : 1), items: [])
        if opened.missing == 0 { return Self.reply(opened).map { .value($0) } ?? .opened }
        open.append(opened)
        return .opened
    }

    // MARK: Lines

    private struct Stop: Error { var step: Step }

    /// The line at `position`, without the mark before it and the CR LF behind it.
    private mutating func findLine() -> Result<Range<Int>, Stop> {
        var index = max(position + 1, scanned)
        let end = min(buffer.count, position + limits.lineSizeMax + 1)
        while index < end, buffer[index] != UInt8(ascii: "\r") { index += 1 }
        scanned = index
        guard index < end else {
            let isTooLong = buffer.count - position > limits.lineSizeMax
            return .failure(Stop(step: isTooLong ? .failed("line too long") : .needMore))
        }
        guard index + 1 < buffer.count else { return .failure(Stop(step: .needMore)) }
        guard buffer[index + 1] == UInt8(ascii: "\n") else {
            return .failure(Stop(step: .failed("line without its end")))
        }
        return .success(position + 1..<index)
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: buffer[range], as: UTF8.self)
    }
}
