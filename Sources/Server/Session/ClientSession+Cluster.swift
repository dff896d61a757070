internal import Commands
internal import Engine
internal import Essentials
internal import Placement
internal import Wire

/// CLUSTER: where keys are. Answered alike whether `cluster-mode` says yes or no.
extension ClientSession {
    func runCluster(_ id: CommandID, _ arguments: [[UInt8]]) {
        switch id {
        case .clusterSlots: answer(view.slotsReply)
        case .clusterShards: answer(view.shardsReply)
        case .clusterNodes: answer(.verbatim(Array(view.nodesText.utf8)))
        case .clusterInfo: answer(.verbatim(Array(view.infoText.utf8)))
        case .clusterMyID: answer(.bulk(ClusterView.clientID(of: shard.services.nodeID)))
        case .clusterKeySlot: answer(.integer(Int64(Placement.slot(of: arguments[2]))))
        case .clusterCountKeysInSlot, .clusterGetKeysInSlot: askSlot(id, arguments)
        // Every node takes reads and writes alike.
        case .readOnly, .readWrite: answer(.ok)
        default: invariant(false, "\(id) is not about the cluster")
        }
    }

    private var view: ClusterView {
        let colon = info.localAddress.lastIndex(of: ":") ?? info.localAddress.endIndex
        return ClusterView(
            shard.services.addresses.current(shard.topology), own: shard.number,
            ownHost: String(info.localAddress[..<colon]),
            isReachable: { self.shard.dataPlane.canReach($0) })
    }
}

extension ClusterView {
    fileprivate var slotsReply: Reply {
        .array(
            ranges.map { range in
                let slots: [Reply] = [
                    .integer(Int64(range.slots.lowerBound)),
                    .integer(Int64(range.slots.upperBound)),
                ]
                return .array(slots + range.replicas.map { endpoint(nodes[$0]) })
            })
    }

    private func endpoint(_ node: Node) -> Reply {
        .array([.bulk(node.host), .integer(Int64(node.port)), .bulk(node.id), .map([])])
    }

    /// A shard here is a list of replicas, with all the slots that have just this list.
    fileprivate var shardsReply: Reply {
        var shards: [(replicas: [Int], slots: [Reply])] = []
        for range in ranges {
            let bounds: [Reply] = [
                .integer(Int64(range.slots.lowerBound)), .integer(Int64(range.slots.upperBound)),
            ]
            if let index = shards.firstIndex(where: { $0.replicas == range.replicas }) {
                shards[index].slots += bounds
            } else {
                shards.append((range.replicas, bounds))
            }
        }
        return .array(
            shards.map { shard in
                let members = shard.replicas.enumerated().map { place, index in
                    description(nodes[index], isMaster: place == 0)
                }
                return .map([
                    .bulk("slots"), .array(shard.slots), .bulk("nodes"), .array(members),
                ])
            })
    }

    private func description(_ node: Node, isMaster: Bool) -> Reply {
        .map([
            .bulk("id"), .bulk(node.id),
            .bulk("port"), .integer(Int64(node.port)),
            .bulk("ip"), .bulk(node.host),
            .bulk("endpoint"), .bulk(node.host),
            .bulk("role"), .bulk(isMaster ? "master" : "replica"),
            .bulk("replication-offset"), .integer(0),
            .bulk("health"), .bulk(node.isReachable ? "online" : "fail"),
        ])
    }

    /// One line a node, as in Redis' `nodes.conf`.
    fileprivate var nodesText: String {
        nodes.indices.map { index in
            let node = nodes[index]
            let master = master(of: index)
            var flags = node.isOwn ? ["myself"] : []
            flags.append(master == nil ? "master" : "slave")
            if !node.isReachable { flags.append("fail?") }
            let slots = masteredSlots(of: index).map(Self.text)
            let fields =
                [
                    node.id, "\(node.host):\(node.port)@\(node.peerPort)",
                    flags.joined(separator: ","), master.map { nodes[$0].id } ?? "-", "0", "0",
                    "\(epoch)", node.isReachable ? "connected" : "disconnected",
                ] + slots
            return fields.joined(separator: " ") + "\n"
        }.joined()
    }

    /// The slots that a node is called the master of, neighbouring ranges made one.
    private func masteredSlots(of node: Int) -> [ClosedRange<UInt16>] {
        var slots: [ClosedRange<UInt16>] = []
        for range in ranges where range.replicas.first == node {
            if let last = slots.last, last.upperBound + 1 == range.slots.lowerBound {
                slots[slots.count - 1] = last.lowerBound...range.slots.upperBound
            } else {
                slots.append(range.slots)
            }
        }
        return slots
    }

    private static func text(_ slots: ClosedRange<UInt16>) -> String {
        slots.count == 1 ? "\(slots.lowerBound)" : "\(slots.lowerBound)-\(slots.upperBound)"
    }

    fileprivate var infoText: String {
        let lost = ranges.filter { range in !range.replicas.contains { nodes[$0].isReachable } }
        let lostSlots = lost.reduce(0) { $0 + $1.slots.count }
        let masters = Set(ranges.compactMap(\.replicas.first))
        let lines = [
            ("cluster_state", lostSlots == 0 ? "ok" : "fail"),
            ("cluster_slots_assigned", "\(slotCount)"),
            ("cluster_slots_ok", "\(slotCount - lostSlots)"),
            ("cluster_slots_pfail", "\(lostSlots)"),
            ("cluster_slots_fail", "0"),
            ("cluster_known_nodes", "\(nodes.count)"),
            ("cluster_size", "\(masters.count)"),
            ("cluster_current_epoch", "\(epoch)"),
            ("cluster_my_epoch", "\(epoch)"),
            ("cluster_stats_messages_sent", "0"),
            ("cluster_stats_messages_received", "0"),
        ]
        return lines.map { "\($0):\($1)\r\n" }.joined()
    }
}
