internal import Engine
internal import Essentials
internal import Membership
internal import Platform
internal import Storage
internal import Synchronization
internal import Wire

/// Whether this node may serve the cluster that it has founded.
///
/// A directory without a cluster is no proof that there never was one: it may have been lost. The
/// members of the one that it belonged to go on dialling this address, so who founds a cluster
/// waits a moment for them before it serves; and whenever they are heard, while nobody has joined,
/// the node gives the founding up, and stays so over restarts. Any thread.
final class Founding: Sendable {
    /// Members dial one that is away once a second.
    static let patienceMs: UInt64 = 1200

    private enum State {
        case isOver
        case isWaiting
        case isGivenUp(String)
    }

    private let state: Mutex<State>
    /// An operator has said that this node founds a cluster, whoever is heard.
    private let isAsked: Bool

    init(isAsked: Bool) {
        self.isAsked = isAsked
        state = Mutex(.isOver)
    }

    /// Why nothing is served; nil when nothing is in the way.
    var obstacle: String? {
        state.withLock { state in
            switch state {
            case .isOver: nil
            case .isWaiting:
                "this node founds a cluster, and first listens whether members of another one "
                    + "look for it here"
            case .isGivenUp(let reason): reason
            }
        }
    }

    var isGivenUp: Bool {
        state.withLock { if case .isGivenUp = $0 { true } else { false } }
    }

    func wait() { state.withLock { $0 = .isWaiting } }

    func end() {
        state.withLock { state in
            if case .isWaiting = state { state = .isOver }
        }
    }

    /// Returns the reason if that is new.
    func giveUp(for cluster: UniqueID, heard address: String? = nil) -> String? {
        guard !isAsked else { return nil }
        let source = address.map { " (heard from \($0))" } ?? ""
        let reason =
            "members of cluster \(cluster) know this address as one of theirs\(source): this "
            + "node's data directory was lost, or its address was another's. It serves nothing. "
            + "To join them, start it with an empty data-dir and 'join'; to go on with a cluster "
            + "of its own all the same, start it once with 'found yes'"
        return state.withLock { state in
            if case .isGivenUp = state { return nil }
            state = .isGivenUp(reason)
            return reason
        }
    }
}

extension NodeServices {
    /// A member of another cluster has dialled this node, and proven that it knows the secret.
    func heardOf(_ hello: PeerHandshake.Hello, at address: SocketAddress, from shard: Shard) {
        guard hello.listedID != UniqueID(high: 0, low: 0), hello.listedID != nodeID,
            shard.topology.members.count == 1,
            let reason = founding.giveUp(for: hello.clusterID, heard: address.description)
        else { return }
        log.error("founding is given up", ["reason": .text(reason)])
        suspend(reason)
        let facts = NodeFacts(storage: storage)
        let fail = fail
        _ = workers.submit {
            do throws(StorageError) {
                try facts.store(foreignCluster: hello.clusterID)
            } catch {
                fail("what this node has heard of another cluster cannot be kept: \(error)")
            }
        }
    }

    /// No client is served any more.
    func suspend(_ reason: String) {
        for mailbox in mailboxes { mailbox.send(.call { $0.shard?.suspend(reason) }) }
    }

    // MARK: Runs of this node

    /// A member says that this node runs already, at `address`.
    func noteCopy(of node: NodeNumber, _ address: String, nowNs: UInt64) {
        guard lives.isCopy(nowNs: nowNs) else { return }
        fail(
            "this node runs already, at \(address), as node \(node) says: this data-dir is a copy "
                + "of its; give each node a data-dir of its own, an empty one to join as a new one")
    }

    /// A member remembers a run of this node that the data directory does not: votes, entries and
    /// dots may be forgotten.
    func noteForgotten(_ life: UInt64, from shard: Shard) {
        let now = shard.loop.now
        guard let own = lives.forgot(life, wallMs: now.wallMs) else { return }
        log.warn(
            "the data directory is an earlier state of this node; what it may have forgotten is "
                + "left to the others", [:])
        epochCeiling.note(reachedMs: own)
        for mailbox in mailboxes { mailbox.send(.call { $0.shard?.forget(upTo: own) }) }
        let facts = NodeFacts(storage: storage)
        let fail = fail
        _ = workers.submit {
            do throws(StorageError) {
                try facts.store(life: own)
            } catch {
                fail("this run's number cannot be kept: \(error)")
            }
        }
    }
}
