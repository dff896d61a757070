internal import Engine
internal import Essentials
internal import Wire

/// What a loop's pass takes in: from its sockets, its mailbox, and its timers.
enum LoopInput {
    case event(DataPlane.Event)
    /// A peer's request that came in on a connection of this loop; it may be for another one.
    case arrived(PeerMessage, from: Int, Connection, PeerFrameHeader)
    /// The same, from the loop of the connection, which took it in at `arrivedNs`.
    case routed(PeerMessage, from: Int, Connection, PeerFrameHeader, arrivedNs: UInt64)
    /// An answer for a peer whose connection is on this loop.
    case answer(Connection, PeerMessage)
    /// A client's commands have come, or may go on.
    case commands(ClientConnection)
    /// A reply for a client whose connection is on this loop.
    case reply(ClientConnection, sequence: UInt32, Reply)
}

/// A part of a pass. Between any two of them a process can end, and a loop stand still.
enum LoopWork {
    case take(LoopInput)
    /// Writes what is stored so far as one batch, and tells of it.
    case commit
    /// Lets the first effect go whose batch is written, or durable.
    case release(isDurable: Bool)
    /// Tells clients whose replies have waited too long for the disk.
    case giveUpReplies
    /// One frame a connection.
    case sendFrames
    case answerClients
    case end

    /// What comes after all that a pass has taken in.
    static var passEnd: [LoopWork] { [.commit, .sendFrames, .answerClients, .end] }
}

/// Effects that wait for their batches, in their order: one that may wait for less than the one
/// before it waits with that.
struct HeldEffects {
    private struct Item {
        var batch: UInt64
        var sinceNs: UInt64
        /// Nil for a reply that was given up.
        var effect: DataPlane.Effect?
    }

    private var items: [Item] = []

    var isEmpty: Bool { items.isEmpty }
    var count: Int { items.count }

    mutating func append(_ effect: DataPlane.Effect, batch: UInt64, nowNs: UInt64) {
        items.append(Item(batch: batch, sinceNs: nowNs, effect: effect))
    }

    mutating func pop(upTo batch: UInt64) -> DataPlane.Effect? {
        while let first = items.first, first.batch <= batch {
            items.removeFirst()
            if let effect = first.effect { return effect }
        }
        return nil
    }

    /// Gives up the replies that have waited since before `ns` and returns whose they are.
    mutating func giveUpReplies(since ns: UInt64) -> [UInt64] {
        var origins: [UInt64] = []
        for index in items.indices where items[index].sinceNs < ns {
            guard case .reply(let origin, _, _) = items[index].effect else { continue }
            origins.append(origin)
            items[index].effect = nil
        }
        return origins
    }
}

extension DataPlane.Effect {
    /// What it waits for before it is carried out.
    var hold: Hold {
        switch self {
        case .reply(_, _, let hold), .send(_, _, let hold), .answer(_, _, let hold),
            .loadHints(_, _, let hold), .scanHints(_, _, _, _, let hold):
            hold
        default: .none
        }
    }
}
