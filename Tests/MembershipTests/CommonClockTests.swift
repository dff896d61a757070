import Essentials
import Testing

@testable import Membership

/// Clocks of a few machines, whose messages take a time each.
private struct ClockWorld {
    struct Machine {
        var clock: CommonClock?
        var skewMs: Int64
        var isCut = false
    }

    static let startMs: Int64 = 1_700_000_000_000
    var nowMs: Int64 = 0
    var machines: [Machine]
    var delayMs: Int64 = 0
    private var mail: [(atMs: Int64, from: Int, to: Int, message: ClockMessage, isAnswer: Bool)] =
        []
    private(set) var moves: [Int64] = []

    init(_ skewsMs: [Int64], started: Bool = true) {
        machines = skewsMs.map { Machine(skewMs: $0) }
        if started { for index in machines.indices { start(index) } }
    }

    var members: [NodeNumber] { machines.indices.map { number($0) } }

    func number(_ index: Int) -> NodeNumber { NodeNumber(rawValue: UInt16(index + 1)) }

    func now(_ index: Int) -> Now {
        Now(
            monotonicNs: UInt64(nowMs + 3_600_000 * Int64(index + 1)) * 1_000_000,
            wallMs: UInt64(Self.startMs + nowMs + machines[index].skewMs))
    }

    mutating func start(_ index: Int, members: [NodeNumber]? = nil) {
        machines[index].clock = CommonClock(
            node: number(index), members: members ?? self.members, boundMs: 60_000,
            now: now(index))
        for other in machines.indices where other != index && machines[other].clock != nil {
            apply(.linkOpened(number(other)), to: index)
            apply(.linkOpened(number(index)), to: other)
        }
    }

    mutating func apply(_ event: CommonClock.Event, to index: Int, from: Int? = nil) {
        var effects: [CommonClock.Effect] = []
        let now = now(index)
        machines[index].clock?.apply(event, now: now, into: &effects)
        for effect in effects {
            switch effect {
            case .send(let node, let message):
                mail.append((nowMs + delayMs, index, Int(node.rawValue) - 1, message, false))
            case .answer(let message):
                if let from { mail.append((nowMs + delayMs, index, from, message, true)) }
            case .moved(let ms): moves.append(ms)
            case .judged: break
            }
        }
    }

    mutating func wait(ms: Int64) {
        let endMs = nowMs + ms
        while nowMs < endMs {
            deliver()
            if nowMs % 100 == 0 {
                for index in machines.indices { apply(.ticked, to: index) }
            }
            deliver()
            nowMs += 10
        }
    }

    private mutating func deliver() {
        while let place = mail.firstIndex(where: { $0.atMs <= nowMs }) {
            let letter = mail.remove(at: place)
            guard !machines[letter.from].isCut, !machines[letter.to].isCut else { continue }
            apply(
                .received(letter.message, from: number(letter.from)), to: letter.to,
                from: letter.from)
        }
    }

    /// How far each common clock is ahead of the time, in ms.
    var aheadMs: [Int64] {
        machines.indices.compactMap { index in
            machines[index].clock.map {
                Int64($0.commonMs(atNs: now(index).monotonicNs)) - Self.startMs - nowMs
            }
        }
    }

    func judgement(_ index: Int) -> ClockJudgement? { machines[index].clock?.judgement }

    func isAll(near ms: Int64, within: Int64 = 20) -> Bool {
        aheadMs.allSatisfy { abs($0 - ms) <= within }
    }
}

@Suite struct CommonClockTests {
    @Test(arguments: [
        [-30_000, 50_000, 0], [50_000, -30_000, 0], [0, 0, 3_600_000], [3_600_000, 0, 0],
        [0, -86_400_000 * 400, 0], [-30_000, 0, 0, 50_000, 0],
        [3_600_000, -3_600_000, 5, 10, 0],
    ]) func `nodes that start together take the middle`(skews: [Int64]) {
        var world = ClockWorld(skews)
        world.wait(ms: 1000)
        #expect(world.isAll(near: skews.sorted()[skews.count / 2]))
        for index in skews.indices {
            let isSound = abs(skews[index]) < 60_000
            #expect((world.judgement(index) == .sound) == isSound)
        }
    }

    @Test(arguments: [-3_600_000, -50_000, 50_000, 3_600_000] as [Int64])
    func `a node that starts takes over what the others have`(skew: Int64) {
        var world = ClockWorld([0, 0, skew], started: false)
        world.start(0)
        world.start(1)
        world.wait(ms: 1000)
        world.start(2)
        world.wait(ms: 50)
        #expect(world.isAll(near: 0))
        #expect(world.moves.isEmpty)
        #expect((world.judgement(2) == .sound) == (abs(skew) <= 60_000))
    }

    @Test(arguments: [-3_600_000, -50_000, 50_000, 3_600_000] as [Int64])
    func `members that join an empty cluster are right against its founder`(skew: Int64) {
        var world = ClockWorld([skew, 0, 0], started: false)
        world.start(0, members: [world.number(0)])
        world.wait(ms: 1000)
        #expect(world.isAll(near: skew))
        for joined in 1...2 {
            let members = Array(world.members.prefix(joined + 1))
            world.start(joined, members: members)
            for index in 0..<joined { world.apply(.membersChanged(members), to: index) }
            world.wait(ms: 300)
        }
        #expect(world.isAll(near: 0))
        #expect((world.judgement(0) == .sound) == (abs(skew) <= 60_000))
        #expect(world.judgement(1) == .sound && world.judgement(2) == .sound)
    }

