internal import Engine
internal import Essentials
internal import Wire

/// The connections between nodes, and what a test does to them.
///
/// Two nodes have one connection each way, opened by the side that asks; both break together. What
/// travels on a connection that has broken is lost.
struct Network {
    /// A frame under way.
    struct Envelope {
        var from: Int
        var to: Int
        /// The connection that it travels on.
        var connection: Connection
        var isAnswer: Bool
        /// What it says; what arrives is the frame.
        var messages: [PeerMessage]
        var frame: [UInt8]

        var isControl: Bool {
            messages.allSatisfy { if case .control = $0 { true } else { false } }
        }
    }

    /// A way from one node to another.
    struct Way: Hashable {
        var from: Int
        var to: Int
    }

    /// What becomes of what is sent a way.
    enum Rule { case lose, hold, double }

    private var cuts: Set<Way> = []
    /// Who has found whom, and is connected to it.
    private var opened: Set<Way> = []
    /// How often a pair's connections have broken. Looked up and never iterated.
    private var breaks: [Way: UInt32] = [:]
    /// What a process sent before it ended and may still arrive, by the generation of the
    /// connection that ended with it. Looked up and never iterated.
    private var lastWords: [Way: UInt32] = [:]
    var rules: [Way: Rule] = [:]
    /// What a rule holds back, in the order in which it was sent.
    private(set) var held: [Envelope] = []

    func isCut(_ one: Int, _ other: Int) -> Bool { cuts.contains(Self.pair(one, other)) }

    mutating func cut(_ one: Int, _ other: Int) {
        cuts.insert(Self.pair(one, other))
        breakConnections(one, other)
    }

    func isOpen(_ way: Way) -> Bool { opened.contains(way) }

    mutating func open(_ way: Way) { opened.insert(way) }

    mutating func heal(_ one: Int, _ other: Int) { cuts.remove(Self.pair(one, other)) }

    mutating func breakConnections(_ one: Int, _ other: Int) {
        breaks[Self.pair(one, other), default: 0] += 1
        opened.remove(Way(from: one, to: other))
        opened.remove(Way(from: other, to: one))
        lastWords[Way(from: one, to: other)] = nil
        lastWords[Way(from: other, to: one)] = nil
    }

    /// The process of `one` has ended; what the kernel has of it still arrives.
    mutating func breakConnections(of one: Int, with other: Int, lastWordsArrive: Bool) {
        let generation = generation(one, other)
        breakConnections(one, other)
        if lastWordsArrive { lastWords[Way(from: one, to: other)] = generation }
    }

    /// Whether it still arrives: on a connection that is open, or whose other end died after it
    /// was sent. Of those, only what control planes say: data planes take nothing from a link that
    /// they were told is closed, and in the server the word comes first and the closing after it.
    func arrives(_ envelope: Envelope) -> Bool {
        let sent = envelope.connection.generation
        if sent == generation(envelope.from, envelope.to) { return true }
        return lastWords[Way(from: envelope.from, to: envelope.to)] == sent && envelope.isControl
    }

    func generation(_ one: Int, _ other: Int) -> UInt32 { breaks[Self.pair(one, other)] ?? 0 }

    mutating func hold(_ envelope: Envelope) { held.append(envelope) }

    /// Takes what is held a way.
    mutating func takeHeld(_ way: Way) -> [Envelope] {
        let taken = held.filter { $0.from == way.from && $0.to == way.to }
        held.removeAll { $0.from == way.from && $0.to == way.to }
        return taken
    }

    private static func pair(_ one: Int, _ other: Int) -> Way {
        Way(from: min(one, other), to: max(one, other))
    }
}

/// A connection as the accepting side names it: who opened it, for which shard, and the how manieth
/// of its kind it is.
struct Connection: Equatable {
    var opener: Int
    var shard: Int
    var generation: UInt32

    var link: LinkID {
        LinkID(rawValue: UInt64(generation) << 32 | UInt64(opener) << 8 | UInt64(shard))
    }

    init(opener: Int, shard: Int, generation: UInt32) {
        self.opener = opener
        self.shard = shard
        self.generation = generation
    }

    init(_ link: LinkID) {
        opener = Int(link.rawValue >> 8 & 0xFFFF)
        shard = Int(link.rawValue & 0xFF)
        generation = UInt32(link.rawValue >> 32)
    }
}
