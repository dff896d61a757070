internal import Causality
internal import Commands
internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Platform
internal import Storage
internal import Wire

/// Reading keys in the order of their positions, as a quorum of replicas holds them: this node's
/// own on a worker, others' by asking them.
///
/// As many replicas are read as a read of one key asks, so each key whose write was acknowledged is
/// shown by one of them at least. What all of them show is there; what only some show is read as
/// any key is, which also brings it to those that were behind.
extension Shard {
    private static let notHeld = Reply.error("TRYAGAIN the cluster's topology is changing")
    private static let overloaded = Reply.error("OVERLOADED too much work waits for the disk")
    private static let unreachable = Reply.error(
        "NOQUORUM no replica of these keys can be reached")
    private static let unreadable = Reply.error(
        "ERR this node cannot read all of its keys; see its log")
    /// While it is not known how far the other members are.
    private static let standingPauseMs: UInt64 = 2

    /// A page, or the error that stands for it.
    enum Scanned: Sendable {
        case page(KeyScan.Page)
        case failed(Reply)
    }

    func holds(_ partition: PartitionID) -> Bool {
        topology.placement.place(of: number, in: partition) != nil
    }

    /// Reads the page of `scan` that begins with its first position, from `replicas` replicas: up
    /// to where the first of them ends, or where one holds no more partitions in a row.
    func scan(_ scan: KeyScan, replicas: Int, done: @escaping (Scanned) -> Void) {
        guard dataPlane.isStandingSure(now: loop.now) else {
            return after(ms: Self.standingPauseMs) { [weak self] in
                self?.scan(scan, replicas: replicas, done: done)
            }
        }
        let first = topology.partitioning.partition(of: scan.positions.lowerBound)
        let all = topology.placement.replicas(of: first)
        let own = all.filter { $0 == number }
        let nodes = own + all.filter { $0 != number && dataPlane.canReach($0) }
        let needed = min(replicas, all.count)
        let round = ScanRound(scan, needed: needed, of: nodes, done: done)
        guard !round.isHopeless else {
            let text = "NOQUORUM \(nodes.count) of \(needed) replicas of these keys can be reached"
            return done(.failed(nodes.isEmpty ? Self.unreachable : .error(text)))
        }
        goOn(round)
    }

    /// Asks as many replicas as the round still needs.
    private func goOn(_ round: ScanRound) {
        while let node = round.nextNode() {
            let take: (Scanned) -> Void = { [weak self] scanned in
                round.take(scanned)
                self?.goOn(round)
            }
            if node == number {
                scanHeld(round.scan, done: take)
            } else {
                scan(round.scan, at: node, done: take)
            }
        }
    }

    /// Reads a page of this node's own records: up to where its run of partitions ends.
    private func scanHeld(_ scan: KeyScan, done: @escaping (Scanned) -> Void) {
        let first = topology.partitioning.partition(of: scan.positions.lowerBound)
        guard holds(first) else { return done(.failed(Self.notHeld)) }
        var run = first
        while run.index + 1 < topology.partitioning.count, run < last(of: scan) {
            let next = topology.partitioning.partition(after: run)
            guard holds(next) else { break }
            run = next
        }
        let end = topology.partitioning.positions(of: run).upperBound
        var own = scan
        own.positions = scan.positions.lowerBound...min(end, scan.positions.upperBound)
        scanHere(own) { scanned in
            guard case .page(var page) = scanned, page.next == nil, end < scan.positions.upperBound
            else { return done(scanned) }
            page.next = ScanCursor(before: Position(rawValue: end.rawValue + 1))
            done(.page(page))
        }
    }

    private func last(of scan: KeyScan) -> PartitionID {
        topology.partitioning.partition(of: scan.positions.upperBound)
    }

    /// Reads a page of what this node holds, on a worker. One that is damaged is none.
    func scanHere(_ scan: KeyScan, done: @escaping (Scanned) -> Void) {
        let services = services
        let mailbox = services.mailboxes[index]
        let done = Confined(done, to: loop)
        let flushed = Timestamp(rawValue: topology.flushStamp)
        let isAccepted = services.workers.submit {
            let scanned = Self.readPage(scan, flushed: flushed, services)
            mailbox.send(.call { _ in done.value(scanned) })
        }
        if !isAccepted { done.value(.failed(Self.overloaded)) }
    }

    private static func readPage(
        _ scan: KeyScan, flushed: Timestamp, _ services: NodeServices
    ) -> Scanned {
        do throws(StorageError) {
            let page = try scan.readPage(
                services.storage, flushed: flushed, nowMs: services.clock.nowMs()
            ) { error in
                services.noteDamage("a scan passes damage", error)
            }
            return page.isDamaged ? .failed(unreadable) : .page(page)
        } catch {
            services.noteDamage("the keys cannot be scanned", error)
            return .failed(unreadable)
        }
    }

