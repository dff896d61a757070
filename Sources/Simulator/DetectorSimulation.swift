internal import Essentials
internal import Membership

/// A cluster's failure detectors, and nothing else of it, in virtual time: messages get lost and
/// take their time, nodes crash, stand still, and are cut off from each other.
///
/// One seed determines a run.
struct DetectorSimulation {
    /// What the network and the machines are like.
    struct Conditions {
        /// Of a hundred messages, so many are lost.
        var lossPercent = 0
        /// Between sending and arrival, in µs.
        var delayUs: ClosedRange<UInt64> = 100...1000
    }

    private enum Happening {
        case arrival(DetectorMessage, from: Int, to: Int)
        case wake(Int)
        case resume(Int)
    }

    private struct Node {
        var detector: FailureDetector
        var isRunning = true
        var isPaused = false
        /// When it is woken next; earlier wake-ups than planned do no harm.
        var wakeNs: UInt64 = .max
        /// What came while it stood still, as far as its sockets hold it.
        var inbox: [(DetectorMessage, from: Int)] = []
    }

    /// What one member has begun to think of another.
    struct Judgement {
        var timeNs: UInt64
        var by: Int
        var of: Int
        var liveness: Liveness
    }

    /// A socket's buffers hold so many of the detector's small messages.
    private static let inboxMax = 4096
    private static let tickNs = FailureDetector.tickMs * 1_000_000

    private(set) var timeNs: UInt64 = 0
    private(set) var judgements: [Judgement] = []
    /// By node, from the beginning.
    private(set) var messageCounts: [Int]
    private(set) var byteCount = 0
    /// The largest message, in bytes, without comparisons of all members.
    private(set) var messageSizeMax = 0
    private var nodes: [Node] = []
    private var schedule = Schedule<Happening>()
    private var random: SeededRandom
    private let conditions: Conditions
    /// The side of a cut on which a node is.
    private var sides: [Int]
    /// What each thinks of each, by observer and then by subject; and how many are not alive.
    private var verdicts: [Liveness]
    private(set) var missingCount = 0

    init(
        nodes count: Int, seed: UInt64, _ conditions: Conditions,
        timing: DetectorTiming = DetectorTiming()
    ) {
        random = SeededRandom(seed: seed)
        self.conditions = conditions
        messageCounts = [Int](repeating: 0, count: count)
        sides = [Int](repeating: 0, count: count)
        verdicts = [Liveness](repeating: .alive, count: count * count)
        let numbers = (0..<count).map(Self.number)
        for index in 0..<count {
            // Clocks of machines differ, and seeds do.
            let incarnation = 1_700_000_000_000 + UInt64.random(in: 0..<10_000, using: &random)
            let detector = FailureDetector(
                node: numbers[index], incarnation: incarnation, seed: random.next(),
                timing: timing)
            nodes.append(Node(detector: detector))
            apply(.membersChanged(numbers), to: index)
        }
    }

    static func number(_ index: Int) -> NodeNumber { NodeNumber(rawValue: UInt16(index + 1)) }

    // MARK: Faults

    mutating func crash(_ index: Int) { nodes[index].isRunning = false }

    /// Stops a node as SIGSTOP does: what is sent to it waits.
    mutating func pause(_ index: Int, forMs ms: UInt64) {
        nodes[index].isPaused = true
        schedule.plan(.resume(index), atNs: timeNs + ms * 1_000_000)
    }

    /// Cuts the first `count` nodes off from the others.
    mutating func cut(_ count: Int) {
        for index in sides.indices { sides[index] = index < count ? 1 : 0 }
    }

    mutating func heal() { cut(0) }

    // MARK: Time

    mutating func run(ms: UInt64) {
        let endNs = timeNs + ms * 1_000_000
        while let nextNs = schedule.nextNs, nextNs <= endNs {
            timeNs = nextNs
            if let happening = schedule.popFirst() { carryOut(happening) }
        }
        timeNs = endNs
    }

    /// Runs until `isReached`, looking every 20 ms; nil if that takes longer than `msMax`.
    mutating func run(
        msMax: UInt64, until isReached: (DetectorSimulation) -> Bool
    ) -> UInt64? {
        let startNs = timeNs
        while timeNs < startNs + msMax * 1_000_000 {
            if isReached(self) { return (timeNs - startNs) / 1_000_000 }
            run(ms: FailureDetector.tickMs)
        }
        return nil
    }

