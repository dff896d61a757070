internal import Engine
internal import Essentials
internal import Membership
internal import Platform
internal import Wire

/// The peer connections of one loop: one that it opened to each other member, and those that
/// members opened and that were accepted here.
///
/// Requests travel on the opener's connection, answers back on the same. The loop that has the
/// control plane opens a second one to each member, so that what control planes and failure
/// detectors say never waits behind megabytes of data. Confined to its loop.
struct PeerTable {
    /// By node number; nil for this node and for numbers that are no member's.
    private var links: [PeerLink?] = []
    /// The same, for the control plane; empty on other loops.
    private var controlLinks: [PeerLink?] = []
    private var accepted: [UInt64: PeerConnection] = [:]
    private var lastSerial: UInt64 = 0
    private let dirty = DirtyPeers()
    /// More than this waiting for one peer means that it does not read, and new requests to it are
    /// refused: this loop's part of `peer-queue-max`.
    var queueBytesMax = 0

    /// Connections that were accepted and have not proven who they are.
    private static let strangersMax = 256

    var acceptedCount: Int { accepted.count }

    /// Opens links to every member that has none and closes those to nodes that have left.
    mutating func update(_ topology: Topology, shard: Shard) {
        shard.services.addresses.update(topology)
        update(&links, .requests, topology, shard)
        if shard.index == 0 { update(&controlLinks, .control, topology, shard) }
        for connection in accepted.values { connection.castOutIfGone() }
    }

    private func update(
        _ links: inout [PeerLink?], _ purpose: PeerLink.Purpose, _ topology: Topology,
        _ shard: Shard
    ) {
        for member in topology.activeMembers where member.number != shard.number {
            let index = Int(member.number.rawValue)
            while links.count <= index { links.append(nil) }
            if let link = links[index] {
                link.update(address: member.peerAddress)
            } else {
                links[index] = PeerLink(
                    node: member.number, nodeID: member.id, address: member.peerAddress,
                    purpose: purpose, shard: shard, dirty: dirty)
            }
        }
        for index in links.indices {
            guard let link = links[index], topology.standing(of: link.node) != .member else {
                continue
            }
            link.close()
            links[index] = nil
        }
    }

    /// Queues a message on our connection to `node`; false when there is none or too much waits.
    func send(_ message: PeerMessage, to node: NodeNumber) -> Bool {
        let index = Int(node.rawValue)
        guard index < links.count, let link = links[index] else { return false }
        return link.send(message, queueBytesMax: queueBytesMax)
    }

    /// Sends to the control plane of `node`; nothing when the connection is down.
    ///
    /// - Parameter isAnsweredSoon: an answer comes back on the same connection, or the other side
    ///   stands still.
    func sendControl(_ bytes: [UInt8], to node: NodeNumber, isAnsweredSoon: Bool = false) {
        let index = Int(node.rawValue)
        guard index < controlLinks.count, let link = controlLinks[index] else { return }
        link.send(control: bytes, isAnsweredSoon: isAnsweredSoon)
    }

    /// Tries to reach the node at once, where it is likely to be by what is known now.
    func look(for node: NodeNumber) {
        let index = Int(node.rawValue)
        if index < links.count { links[index]?.look() }
        if index < controlLinks.count { controlLinks[index]?.look() }
    }

    func isControlReady(_ node: NodeNumber) -> Bool {
        let index = Int(node.rawValue)
        return index < controlLinks.count && controlLinks[index]?.isReady ?? false
    }

    func isReady(_ node: NodeNumber) -> Bool {
        let index = Int(node.rawValue)
        guard index < links.count, let link = links[index] else { return false }
        return link.isReady
    }

    /// What waits for each other member, on the connections of this loop.
    var queues: [PeerQueue] {
        links.compactMap { link in
            guard let link else { return nil }
            return PeerQueue(
                node: link.node, bytes: link.queuedBytes, requests: link.backlog.count,
                refusedCount: link.refusedCount, isLagging: link.backlog.isLagging)
        }
    }

