internal import Essentials

/// The commands of one connection on one key that other nodes coordinate, in their order.
///
/// They take effect in that order, whoever coordinates them. So all that are handed over at a time
/// went to one node, in one pass of the loop, hence in frames that follow each other: that node
/// carries them out as they come. What comes later waits until all of these have ended; then all
/// that waits goes together. A pipeline on one key takes a round of messages for each lot and not
/// for each command, and a client that waits for each answer never waits here.
///
/// A command that was refused has not run, so another node may have it, but not before it is known
/// what became of those that went with it: see `DataPlane+Lanes.swift`.
struct ForwardLane: Sendable {
    /// Handed over and not ended.
    var sent = InlineFirst<UInt64>()
    /// Of those handed over together with them, what was refused.
    var refused: [UInt64] = []
    /// To be handed over when all those have ended.
    var waiting: [UInt64] = []
    /// The pass of the loop in which `sent` were handed over.
    var pass: UInt64
    /// Whether one of them has failed: then nothing joins them.
    var isClosed = false
    /// Who ended a command last: what follows goes there, too, if it can. That one knows best what
    /// was there before.
    var node: NodeNumber?

    /// Brings what was refused back into line, if nothing is under way any more.
    ///
    /// - Returns: whether something is to be handed over.
    mutating func rewind() -> Bool {
        guard sent.isEmpty else { return false }
        waiting = refused + waiting
        refused = []
        isClosed = false
        return !waiting.isEmpty
    }
}

/// All lanes of a shard. Free of them is what was never forwarded.
struct ForwardLanes: Sendable {
    struct Name: Hashable, Sendable {
        let source: Request.Origin.Source
        let key: ObjectKey

        init(_ request: Request) {
            source = request.origin.source
            key = request.key
        }
    }

    /// What is to be done with a command that has come.
    enum Entry { case handOver, join, wait }

    /// What is to be done when one has ended.
    enum Departure: Equatable {
        case nothing
        /// Something waits to be handed over.
        case dispatch
        /// The command is now the first of those handed over.
        case first(UInt64)
    }

    /// Commands handed over together at most: some hundred kilobytes of small ones.
    static let lotMax = 256

    /// Looked up by name and never iterated.
    private var lanes: [Name: ForwardLane] = [:]

    var isEmpty: Bool { lanes.isEmpty }

    subscript(name: Name) -> ForwardLane? { lanes[name] }

    @discardableResult
    mutating func update<Result>(
        _ name: Name, _ body: (inout ForwardLane) -> Result
    ) -> Result? {
        Self.update(&lanes[name], body)
    }

    private static func update<Result>(
        _ lane: inout ForwardLane?, _ body: (inout ForwardLane) -> Result
    ) -> Result? {
        let result = lane?.update(body)
        if lane?.isEmpty ?? false { lane = nil }
        return result
    }

    /// A command has come; it counts as handed over at once unless it has to wait.
    mutating func enter(_ id: UInt64, _ name: Name, pass: UInt64) -> Entry {
        Self.enter(id, &lanes[name], pass: pass)
    }

    private static func enter(
        _ id: UInt64, _ lane: inout ForwardLane?, pass: UInt64
    ) -> Entry {
        guard let isOpen = lane?.isOpen(in: pass) else {
            var first = ForwardLane(pass: pass)
            first.sent.append(id)
            lane = first
            return .handOver
        }
        guard isOpen else {
            lane?.waiting.append(id)
            return .wait
        }
        lane?.sent.append(id)
        return .join
    }

    /// The command that came last does not join the others.
    mutating func wait(_ id: UInt64, _ name: Name) {
        update(name) { lane in
            lane.sent.removeAll { $0 == id }
            lane.waiting.append(id)
        }
    }

    /// A command has ended, wherever it stood.
    mutating func leave(_ id: UInt64, _ name: Name, _ node: NodeNumber?) -> Departure {
        Self.leave(id, &lanes[name], node)
    }

    private static func leave(
        _ id: UInt64, _ lane: inout ForwardLane?, _ node: NodeNumber?
    ) -> Departure {
        let departure = lane?.leave(id, node) ?? .nothing
        if lane?.sent.isEmpty ?? false, departure != .dispatch { lane = nil }
        return departure
    }

    /// Takes everything that waits away, and the lane with it.
    mutating func takeAll(_ name: Name) -> [UInt64] {
        lanes.removeValue(forKey: name)?.waiting ?? []
    }
}

extension ForwardLane {
    fileprivate var isEmpty: Bool { sent.isEmpty && refused.isEmpty && waiting.isEmpty }

    /// A method, because optional chaining reaches a lane where it lies.
    fileprivate mutating func update<Result>(_ body: (inout Self) -> Result) -> Result {
        body(&self)
    }

    /// Whether a command of this pass joins those that were handed over.
    fileprivate func isOpen(in pass: UInt64) -> Bool {
        self.pass == pass && !isClosed && waiting.isEmpty && refused.isEmpty
            && sent.count < ForwardLanes.lotMax
    }

    /// A command has ended. The lane is over when none is handed over and none to be.
    fileprivate mutating func leave(
        _ id: UInt64, _ node: NodeNumber?
    ) -> ForwardLanes.Departure {
        if sent.count == 1, sent.first == id, waiting.isEmpty, refused.isEmpty {
            sent.removeAll()
            return .nothing
        }
        if let node { self.node = node }
        let wasFirst = sent.first == id
        sent.removeAll { $0 == id }
        refused.removeAll { $0 == id }
        waiting.removeAll { $0 == id }
        if rewind() { return .dispatch }
        guard wasFirst, let first = sent.first else { return .nothing }
        return .first(first)
    }
}
