internal import Essentials

/// Cuts the bytes that a client sends into commands, however they were chunked.
///
/// The words of a command are ranges of the parser's own buffer: a command costs no allocation
/// until somebody copies a word. They stay readable until the next call of `next()` or
/// `append(_:)`. Work is proportional to the bytes received: a word that arrives in many pieces is
/// not looked at again with each piece. Nothing is allocated by an announced length.
///
/// Errors are Redis' texts; after one the stream cannot be understood any more, so the parser
/// repeats it for ever and the connection has to be closed. Confined to its session.
public struct RequestParser: RequestArguments, Sendable {
    public enum Event: Sendable, Equatable {
        /// The bytes so far do not end a command.
        case needMore
        /// A command stands ready to be read.
        case command
        /// The text of the error reply, without the leading minus sign.
        case failed(String)
        /// The words of an HTTP request: a browser was made to talk to us. Close without an answer.
        case crossProtocolAttack
    }

    /// A word's place, counted from `start`, so that moving the buffer's content does not touch it.
    private struct Place {
        var offset: UInt32
        var size: UInt32
    }

    /// Capacity that an idle connection keeps; what a larger command needed beyond is given back.
    static let idleCapacityMax = 64 << 10
    /// Words whose places an idle connection keeps room for.
    static let idlePlacesMax = 1 << 10

    public var limits: RequestLimits {
        didSet {
            invariant(
                limits.commandSizeMax <= RequestLimits.commandSizeLimit, "commandSizeMax too large")
        }
    }

    var buffer: [UInt8] = []
    /// Where the present command begins.
    var start = 0
    /// The next byte to be understood.
    var position = 0
    /// No end of line stands in `position..<scanned`.
    private var scanned = 0
    private var places: [Place] = []
    /// Words of the present command still to come; 0 before its header was read.
    private var wordsMissing = 0
    /// Size of the word that comes next; nil before its length line was read.
    private var wordSize: Int?
    private var isComplete = false
    private var failure: Event?

    public init(limits: RequestLimits = RequestLimits()) { self.limits = limits }

    /// Bytes kept for this client.
    public var bufferedSize: Int { buffer.capacity + places.capacity * MemoryLayout<Place>.stride }

    /// Whether bytes wait that do not make a whole command yet.
    public var isInsideCommand: Bool { !isComplete && position < buffer.count || wordsMissing > 0 }

    // MARK: Receiving

    public mutating func append(_ chunk: Span<UInt8>) {
        guard failure == nil else { return }
        compact()
        buffer.append(addingCapacity: chunk.count) { out in
            for index in chunk.indices { out.append(chunk[index]) }
        }
    }

    public mutating func append(_ chunk: [UInt8]) { append(chunk.span) }

    /// Moves what is not understood yet to the front, once that is less than what lies before it:
    /// so every byte is moved a bounded number of times.
    private mutating func compact() {
        discardCommand()
        guard start > 0, start >= buffer.count - start else { return }
        buffer.removeSubrange(0..<start)
        position -= start
        scanned = max(0, scanned - start)
        start = 0
    }

    /// Looks for the next command. The words of the one before are gone.
    public mutating func next() -> Event {
        if let failure { return failure }
        discardCommand()
        let event = readCommand()
        switch event {
        case .needMore: if start == buffer.count { releaseBuffer() }
        case .command: isComplete = true
        case .failed, .crossProtocolAttack:
            failure = event
            releaseBuffer()
        }
        return event
    }

    private mutating func discardCommand() {
        guard isComplete else { return }
        isComplete = false
        start = position
        if places.capacity > Self.idlePlacesMax {
            places = []
        } else {
            places.removeAll(keepingCapacity: true)
        }
    }

    private mutating func releaseBuffer() {
        if buffer.capacity > Self.idleCapacityMax {
            buffer = []
        } else {
            buffer.removeAll(keepingCapacity: true)
        }
        start = 0
        position = 0
        scanned = 0
    }

    // MARK: Commands

    private mutating func readCommand() -> Event {
        while wordsMissing == 0 {
            start = position
            guard position < buffer.count else { return .needMore }
            guard buffer[position] == UInt8(ascii: "*") else {
                if let event = readInlineCommand() { return event }
                continue
            }
            switch readLength() {
            case .incomplete: return .needMore
            case .tooLong: return Self.failed("too big mbulk count string")
            case .invalid: return Self.failed("invalid multibulk length")
            case .value(let count):
                if let event = checkCount(count) { return event }
                // An empty command is skipped, as in Redis.
                wordsMissing = max(0, count)
            }
        }
        return readWords()
    }

    private mutating func readWords() -> Event {
        while wordsMissing > 0 {
            let size: Int
            if let wordSize {
                size = wordSize
            } else {
                guard position < buffer.count else { return .needMore }
                switch readWordSize() {
                case .success(let value): size = value
                case .failure(let stop): return stop.event
                }
            }
            guard buffer.count - position >= size + 2 else {
                wordSize = size
                return .needMore
            }
            wordSize = nil
            places.append(Place(offset: UInt32(position - start), size: UInt32(size)))
            // Redis does not look at these two bytes either.
            position += size + 2
            wordsMissing -= 1
        }
        return isHTTP ? .crossProtocolAttack : .command
    }