    /// Queues an answer on a connection that a peer opened; nothing when it is gone.
    func answer(_ link: LinkID, _ message: PeerMessage) {
        accepted[link.rawValue]?.answer(message)
    }

    mutating func accept(_ socket: AcceptedSocket, shard: Shard) {
        let strangers = accepted.values.count { !$0.isProven }
        guard strangers < Self.strangersMax else { return }
        lastSerial += 1
        let id = LinkID(loop: shard.index, serial: lastSerial)
        guard let connection = PeerConnection(id: id, socket, shard: shard, dirty: dirty)
        else { return }
        accepted[id.rawValue] = connection
    }

    mutating func forget(_ link: LinkID) { accepted[link.rawValue] = nil }

    /// Writes what this pass has queued, a frame a connection.
    func flush(_ header: PeerFrameHeader) { dirty.flush(header) }

    func secondPassed(shard: Shard) {
        for link in links + controlLinks { link?.secondPassed() }
        for connection in accepted.values { connection.secondPassed() }
    }

    /// To be called every 10 ms.
    func ticked() {
        for link in links { link?.ticked() }
    }

    /// Reads again from peers that had to wait for the disk.
    func resumeHeld() {
        for connection in accepted.values { connection.resume() }
    }

    func closeAll() {
        for link in links + controlLinks { link?.close() }
        for connection in accepted.values { connection.close() }
    }
}

/// What one loop has for one other member, and what it is waiting for from it.
struct PeerQueue: Sendable {
    let node: NodeNumber
    /// Requests that the network has not taken yet.
    var bytes: Int
    /// Requests that are not answered.
    var requests: Int
    /// Requests that were not sent, since too much waited, since the start.
    var refusedCount: UInt64
    /// Whether it has left requests unanswered for half a second.
    var isLagging: Bool

    mutating func add(_ other: PeerQueue) {
        bytes += other.bytes
        requests += other.requests
        refusedCount += other.refusedCount
        isLagging = isLagging || other.isLagging
    }
}

/// The connections that have something to write at the end of this pass.
final class DirtyPeers {
    private var links: [PeerOutput] = []

    func add(_ output: PeerOutput) { links.append(output) }

    func flush(_ header: PeerFrameHeader) {
        guard !links.isEmpty else { return }
        for output in links { output.flush(header) }
        links.removeAll(keepingCapacity: true)
    }
}

/// The sending half of a peer connection: gathers a pass's messages into one frame.
final class PeerOutput {
    /// A frame is closed at this size and the next begun, so that a receiver can start on it.
    private static let frameSizeMax = 1 << 20
    /// Answers that wait for a peer: past this nothing more is read from it. Four of the largest
    /// values.
    static let answerBytesMax = 64 << 20

    var stream: TCPStream?
    private var writer = PeerFrameWriter()
    private var full: [PeerFrameWriter] = []
    private var fullBytes = 0
    private var isDirty = false
    private let dirty: DirtyPeers

    init(dirty: DirtyPeers) { self.dirty = dirty }

    var queuedBytes: Int { (stream?.queuedBytes ?? 0) + fullBytes + writer.size }

    func append(_ message: PeerMessage) {
        if writer.size >= Self.frameSizeMax {
            fullBytes += writer.size
            full.append(writer)
            writer = PeerFrameWriter()
        }
        writer.append(message)
        guard !isDirty else { return }
        isDirty = true
        dirty.add(self)
    }

    func flush(_ header: PeerFrameHeader) {
        isDirty = false
        guard let stream else { return clear() }
        for index in full.indices { stream.write(full[index].take(header: header)) }
        full.removeAll()
        fullBytes = 0
        if !writer.isEmpty { stream.write(writer.take(header: header)) }
    }

    func clear() {
        full.removeAll()
        fullBytes = 0
        writer = PeerFrameWriter()
    }
}
