/// A command on one key as its client saw it: what it asked, what it heard, and when.
///
/// Of a command on several keys there is one for each step on one of them.
public struct CommandRecord: Sendable {
    /// The numbers that it ran under, none above n.
    public struct Numbers: Sendable, Equatable {
        public var n: Int
        public var r: Int
        public var w: Int
        public var pr: Int
        public var pw: Int

        public init(n: Int, r: Int, w: Int, pr: Int = 0, pw: Int = 0) {
            self.n = n
            self.r = r
            self.w = w
            self.pr = pr
            self.pw = pw
        }

        var majority: Int { n / 2 + 1 }
    }

    /// A reply, whatever the protocol's version.
    public indirect enum Answer: Sendable, Equatable {
        /// A line of text: `OK`, a type.
        case line(String)
        case error(String)
        case bytes([UInt8])
        case integer(Int64)
        case nothing
        case list([Answer])
    }

    public enum Outcome: Sendable, Equatable {
        /// No answer, or one that leaves open whether it took effect, now or later.
        case unknown
        case answered(Answer)
        /// It has not taken effect and never will.
        case refused
    }

    /// The caller's own name for it.
    public var number: UInt64
    /// Commands of one connection that are known to be one take effect in the order of their
    /// places; nil for a command that came alone.
    public var connection: Int?
    /// The command's name and arguments.
    public var words: [[UInt8]]
    public var key: [UInt8]
    public var numbers: Numbers
    /// When its node began with it, and when its client was answered: nanoseconds of one clock for
    /// the whole history.
    public var calledNs: Int64
    public var answeredNs: Int64?
    public var outcome: Outcome
    /// Whether a node that is no primary of the key may have counted for r or w.
    public var mayUseFallbacks: Bool

    public init(
        number: UInt64, connection: Int? = nil, words: [[UInt8]], key: [UInt8], numbers: Numbers,
        calledNs: Int64, answeredNs: Int64?, outcome: Outcome, mayUseFallbacks: Bool = false
    ) {
        self.number = number
        self.connection = connection
        self.words = words
        self.key = key
        self.numbers = numbers
        self.calledNs = calledNs
        self.answeredNs = answeredNs
        self.outcome = outcome
        self.mayUseFallbacks = mayUseFallbacks
    }
}

extension CommandRecord.Outcome {
    /// What an answer says about whether the command took effect.
    public init(_ answer: CommandRecord.Answer) {
        guard case .error(let text) = answer else {
            self = .answered(answer)
            return
        }
        self = Self.saysNothingBegan(text) ? .refused : .unknown
    }

    private static func saysNothingBegan(_ text: String) -> Bool {
        let code = text.prefix { $0 != " " }
        // It was carried out, and whether the disk has it nobody knows.
        guard !text.hasSuffix("could not be stored in time") else { return false }
        switch code {
        case "NOQUORUM":
            // It had the numbers asked for and nobody who knows, or never sent anything.
            return text.hasSuffix("can be reached") || text.hasPrefix("NOQUORUM no primary")
        case "OVERLOADED":
            return !text.hasPrefix("OVERLOADED the disk has not answered")
        case "TRYAGAIN": return !text.contains("while the command ran")
        default: return true
        }
    }
}

extension CommandRecord {
    var isAcknowledged: Bool {
        if case .answered = outcome { true } else { false }
    }

    var answer: Answer? {
        if case .answered(let answer) = outcome { answer } else { nil }
    }

    /// After this it cannot have taken effect any more, if it was answered.
    var endNs: Int64 { isAcknowledged ? answeredNs ?? .max : .max }

    var isRefused: Bool { outcome == .refused }

    /// Whether what it read shows all that was acknowledged with a majority before, and stays
    /// shown.
    var readsStrictly: Bool {
        numbers.r >= numbers.majority && (!mayUseFallbacks || numbers.pr >= numbers.majority)
    }

    /// Whether every strict read after it shows what it wrote.
    var writesStrictly: Bool {
        numbers.w >= numbers.majority && (!mayUseFallbacks || numbers.pw >= numbers.majority)
    }

    /// For people.
    var text: String {
        let shown = words.map { word in
            word.count > 40
                ? "\(String(decoding: word.prefix(24), as: UTF8.self))… (\(word.count) bytes)"
                : String(decoding: word, as: UTF8.self)
        }
        return "request \(number), \(shown.joined(separator: " ")),"
    }
}

extension CommandRecord.Answer {
    /// For people.
    var text: String {
        switch self {
        case .line(let text), .error(let text): text
        case .bytes(let bytes):
            bytes.count > 60
                ? "'\(String(decoding: bytes.prefix(40), as: UTF8.self))…' (\(bytes.count) bytes)"
                : "'\(String(decoding: bytes, as: UTF8.self))'"
        case .integer(let value): "\(value)"
        case .nothing: "nothing"
        case .list(let parts): "[" + parts.map(\.text).joined(separator: ", ") + "]"
        }
    }
}
