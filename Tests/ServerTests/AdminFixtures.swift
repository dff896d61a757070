import Essentials
import Membership
import Placement
import Synchronization

@testable import Server

/// A node that answers the same always, or not at all.
final class FixedBackend: AdminBackend {
    private let failure: Mutex<AdminError?>

    init(failing failure: AdminError? = nil) { self.failure = Mutex(failure) }

    var unreadiness: String? { failure.withLock { $0?.description } }

    private func check() throws(AdminError) {
        if let error = failure.withLock({ $0 }) { throw error }
    }

    func status() throws(AdminError) -> StatusReport {
        try check()
        let member = StatusReport.Member(
            id: "0a", number: 1, clientAddress: "127.0.0.1:7379", peerAddress: "127.0.0.1:7380",
            adminAddress: "127.0.0.1:7381", zone: "a", weight: 100, isReachable: true,
            liveness: "alive", vnodes: 192, firstPlaces: 64)
        var other = member
        other.id = "0b"
        other.number = 2
        other.isReachable = false
        other.liveness = "dead"
        other.vnodes = 64
        return StatusReport(
            clusterID: "0c", number: 1, id: "0a", uptimeSeconds: 61, unreadiness: nil, epoch: 3,
            consensus: StatusReport.Consensus(
                term: 4, leader: 1, voters: [1, 2], learners: [], votersHeard: 2, commitIndex: 9,
                lastIndex: 10, logBytes: 11),
            partitions: 64, n: 3, r: 2, w: 2, shards: 2, connectedClients: 4, keys: 5,
            memoryBytes: 6, diskFreeBytes: 7, diskState: "ample", uncleanStarts: 8,
            members: [member, other],
            views: [
                StatusReport.View(node: 1, sees: [(2, "dead")]),
                StatusReport.View(node: 2, sees: nil),
            ])
    }

    func ring() throws(AdminError) -> RingReport {
        try check()
        let node = RingReport.Node(
            number: 1, clientAddress: "127.0.0.1:7379", zone: "a", weight: 100, vnodes: 2,
            vnodesAsked: 2.5, firstPlaces: 1, firstPlacesAsked: 1)
        return RingReport(epoch: 3, n: 3, zoneViolations: 0, nodes: [node], table: [[1], [1]])
    }

    func planRemoval(
        _ removal: Removal, of words: [String]
    ) throws(AdminError) -> RemovalReport {
        try check()
        return RemovalReport(
            nodes: words.map {
                RemovalReport.Node(number: Int($0) ?? 0, id: "0c", peerAddress: "x:1", vnodes: 2)
            }, epoch: 4, isMade: false, obstacle: removal == .recover ? "it is not lost" : nil,
            consequences: ["It is gone."])
    }

    func remove(_ removal: Removal, _ words: [String]) throws(AdminError) -> RemovalReport {
        var report = try planRemoval(removal, of: words)
        if let obstacle = report.obstacle { throw .refused(obstacle) }
        report.isMade = true
        return report
    }

    func hints() throws(AdminError) -> HintReport {
        try check()
        let target = HintReport.Target(
            number: 2, clientAddress: "127.0.0.1:7389", isReachable: true, isDelivering: true,
            records: 100, bytes: 6400, oldestSeconds: 9, rate: 30, delivered: 50,
            dirtyPartitions: [7, 8])
        return HintReport(number: 1, bytesMax: 1 << 30, ageSecondsMax: 3600, targets: [target])
    }

    func explain(key: [UInt8]) throws(AdminError) -> KeyReport {
        try check()
        guard key.count <= 100 else { throw .refused("a key has at most 100 bytes") }
        let object = KeyReport.Replica.Object(
            context: "1@5:2", digest: "00000000000000ff", type: "string", siblings: 2,
            valueBytes: 3, expiresAtMs: 99,
            timestamp: "5.0@1")
        var tombstone = object
        tombstone.siblings = 0
        tombstone.type = nil
        let copies: [KeyReport.Replica.Copy] = [
            .object(object), .object(tombstone), .none, .unknown("no answer"),
        ]
        return KeyReport(
            key: key, slot: 15495, position: 0xF21D, partition: 242,
            replicas: copies.enumerated().map { index, copy in
                KeyReport.Replica(
                    number: index + 1, clientAddress: "x:1", zone: "a", isReachable: true,
                    copy: copy)
            }, fallbacks: [5], keyspace: key.first == 0x63 ? [0x63, 0xFF] : nil,
            quorums: QuorumReport(r: 1, w: 2, pr: 0, pw: 0, dw: 3))
    }

    func keyspaces() throws(AdminError) -> KeyspaceReport {
        try check()
        return KeyspaceReport(epoch: 7, n: 3, keyspaces: [])
    }

    func setKeyspace(
        prefix: [UInt8], _ quorums: Quorums
    ) throws(AdminError) -> KeyspaceReport {
        try check()
        let keyspace = Keyspace(prefix: prefix, quorums: quorums)
        return KeyspaceReport(epoch: 8, n: 3, keyspaces: [keyspace])
    }

    func unsetKeyspace(prefix: [UInt8]) throws(AdminError) -> KeyspaceReport {
        try check()
        guard prefix == [0xFF] else { throw .refused("no keyspace has this prefix") }
        return try keyspaces()
    }

    func metrics() throws(AdminError) -> [Metric] {
        try check()
        return [
            .counter("martlet_requests_total", "Requests.", 7),
            .gauge("martlet_memory_bytes", "Memory.", 1.5),
        ]
    }
}
