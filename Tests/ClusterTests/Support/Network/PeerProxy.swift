import Foundation
import Synchronization
import TestSupport

/// Carries the nodes' connections to each other, and withholds, delays or resets what the faults
/// say.
///
/// One thread polls all sockets. A way that is cut is not read from, so the sender's bytes wait in
/// the kernel, as they would for an acknowledgement that does not come, and arrive after the cut.
final class PeerProxy: Sendable {
    /// How soon new faults and new connections' first bytes are looked at.
    private static let pollMs: Int32 = 5

    /// The ports that lead to the nodes, by their numbers.
    let ports: [UInt16]
    private let listeners: [Int32]
    private let targets: [UInt16]
    private let faults = Mutex(NetworkFaults())
    private let processes: Mutex<[Int32]>
    private let isStopped = Atomic(false)

    /// - Parameter targets: where the nodes listen for each other.
    init(targets: [UInt16]) throws {
        self.targets = targets
        processes = Mutex(targets.map { _ in 0 })
        ports = Ports.take(targets.count)
        listeners = try ports.map { try ProxySocket.listen(at: $0) }
        let thread = Thread { [self] in run() }
        thread.start()
    }

    func apply(_ new: NetworkFaults) { faults.withLock { $0 = new } }

    /// The process that is node `index` from now on.
    func note(process: Int32, of index: Int) { processes.withLock { $0[index] = process } }

    func stop() { isStopped.store(true, ordering: .relaxed) }

    private func run() {
        var connections: [ProxyConnection] = []
        while !isStopped.load(ordering: .relaxed) {
            let faults = faults.withLock { $0 }
            var polls = listeners.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            for connection in connections { polls += connection.polls(faults) }
            unsafe poll(&polls, nfds_t(polls.count), Self.pollMs)
            let ready = Set(polls.lazy.filter { $0.revents != 0 }.map(\.fd))
            for (index, listener) in listeners.enumerated() where ready.contains(listener) {
                if let connection = accept(listener, to: index) { connections.append(connection) }
            }
            for connection in connections { connection.move(faults, ready: ready) }
            connections.removeAll(where: \.isClosed)
        }
        for listener in listeners { close(listener) }
    }

    /// Nil when the dialling process is gone again, or none of the nodes.
    private func accept(_ listener: Int32, to target: Int) -> ProxyConnection? {
        guard let dialler = ProxySocket.accept(listener) else { return nil }
        let processes = processes.withLock { $0 }
        guard let pid = ProxySocket.owner(of: dialler, among: processes),
            let source = processes.firstIndex(of: pid)
        else {
            close(dialler)
            return nil
        }
        return ProxyConnection(
            dialler, way: NetworkFaults.Way(from: source, to: target), port: targets[target])
    }
}

/// One connection through the proxy. Confined to the proxy's thread.
private final class ProxyConnection {
    /// Bytes under way in one direction.
    private struct Lane {
        struct Chunk {
            var bytes: ArraySlice<UInt8>
            let dueNs: UInt64
        }

        let way: NetworkFaults.Way
        let source: Int32
        let sink: Int32
        var chunks: [Chunk] = []
        var size = 0
        /// The source has closed: told to the sink once everything before has arrived.
        var isAtEnd = false
    }

    /// What the kernel would keep for a receiver that does not read.
    private static let laneBytesMax = 1 << 20
    /// A lost packet is sent again after the least retransmission time of Linux, and what was sent
    /// after it waits for it.
    private static let retransmissionNs: UInt64 = 200_000_000

    private let dialler: Int32
    private var target: Int32 = -1
    private let port: UInt16
    private var lanes: [Lane] = []
    private let way: NetworkFaults.Way
    private(set) var isClosed = false

    init(_ dialler: Int32, way: NetworkFaults.Way, port: UInt16) {
        self.dialler = dialler
        self.way = way
        self.port = port
    }

    private var back: NetworkFaults.Way { NetworkFaults.Way(from: way.to, to: way.from) }

    func polls(_ faults: NetworkFaults) -> [pollfd] {
        lanes.flatMap { lane -> [pollfd] in
            var polls: [pollfd] = []
            if canRead(lane, faults) {
                polls.append(pollfd(fd: lane.source, events: Int16(POLLIN), revents: 0))
            }
            if canWrite(lane, faults) {
                polls.append(pollfd(fd: lane.sink, events: Int16(POLLOUT), revents: 0))
            }
            return polls
        }
    }

    private func canRead(_ lane: Lane, _ faults: NetworkFaults) -> Bool {
        !lane.isAtEnd && lane.size < Self.laneBytesMax && !faults.cuts.contains(lane.way)
    }

    private func canWrite(_ lane: Lane, _ faults: NetworkFaults) -> Bool {
        guard let first = lane.chunks.first, !faults.cuts.contains(lane.way) else { return false }
        return first.dueNs <= DispatchTime.now().uptimeNanoseconds
    }

    /// Does all that can be done now.
    ///
    /// - Parameter ready: sockets that something has come to.
    func move(_ faults: NetworkFaults, ready: Set<Int32>) {
        if faults.resets.contains(way) || faults.resets.contains(back) { return reset() }
        // A handshake needs both ways.
        if target < 0 {
            guard !faults.cuts.contains(way), !faults.cuts.contains(back) else { return }
            guard let socket = ProxySocket.connect(to: port) else { return reset() }
            target = socket
            lanes = [
                Lane(way: way, source: dialler, sink: socket),
                Lane(way: back, source: socket, sink: dialler),
            ]
        }
        for index in lanes.indices where !isClosed {
            if ready.contains(lanes[index].source), canRead(lanes[index], faults) {
                read(&lanes[index], faults.lossPercent)
            }
            while canWrite(lanes[index], faults), write(&lanes[index]) {}
            let lane = lanes[index]
            if lane.isAtEnd, lane.chunks.isEmpty, !faults.cuts.contains(lane.way) { finish() }
        }
    }

    private func read(_ lane: inout Lane, _ lossPercent: Int) {
        switch ProxySocket.receive(lane.source) {
        case .nothing: return
        case .ended: lane.isAtEnd = true
        case .bytes(let bytes):
            var dueNs = lane.chunks.last?.dueNs ?? 0
            if Int.random(in: 0..<100) < lossPercent {
                dueNs = max(dueNs, DispatchTime.now().uptimeNanoseconds + Self.retransmissionNs)
            }
            lane.size += bytes.count
            lane.chunks.append(Lane.Chunk(bytes: bytes[...], dueNs: dueNs))
        }
    }

    /// False when the sink takes no more now.
    private func write(_ lane: inout Lane) -> Bool {
        guard let count = ProxySocket.send(lane.chunks[0].bytes, to: lane.sink) else {
            // Nobody is there any more, which the other lane tells when it may.
            lane.chunks = []
            lane.size = 0
            return false
        }
        lane.size -= count
        lane.chunks[0].bytes = lane.chunks[0].bytes.dropFirst(count)
        guard lane.chunks[0].bytes.isEmpty else { return false }
        lane.chunks.removeFirst()
        return true
    }

    private func finish() {
        isClosed = true
        close(dialler)
        if target >= 0 { close(target) }
    }

    private func reset() {
        ProxySocket.closeByReset(dialler)
        if target >= 0 { ProxySocket.closeByReset(target) }
        isClosed = true
    }

    deinit { if !isClosed { finish() } }
}
