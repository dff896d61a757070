internal import Commands
internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Platform
internal import Wire

/// Commands about many keys that read them in the order of their positions: SCAN, KEYS, RANDOMKEY,
/// DBSIZE.
///
/// A cursor stands for a position, so a scan holds nothing between its calls, may go on at any
/// node, and returns every key that stays there meanwhile exactly once, also while the members
/// change.
extension ClientSession {
    func scan(_ arguments: [[UInt8]]) {
        let request: ScanRequest
        do throws(CommandFailure) {
            request = try ScanRequest(arguments: arguments)
        } catch {
            return answer(.error(error.text))
        }
        guard let scan = KeyScan(request) else {
            return answer(Shard.Scanned.page(KeyScan.Page()).reply)
        }
        let sequence = deferReply()
        readPage(scan) { [weak self] in self?.complete(sequence, $0.reply) }
    }

    /// Reads a page as this connection reads keys: from as many replicas, and with another look at
    /// each key that not all of them show.
    private func readPage(_ scan: KeyScan, done: @escaping (Shard.Scanned) -> Void) {
        let replicas = shard.rules.replicasOfScan(consistency)
        shard.scan(scan, replicas: replicas) { [weak self] scanned in
            guard case .page(let page) = scanned, !page.doubtful.isEmpty, let self else {
                return done(scanned)
            }
            DoubtfulKeys(page, consistency, shard, done: done).goOn()
        }
    }

    /// The slot's keys, from one of its replicas.
    func askSlot(_ command: CommandID, _ arguments: [[UInt8]]) {
        let sequence = deferReply()
        shard.executeSlot(command, arguments, isForwarded: false) { [weak self] in
            self?.complete(sequence, $0)
        }
    }

    /// How many keys the cluster has, about: what this node has counted in the partitions that it
    /// holds, scaled up to all of them. Keys past their deadlines count until they are swept up.
    func countKeys() {
        answerGathered({ $0.keyCount }) { shard, parts in
            let count = parts.reduce(into: KeyCount()) { $0.add($1) }
            let partitions = shard.topology.partitioning.count
            return .integer(Int64(count.estimate(partitions: partitions).live))
        }
    }

    // MARK: KEYS

    func listKeys(_ arguments: [[UInt8]]) {
        let glob = Glob(arguments[1])
        let walk = KeyList(match: glob.matchesAll ? nil : glob, sequence: deferReply())
        goOn(walk, from: Position(rawValue: 0))
    }

    private func goOn(_ walk: KeyList, from start: Position) {
        let scan = KeyScan(
            positions: start...Position(rawValue: .max), match: walk.match,
            recordsMax: KeyScan.pageRecordsMax)
        readPage(scan) { [weak self] in self?.take($0, walk) }
    }

    private func take(_ scanned: Shard.Scanned, _ walk: KeyList) {
        // Nobody listens any more.
        guard stream != nil else { return }
        switch scanned {
        case .failed(let reply): complete(walk.sequence, reply)
        case .page(let page):
            walk.take(page.keys)
            guard walk.bytes < shard.configuration.clientOutputBytesMax else {
                return complete(
                    walk.sequence,
                    .error("ERR more keys than client-output-limit allows: use SCAN"))
            }
            guard let next = page.next else { return complete(walk.sequence, .array(walk.keys)) }
            goOn(walk, from: next.position)
        }
    }

    // MARK: RANDOMKEY

    /// Records to look at in one step of RANDOMKEY: most are live.
    private static let randomKeyRecords = 100

    /// The first live key behind a position drawn at random.
    func pickRandomKey() {
        var random = SeededRandom.fromSystem()
        let start = ScanCursor(before: Position(rawValue: random.next())).position
        seekKey(start...Position(rawValue: .max), before: start, sequence: deferReply())
    }

    /// Looks through `positions`, and if nothing is there through what lies before `start`.
    private func seekKey(
        _ positions: ClosedRange<Position>, before start: Position?, sequence: UInt32
    ) {
        let scan = KeyScan(positions: positions, recordsMax: Self.randomKeyRecords, keysMax: 1)
        readPage(scan) { [weak self] scanned in
            self?.take(scanned, positions, before: start, sequence: sequence)
        }
    }

    private func take(
        _ scanned: Shard.Scanned, _ positions: ClosedRange<Position>, before start: Position?,
        sequence: UInt32
    ) {
        guard stream != nil else { return }
        switch scanned {
        case .failed(let reply): complete(sequence, reply)
        case .page(let page):
            if let key = page.keys.first { return complete(sequence, .bulk(key)) }
            if let next = page.next?.position, next <= positions.upperBound {
                return seekKey(next...positions.upperBound, before: start, sequence: sequence)
            }
            guard let start else { return complete(sequence, .null) }
            seekKey(Position(rawValue: 0)...start, before: nil, sequence: sequence)
        }
    }
}

/// The keys that one KEYS command has found so far.
private final class KeyList {
    let match: Glob?
    let sequence: UInt32
    private(set) var keys: [Reply] = []
    /// What they take on the wire, about.
    private(set) var bytes = 0

    /// The marks, the size and the line ends of a bulk string.
    private static let bulkOverhead = 10

    init(match: Glob?, sequence: UInt32) {
        self.match = match
        self.sequence = sequence
    }

    func take(_ found: [[UInt8]]) {
        for key in found {
            keys.append(.bulk(key))
            bytes += key.count + Self.bulkOverhead
        }
    }
}

/// Keys of a page that some replicas show and others do not: each is read, some at a time.
private final class DoubtfulKeys {
    /// Read at once: a page may hold thousands.
    private static let readsMax = 64

    private var page: KeyScan.Page
    private let consistency: ConsistencyOverride
    private unowned let shard: Shard
    private let done: (Shard.Scanned) -> Void
    private var next = 0
    private var underWay = 0
    private var failure: Reply?

    init(
        _ page: KeyScan.Page, _ consistency: ConsistencyOverride, _ shard: Shard,
        done: @escaping (Shard.Scanned) -> Void
    ) {
        self.page = page
        self.consistency = consistency
        self.shard = shard
        self.done = done
    }

    func goOn() {
        while failure == nil, next < page.doubtful.count, underWay < Self.readsMax {
            let key = page.doubtful[next]
            next += 1
            underWay += 1
            shard.ownRequests.start(
                .exists, on: key, arguments: [Array("EXISTS".utf8), key],
                shard.rules.resolve(consistency, for: key), shard
            ) { reply in
                self.take(key, reply)
            }
        }
    }

    private func take(_ key: [UInt8], _ reply: Reply) {
        underWay -= 1
        if reply == .integer(1) { page.keys.append(key) }
        if reply.isError { failure = reply }
        guard underWay == 0, failure != nil || next == page.doubtful.count else {
            return goOn()
        }
        page.doubtful = []
        done(failure.map { .failed($0) } ?? .page(page))
    }
}