    private struct Stop: Error { var event: Event }

    /// Reads a word's length line.
    private mutating func readWordSize() -> Result<Int, Stop> {
        let mark = buffer[position]
        let length = readLength()
        if case .incomplete = length { return .failure(Stop(event: .needMore)) }
        if case .tooLong = length {
            return .failure(Stop(event: Self.failed("too big bulk count string")))
        }
        guard mark == UInt8(ascii: "$") else {
            let got = String(decoding: [mark], as: UTF8.self)
            return .failure(Stop(event: Self.failed("expected '$', got '\(got)'")))
        }
        guard case .value(let size) = length, 0 <= size, size <= limits.argumentSizeMax else {
            return .failure(Stop(event: Self.failed("invalid bulk length")))
        }
        if limits.isRestricted, size > RequestLimits.restrictedArgumentSizeMax {
            return .failure(Stop(event: Self.failed("unauthenticated bulk length")))
        }
        guard position - start + size <= limits.commandSizeMax else {
            return .failure(Stop(event: Self.failed("too big command")))
        }
        return .success(size)
    }

    private func checkCount(_ count: Int) -> Event? {
        if count > limits.argumentCountMax { return Self.failed("invalid multibulk length") }
        if limits.isRestricted, count > RequestLimits.restrictedArgumentCountMax {
            return Self.failed("unauthenticated multibulk length")
        }
        return nil
    }

    static func failed(_ text: String) -> Event { .failed("ERR Protocol error: \(text)") }

    // MARK: Lines

    private enum Length {
        case incomplete, tooLong, invalid
        case value(Int)
    }

    /// Reads the number behind the mark at `position` and steps over its line, if it is all there.
    private mutating func readLength() -> Length {
        // The usual line is one to nine digits: read them as they are met.
        var index = position + 1
        let end = min(buffer.count, index + 9)
        var value = 0
        while index < end {
            let digit = buffer[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            value = value &* 10 &+ Int(digit)
            index += 1
        }
        let digits = index - position - 1
        if digits > 0, index + 1 < buffer.count, buffer[index] == UInt8(ascii: "\r"),
            digits == 1 || buffer[position + 1] != UInt8(ascii: "0")
        {
            position = index + 2
            return .value(value)
        }
        return readUnusualLength()
    }

    private mutating func readUnusualLength() -> Length {
        switch findLineEnd(UInt8(ascii: "\r")) {
        case .incomplete: return .incomplete
        case .tooLong: return .tooLong
        case .at(let index):
            // The byte behind it has to be there, whatever it is.
            guard index + 1 < buffer.count else { return .incomplete }
            // Where the mark should stand there may be the end of the line already.
            let digits = min(position + 1, index)..<index
            let number = Int64(decimal: buffer, in: digits)
            position = index + 2
            return number.map { .value(Int($0)) } ?? .invalid
        }
    }

    enum LineEnd {
        case incomplete, tooLong
        case at(Int)
    }

    /// Finds the first `terminator` from `position` on, going on where the last search stopped.
    mutating func findLineEnd(_ terminator: UInt8) -> LineEnd {
        var index = max(position, scanned)
        let end = min(buffer.count, position + limits.lineSizeMax + 1)
        while index < end {
            if buffer[index] == terminator {
                scanned = index
                return .at(index)
            }
            index += 1
        }
        scanned = index
        return buffer.count - position > limits.lineSizeMax ? .tooLong : .incomplete
    }

    // MARK: Words

    /// Takes note of a word of an inline command.
    mutating func addInlineWord(_ range: Range<Int>) {
        places.append(
            Place(offset: UInt32(range.lowerBound - start), size: UInt32(range.count)))
    }

    mutating func dropWords() { places.removeAll(keepingCapacity: true) }

    /// Browsers can be made to send both; no Redis command has such a name.
    var isHTTP: Bool {
        guard places[0].size == 4 || places[0].size == 5 else { return false }
        let word = keyword(0)
        return word == Self.post || word == Self.host
    }

    private static let post: Keyword = "post"
    private static let host: Keyword = "host:"

    public var argumentCount: Int { places.count }

    public func argumentSize(_ index: Int) -> Int { Int(places[index].size) }

    /// Where the word stands among the bytes of its command.
    public func argumentRange(_ index: Int) -> Range<Int> {
        let place = places[index]
        let offset = start + Int(place.offset)
        return offset..<offset + Int(place.size)
    }

    public func argument(_ index: Int) -> [UInt8] { Array(buffer[argumentRange(index)]) }

    public func keyword(_ index: Int) -> Keyword {
        Keyword(buffer.span.extracting(argumentRange(index)))
    }

    public func integer(_ index: Int) -> Int64? {
        Int64(decimal: buffer, in: argumentRange(index))
    }
}