    @Test func `with two the one that was there stays`() {
        var world = ClockWorld([3_600_000, 0], started: false)
        world.start(0)
        // Alone, it does not know; and a cluster of two has no majority against it.
        world.machines[0].clock = CommonClock(
            node: world.number(0), members: [world.number(0)], boundMs: 60_000, now: world.now(0))
        world.apply(.membersChanged(world.members), to: 0)
        world.start(1)
        world.wait(ms: 10_000)
        #expect(world.isAll(near: 3_600_000))
        #expect(world.judgement(0) == .sound)
        #expect(world.judgement(1) == .behind(3_600_000))
    }

    @Test func `a wall clock that jumps moves nothing, and is noticed by its own node`() {
        var world = ClockWorld([0, 0, 0])
        world.wait(ms: 1000)
        world.machines[1].skewMs = 8 * 86_400_000
        world.wait(ms: 2000)
        #expect(world.isAll(near: 0))
        #expect(world.judgement(1) == .ahead(8 * 86_400_000))
        #expect(world.judgement(0) == .sound)
        world.machines[1].skewMs = 0
        world.wait(ms: 200)
        #expect(world.judgement(1) == .sound)
        #expect(world.moves.isEmpty)
    }

    @Test func `members that come, go and die do not move it`() {
        var world = ClockWorld([-30_000, 0, 50_000, 10_000, 20_000])
        world.wait(ms: 1000)
        let before = world.aheadMs[0]
        world.machines[3].isCut = true
        world.machines[4].isCut = true
        world.wait(ms: 60_000)
        world.machines[1].isCut = true
        world.wait(ms: 60_000)
        world.start(0)
        world.machines[1].isCut = false
        world.machines[3].isCut = false
        world.machines[4].isCut = false
        world.wait(ms: 20_000)
        // 500 ppm, at the most.
        #expect(world.isAll(near: before, within: 100))
        #expect(world.moves.isEmpty)
    }

    @Test func `it follows clocks that most members set, slowly where it is near`() {
        var world = ClockWorld([5000, 5000, 5000])
        world.wait(ms: 1000)
        for index in 0..<3 { world.machines[index].skewMs = 0 }
        world.wait(ms: 100_000)
        #expect(world.isAll(near: 4950, within: 5))
        for index in 0..<3 { world.machines[index].skewMs = 3_600_000 }
        world.wait(ms: 10_000)
        #expect(world.isAll(near: 3_600_000))
        #expect(world.judgement(0) == .sound)
    }

    @Test(arguments: [1, 20, 200, 400] as [Int64])
    func `messages that take long do not make it drift`(delay: Int64) {
        var world = ClockWorld([0, 0, 0])
        world.delayMs = delay
        world.wait(ms: 120_000)
        #expect(world.isAll(near: 0, within: delay + 30))
    }

    @Test func `a machine that was suspended goes over to what the others have`() {
        var world = ClockWorld([0, 0, 0])
        world.wait(ms: 1000)
        // Its monotonic clock stood, and its wall clock did not: as if its offset were less.
        world.machines[2].clock = world.machines[2].clock.map { clock in
            var behind = clock
            behind.suspend(ms: 100_000)
            return behind
        }
        world.wait(ms: 5000)
        #expect(world.isAll(near: 0, within: 300))
    }

    @Test func `who is alone is settled at once, and who waits for others a while`() {
        let now = Now(monotonicNs: 5_000_000_000, wallMs: 9)
        let one = NodeNumber(rawValue: 1)
        let alone = CommonClock(node: one, members: [one], boundMs: 60_000, now: now)
        #expect(alone.isShared && alone.isSettled(nowNs: now.monotonicNs))
        let other = CommonClock(
            node: one, members: [one, NodeNumber(rawValue: 2)], boundMs: 60_000, now: now)
        #expect(!other.isSettled(nowNs: now.monotonicNs))
        #expect(other.isSettled(nowNs: now.monotonicNs + CommonClock.lonelyNs))
    }

    @Test func `what clocks say travels, and nonsense does not`() throws {
        let message = ClockMessage(monotonicNs: 1, wallMs: 2, commonMs: 300, echoNs: 1 << 50)
        var bytes: [UInt8] = []
        message.encode(into: &bytes)
        var reader = ByteReader(bytes)
        #expect(try ClockMessage(from: &reader) == message)
        var late: [UInt8] = [1]
        for value: UInt64 in [1, 1 << 47, 0, 0] { late.appendVarint(value) }
        #expect(throws: DecodingError.self) {
            var reader = ByteReader(late)
            _ = try ClockMessage(from: &reader)
        }
    }
}

@Suite struct FlushStampTests {
    @Test func `a flush is later than every stamp within the bound, and than the last`() {
        let first = FlushStamp.next(nowMs: 1_000_000, boundMs: 60_000, after: 0)
        #expect(first >> 16 > 1_060_000)
        let second = FlushStamp.next(nowMs: 1_000_000, boundMs: 60_000, after: first)
        #expect(second >= first + 1 << 16)
        // One that was made while a clock was 400 days ahead.
        let poisoned = FlushStamp.next(
            nowMs: 1_000_000, boundMs: 60_000, after: 34_560_000_000 << 16)
        #expect(poisoned >> 16 > 34_560_060_000)
        #expect(FlushStamp.advanced(first, past: second) > second)
        #expect(FlushStamp.advanced(second, past: first) == second)
        #expect(FlushStamp.advanced(first, past: first) == first)
        #expect(
            !FlushStamp.isPlausible(poisoned, nowMs: 1_000_000, boundMs: 60_000, after: first))
    }
}
