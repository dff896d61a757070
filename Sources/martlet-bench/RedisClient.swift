internal import Essentials
internal import Placement
internal import Platform

/// A client of Redis servers: one connection, or in a cluster one to every server. Confined to its
/// loop.
///
/// A pipeline is a batch, as client libraries have it: it is sent at once, and the next one when
/// all replies are there. In the open loop, requests are sent as they become due, up to the depth
/// of the pipeline. A read-modify-write takes two requests, the second one in the next batch.
final class RedisClient: Client {
    /// More redirections of one command than this mean that the cluster does not agree with itself.
    private static let redirectionsMax = 5

    unowned let driver: Driver
    var isWaiting = false
    private let index: Int
    private var lanes: [Lane] = []
    /// Replies that are still to come, on all lanes.
    private var awaited = 0
    /// Second halves, and what no server could be found for.
    private var followUps: [Operation] = []
    private var turn = 0
    private var isReady = false
    private var keyBytes: [UInt8] = []

    init(_ driver: Driver, index: Int) {
        self.driver = driver
        self.index = index
        turn = index
        let servers = driver.options.servers
        let targets = driver.slots?.servers ?? [servers[index % servers.count]]
        lanes = targets.map { Lane(self, to: $0) }
    }

    func connect() {
        for lane in lanes { lane.connect() }
    }

    // MARK: Sending

    func pump(nowNs: UInt64) {
        guard awaited == 0 || driver.isOpenLoop, lanes.contains(where: \.isUsable) else { return }
        while awaited < driver.options.pipeline {
            guard let operation = followUps.popLast() ?? driver.take(for: self, nowNs: nowNs) else {
                break
            }
            guard let lane = lane(for: operation) else {
                followUps.append(operation)
                break
            }
            lane.append(operation)
            awaited += 1
        }
        for lane in lanes { lane.flush(nowNs: nowNs) }
    }

    func expire(unansweredSince deadlineNs: UInt64) {
        for lane in lanes { lane.expire(unansweredSince: deadlineNs) }
    }

    /// The lane to a server that has the key; when none of those can be reached, to any server.
    private func lane(for operation: Operation) -> Lane? {
        guard let slots = driver.slots else { return lanes[0].isUsable ? lanes[0] : nil }
        keyBytes.removeAll(keepingCapacity: true)
        driver.writer.appendKey(of: operation, to: &keyBytes)
        let owners = slots.owners[Int(slot(of: keyBytes))]
        turn &+= 1
        let start = driver.options.route == .any ? turn : 0
        for offset in owners.indices {
            let lane = lane(to: owners[(start + offset) % owners.count])
            if lane.isUsable { return lane }
        }
        return lanes.first(where: \.isUsable)
    }

    private func lane(to server: Int) -> Lane {
        while server >= lanes.count, let servers = driver.slots?.servers {
            let lane = Lane(self, to: servers[lanes.count])
            lane.connect()
            lanes.append(lane)
        }
        return lanes[server]
    }

    // MARK: Replies

    /// A reply has come; `bytes` hold it.
    func answered(
        _ operation: Operation, _ content: ReplyScanner.Content, _ bytes: Span<UInt8>,
        on lane: Lane,
        nowNs: UInt64
    ) {
        if operation.part == .asking { return }
        awaited -= 1
        switch content {
        case .error(let line):
            return refused(operation, bytes.text(line), by: lane, nowNs: nowNs)
        case .null:
            driver.readNothing()
        case .bulk(let range) where driver.options.verifies:
            check(range, of: bytes, key: operation.key)
        case .aggregate(let items) where operation.kind == .getMany:
            check(items: items, of: bytes, firstKey: operation.key)
        default: break
        }
        if operation.kind == .readModifyWrite, operation.part == .whole {
            var write = operation
            write.part = .write
            followUps.append(write)
        } else {
            driver.succeeded(operation, nowNs: nowNs)
        }
    }

    /// All that came at once has been handled.
    func received(nowNs: UInt64) { pump(nowNs: nowNs) }

    private func check(_ range: Range<Int>, of bytes: Span<UInt8>, key: Int) {
        if !driver.writer.values.isValid(bytes, in: range, key: key) { driver.readWrongValue() }
    }

    private func check(items: Range<Int>, of bytes: Span<UInt8>, firstKey: Int) {
        var offset = items.lowerBound
        var key = firstKey
        while offset < items.upperBound,
            case .reply(let content, let end) = ReplyScanner.scan(
                bytes, from: offset)
        {
            switch content {
            case .null: driver.readNothing()
            case .bulk(let range) where driver.options.verifies: check(range, of: bytes, key: key)
            default: break
            }
            key = (key + 1) % driver.options.keyCount
            offset = end
        }
    }

    private func refused(_ operation: Operation, _ line: String, by lane: Lane, nowNs: UInt64) {
        let isPatient = operation.redirections < Self.redirectionsMax
        if isPatient, driver.slots != nil,
            let redirection = Redirection(line, askedAt: lane.address)
        {
            return follow(redirection, operation, nowNs: nowNs)
        }
        let code = line.prefix { $0 != " " }
        driver.failed(operation, code: String(code), nowNs: nowNs)
    }

    private func follow(_ redirection: Redirection, _ operation: Operation, nowNs: UInt64) {
        var again = operation
        again.redirections += 1
        let server =
            redirection.isLasting
            ? driver.slots?.move(redirection.slot, to: redirection.target)
            : driver.slots?.index(of: redirection.target)
        guard let server, case let target = lane(to: server), target.isUsable else {
            followUps.append(again)
            return
        }
        if !redirection.isLasting { target.appendAsking(for: again) }
        target.append(again)
        target.flush(nowNs: nowNs)
        awaited += 1
    }

    // MARK: Connections

    func laneUsable() {
        if !isReady, lanes.allSatisfy(\.isUsable) {
            isReady = true
            driver.status.clientReady()
        }
        if isReady { pump(nowNs: SystemClock.monotonicNs()) }
    }

    /// A connection is gone, and what was sent on it not answered. A client that is not in a
    /// cluster turns to the next server.
    func laneLost(
        _ lane: Lane, lost: ArraySlice<Operation>, code: String, wasUsable: Bool, reason: String
    ) {
        if !isReady { return driver.status.fail(reason) }
        let nowNs = SystemClock.monotonicNs()
        for operation in lost where operation.part != .asking {
            awaited -= 1
            driver.failed(operation, code: code, nowNs: nowNs)
        }
        if driver.slots == nil {
            let servers = driver.options.servers
            turn &+= 1
            lane.redirect(to: servers[turn % servers.count])
        }
        pump(nowNs: nowNs)
    }
}
