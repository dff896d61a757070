internal import Essentials
internal import Membership
internal import Platform
internal import Synchronization

/// Where this node is, and where it looks for the others: what its control links find out, for the
/// links of all loops. Any thread.
final class PeerAddresses: Sendable {
    /// This node's, as it tells them.
    let own: MemberAddresses
    private let state: Mutex<State>

    private struct State {
        var book: AddressBook
        var epoch: UInt64 = 0
    }

    /// - Parameter seeds: where `join` says that members are.
    init(own number: NodeNumber, at addresses: MemberAddresses, seeds: [String]) {
        own = addresses
        var book = AddressBook(own: AddressNotice(node: number, addresses: addresses))
        book.seeds = seeds
        state = Mutex(State(book: book))
    }

    /// Each loop tells; the first one counts.
    func update(_ topology: Topology) {
        state.withLock { state in
            guard topology.epoch > state.epoch else { return }
            state.epoch = topology.epoch
            state.book.update(topology)
        }
    }

    func place(of node: NodeNumber, tries: Int, mayRoam: Bool) -> String? {
        state.withLock { $0.book.place(of: node, tries: tries, mayRoam: mayRoam) }
    }

    func met(_ node: NodeNumber, at address: String, isConnected: Bool) {
        state.withLock { $0.book.met(node, at: address, isConnected: isConnected) }
    }

    func lost(_ node: NodeNumber) { state.withLock { $0.book.lost(node) } }

    func heard(
        _ notices: [AddressNotice], from sender: NodeNumber
    ) -> (found: [NodeNumber], passedOn: [AddressNotice]) {
        state.withLock { $0.book.heard(notices, from: sender) }
    }

    /// The topology with the addresses of now.
    func current(_ topology: Topology) -> Topology { state.withLock { $0.book.current(topology) } }

    func notices(for listener: NodeNumber) -> [AddressNotice] {
        state.withLock { $0.book.notices(for: listener) }
    }
}

extension Shard {
    /// Something was learnt about where the member is: all loops try there at once.
    func look(for node: NodeNumber) {
        for mailbox in services.mailboxes {
            mailbox.send(.call { $0.shard?.peers.look(for: node) })
        }
    }
}
