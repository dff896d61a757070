internal import Engine

/// The requests that a peer has been sent and has not answered: says whether it is to get more.
///
/// A peer that keeps up may have as many as a shard may have under way: deep pipelines of many
/// clients come to that. One that lags (it has not answered everything that it was sent half a
/// second ago: it stands still, or is slower than what it gets) may only have few, so that it
/// cannot take up the whole of that bound and hold up requests that do not need it.
///
/// A pure value, told of the time by `tick`. Answers are taken to come in the order of requests:
/// nearly so is enough.
struct PeerBacklog {
    /// As many as a shard has under way at most.
    static let countMax: UInt64 = 65_536
    /// Some 10 ms of a loop's work, so that the peer has something to do when it goes on.
    static let laggingCountMax: UInt64 = 4096
    /// In ticks of 10 ms: half the usual time-out of a request.
    private static let lagTicks = 50

    private(set) var isLagging = false
    private var sent: UInt64 = 0
    private var answered: UInt64 = 0
    private var sentMax = countMax
    /// How many had been sent at the last ticks.
    private var sentAt = [UInt64](repeating: 0, count: lagTicks)
    private var tickIndex = 0

    var hasRoom: Bool { sent < sentMax }
    var count: Int { Int(sent - answered) }

    mutating func noteSent() { sent += 1 }

    mutating func noteAnswered() {
        guard answered < sent else { return }
        answered += 1
        sentMax += 1
    }

    mutating func tick() {
        tickIndex = (tickIndex + 1) % Self.lagTicks
        isLagging = answered < sentAt[tickIndex]
        sentAt[tickIndex] = sent
        sentMax = answered + (isLagging ? Self.laggingCountMax : Self.countMax)
    }

    /// The connection is a new one: what was sent on the last is answered by nobody.
    mutating func clear() { self = PeerBacklog() }
}