    /// Suspicions that somebody has begun, from the beginning.
    var accusationCount: UInt64 {
        nodes.reduce(0) { $0 + $1.detector.report.counters.accusations }
    }

    /// Whether all running nodes think so of `index`.
    func areAgreed(_ liveness: Liveness, of index: Int) -> Bool {
        nodes.indices.allSatisfy { observer in
            observer == index || !nodes[observer].isRunning
                || verdicts[observer * nodes.count + index] == liveness
        }
    }

    // MARK: Events

    private mutating func carryOut(_ happening: Happening) {
        switch happening {
        case .arrival(let message, let from, let to):
            guard nodes[to].isRunning else { return }
            if nodes[to].isPaused {
                guard nodes[to].inbox.count < Self.inboxMax else { return }
                nodes[to].inbox.append((message, from))
            } else {
                receive(message, from: from, to: to)
            }
        case .wake(let index):
            guard nodes[index].isRunning else { return }
            nodes[index].wakeNs = .max
            // The timer has run out; its loop finds that when it runs again.
            guard !nodes[index].isPaused else { return }
            apply(.ticked, to: index)
        case .resume(let index):
            guard nodes[index].isRunning else { return }
            nodes[index].isPaused = false
            let inbox = nodes[index].inbox
            nodes[index].inbox = []
            // A loop looks at its timers before it reads its sockets.
            apply(.ticked, to: index)
            for (message, from) in inbox { receive(message, from: from, to: index) }
        }
    }

    private mutating func receive(_ message: DetectorMessage, from: Int, to: Int) {
        apply(.received(message, from: Self.number(from)), to: to, sender: from)
    }

    /// - Parameter sender: of the message that the event is, for answers.
    private mutating func apply(
        _ event: FailureDetector.Event, to index: Int, sender: Int? = nil
    ) {
        var effects: [FailureDetector.Effect] = []
        let now = Now(monotonicNs: timeNs, wallMs: 0)
        nodes[index].detector.apply(event, now: now, into: &effects)
        for effect in effects {
            switch effect {
            case .send(let node, let message):
                send(message, from: index, to: Int(node.rawValue) - 1)
            case .answer(let message): if let sender { send(message, from: index, to: sender) }
            case .judge(let node, let liveness):
                judge(Int(node.rawValue) - 1, liveness, by: index)
                judgements.append(
                    Judgement(
                        timeNs: timeNs, by: index, of: Int(node.rawValue) - 1,
                        liveness: liveness))
            case .viewed: break
            }
        }
        planWake(index)
    }

    private mutating func judge(_ subject: Int, _ liveness: Liveness, by observer: Int) {
        let place = observer * nodes.count + subject
        missingCount += (liveness == .alive ? 0 : 1) - (verdicts[place] == .alive ? 0 : 1)
        verdicts[place] = liveness
    }

    private mutating func planWake(_ index: Int) {
        let dueNs = nodes[index].detector.nextDeadlineNs
        guard dueNs < .max else { return }
        let ticks = (max(dueNs, timeNs + 1) + Self.tickNs - 1) / Self.tickNs
        guard ticks * Self.tickNs < nodes[index].wakeNs else { return }
        nodes[index].wakeNs = ticks * Self.tickNs
        schedule.plan(.wake(index), atNs: ticks * Self.tickNs)
    }

    private mutating func send(_ message: DetectorMessage, from: Int, to: Int) {
        var bytes: [UInt8] = []
        message.encode(into: &bytes)
        messageCounts[from] += 1
        byteCount += bytes.count
        switch message.body {
        case .sync, .synced: break
        default: messageSizeMax = max(messageSizeMax, bytes.count)
        }
        guard sides[from] == sides[to],
            Int.random(in: 0..<100, using: &random) >= conditions.lossPercent
        else { return }
        let delayUs = UInt64.random(in: conditions.delayUs, using: &random)
        schedule.plan(.arrival(message, from: from, to: to), atNs: timeNs + delayUs * 1000)
    }
}