    private func scan(
        _ scan: KeyScan, at node: NodeNumber, done: @escaping (Scanned) -> Void
    ) {
        let cursor = ScanCursor(before: scan.positions.lowerBound)
        let command = ["SCAN", "\(cursor.rawValue)", "COUNT", "\(scan.recordsMax)"]
        var words = ArgumentList(command).values
        if let match = scan.match { words += [Array("MATCH".utf8), match.pattern] }
        if let type = scan.type { words += ArgumentList(["TYPE", type]).values }
        let timeoutMs = UInt64(configuration.requestTimeoutMs)
        peerCalls.start(words, on: node, self, timeoutMs: timeoutMs) { reply in
            done(reply.map { Self.scanned($0) } ?? .failed(Self.unreachable))
        }
    }

    /// Reads a page back from a reply to SCAN.
    private static func scanned(_ reply: Reply) -> Scanned {
        if reply.isError { return .failed(reply) }
        guard case .array(let parts) = reply, parts.count == 2, case .bulk(let text) = parts[0],
            let cursor = UInt64(String(decoding: text, as: UTF8.self)),
            case .array(let items) = parts[1]
        else { return .failed(.error("ERR a peer's answer was malformed")) }
        var page = KeyScan.Page()
        page.next = cursor == 0 ? nil : ScanCursor(rawValue: cursor)
        for case .bulk(let key) in items { page.keys.append(key) }
        return .page(page)
    }

    /// Has the first replica of `partition` that can be reached carry out a command that reads
    /// only, or the next one if that fails.
    func ask(
        _ partition: PartitionID, _ arguments: [[UInt8]], done: @escaping (Reply) -> Void
    ) {
        let reachable = topology.placement.replicas(of: partition).filter { dataPlane.canReach($0) }
        ask(reachable[...], arguments, done: done)
    }

    private func ask(
        _ nodes: ArraySlice<NodeNumber>, _ arguments: [[UInt8]], done: @escaping (Reply) -> Void
    ) {
        guard let node = nodes.first else { return done(Self.unreachable) }
        let timeoutMs = UInt64(configuration.requestTimeoutMs)
        peerCalls.start(arguments, on: node, self, timeoutMs: timeoutMs) { [weak self] reply in
            if let reply { return done(reply) }
            self?.ask(nodes.dropFirst(), arguments, done: done)
        }
    }

    // MARK: As the one that is asked

    /// Carries out a command of a peer's client about keys that this node holds.
    func execute(_ id: UInt64, _ arguments: [[UInt8]], _ link: LinkID) {
        let answer: (Reply) -> Void = { [weak self] reply in
            var bytes: [UInt8] = []
            ReplyEncoder(version: .three).encode(reply, into: &bytes)
            self?.peers.answer(link, .executed(id: id, reply: bytes))
        }
        guard
            case .session(let command, let arguments) =
                Commands.Invocation.interpret(arguments: arguments)
        else { return answer(.error("ERR a peer sent a command about keys as one about a node")) }
        switch command {
        case .scan: executeScan(arguments, answer)
        case .clusterCountKeysInSlot, .clusterGetKeysInSlot:
            executeSlot(command, arguments, isForwarded: true, answer)
        default: answer(.error("ERR a peer sent a command that no node asks of another"))
        }
    }

    private func executeScan(_ arguments: [[UInt8]], _ answer: @escaping (Reply) -> Void) {
        let request: ScanRequest
        do throws(CommandFailure) {
            request = try ScanRequest(arguments: arguments)
        } catch {
            return answer(.error(error.text))
        }
        guard let scan = KeyScan(request) else { return answer(Scanned.page(KeyScan.Page()).reply) }
        guard holds(topology.partitioning.partition(of: scan.positions.lowerBound)) else {
            return answer(Self.notHeld)
        }
        scanHeld(scan) { answer($0.reply) }
    }

    /// CLUSTER COUNTKEYSINSLOT and GETKEYSINSLOT, here or where the slot is held.
    func executeSlot(
        _ command: CommandID, _ arguments: [[UInt8]], isForwarded: Bool,
        _ answer: @escaping (Reply) -> Void
    ) {
        let query: SlotQuery
        do throws(CommandFailure) {
            query = try SlotQuery(command, arguments)
        } catch {
            return answer(.error(error.text))
        }
        let partition = topology.partitioning.partition(ofSlot: query.slot)
        if holds(partition) {
            query.run(on: self, answer)
        } else if isForwarded {
            answer(Self.notHeld)
        } else {
            ask(partition, arguments, done: answer)
        }
    }
}

extension KeyScan {
    /// From the cursor to the end of the ring; nil where that is past its end.
    init?(_ request: ScanRequest) {
        guard let cursor = ScanCursor(rawValue: request.cursor) else { return nil }
        self.init(
            positions: cursor.position...Position(rawValue: .max), match: request.match,
            type: request.type, recordsMax: request.count)
    }
}

extension Shard.Scanned {
    /// As SCAN answers: the next cursor, 0 at the end, and the keys.
    var reply: Reply {
        switch self {
        case .failed(let reply): reply
        case .page(let page):
            .array([
                .bulk("\(page.next?.rawValue ?? 0)"), .array(page.keys.map { .bulk($0) }),
            ])
        }
    }
}
