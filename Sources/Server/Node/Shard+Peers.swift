internal import Commands
internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Platform
internal import Wire

extension Shard {
    /// Brings a peer's message to the shard of its key.
    func route(
        _ message: PeerMessage, from node: NodeNumber, link: LinkID, _ header: PeerFrameHeader
    ) {
        let position: Position
        switch message {
        case .write(_, let key, _, _), .check(_, let key, _):
            position = Position(rawValue: key.position)
        case .forward(_, _, let arguments):
            guard let key = KeyRequest.key(ofForwarded: arguments) else { return }
            position = Position(of: key)
        case .execute(let id, let arguments): return execute(id, arguments, link)
        default: return
        }
        let target = services.shard(of: topology.partitioning.partition(of: position))
        if target == index {
            apply(.received(message, from: node, link: link, header))
        } else {
            services.mailboxes[target].send(.peer(message, from: node, link: link, header))
        }
    }

    /// A frame with a later epoch makes the control plane fetch the topology.
    func hear(_ header: PeerFrameHeader, from node: NodeNumber) {
        guard header.epoch > topology.epoch else { return }
        services.mailboxes[0].send(.heard(epoch: header.epoch, from: node))
    }
}
