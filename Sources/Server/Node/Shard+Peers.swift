internal import Commands
internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Platform
internal import Wire

extension Shard {
    /// Messages that may wait for another loop when a client's command is to join them: as many as
    /// a shard may have under way. A loop that is so far behind does not get there in time.
    static let mailboxCommandsMax = 65_536
    /// The same for a peer's request: what replicas are asked has cost a coordinator work already,
    /// so it goes before what clients begin.
    static let mailboxPeersMax = 2 * mailboxCommandsMax

    private func turnAway(_ message: PeerMessage, _ link: LinkID) {
        statistics.mailboxRefusals += 1
        guard let id = message.requestID else { return }
        peers.answer(link, .refused(id: id, .overloaded))
    }

    /// Brings a peer's message to the shard of its key.
    func route(
        _ message: PeerMessage, from node: NodeNumber, link: LinkID, _ header: PeerFrameHeader
    ) {
        let position: Position
        switch message {
        case .write(_, let key, _, _, _, _), .check(_, let key, _, _), .hint(_, _, let key, _, _),
            .hintsWanted(_, let key):
            position = Position(rawValue: key.position)
        case .handoff(_, let entries):
            guard let first = entries.first else { return }
            position = Position(rawValue: first.key.position)
        case .forward(_, _, let arguments):
            guard let key = KeyRequest.key(ofForwarded: arguments) else { return }
            position = Position(of: key)
            loop.readClocks()
        case .execute(let id, let arguments): return execute(id, arguments, link)
        case .epochWanted: return apply(.received(message, from: node, link: link, header))
        default: return
        }
        let target = services.shard(of: topology.partitioning.partition(of: position))
        if target == index {
            apply(.received(message, from: node, link: link, header))
        } else {
            let isTaken = services.mailboxes[target].send(
                .peer(
                    message, from: node, link: link, header, arrivedNs: loop.now.monotonicNs),
                unlessWaiting: Self.mailboxPeersMax)
            if !isTaken { turnAway(message, link) }
        }
    }

    /// Nobody answers any more what this shard has asked the node.
    func requestLinkClosed(_ node: NodeNumber) {
        apply(.linkClosed(node))
        peerCalls.fail(node)
        noteReachability()
    }

    /// A frame with a later epoch makes the control plane fetch the topology.
    func hear(_ header: PeerFrameHeader, from node: NodeNumber) {
        guard header.epoch > topology.epoch else { return }
        services.mailboxes[0].send(.heard(epoch: header.epoch, from: node))
    }
}
