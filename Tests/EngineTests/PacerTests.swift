import Essentials
import Testing

@testable import Engine

/// A shard under a made-up load, which background work makes slower: what a pass of its loop does
/// of it, the commands of that pass wait for.
private struct Foreground {
    var pacer = Pacer(Pacer.Settings(rateMax: 100_000_000, rateMin: 1_000_000))
    var nowNs: UInt64 = 1_000_000_000
    /// What a second's background work has spent.
    private(set) var spent = 0
    private(set) var slowestNs: UInt64 = 0

    /// Passes `seconds`, in steps of 1 ms, with `commands` in every tenth that take `quietNs`, and
    /// longer by `nsPerByte` of background work in the step.
    mutating func pass(
        seconds: Int, commands: Int, quietNs: UInt64 = 1_000_000, nsPerByte: Int = 0,
        isWorking: Bool = true
    ) {
        spent = 0
        slowestNs = 0
        for step in 0..<1000 * seconds {
            nowNs += 1_000_000
            var done = 0
            if isWorking {
                done = pacer.grant(nowNs: nowNs)
                pacer.spend(done)
            }
            spent += done
            let serviceNs = quietNs + UInt64(done * nsPerByte)
            slowestNs = max(slowestNs, serviceNs)
            guard step % 10 == 0 else { continue }
            for _ in 0..<commands { pacer.noteForeground(serviceNs: serviceNs) }
            pacer.tick(nowNs: nowNs)
        }
    }
}

@Suite struct PacerTests {
    @Test func `with nobody to disturb it goes at full speed`() {
        var load = Foreground()
        load.pass(seconds: 10, commands: 0)
        #expect(load.pacer.share == 1)
        load.pass(seconds: 1, commands: 0)
        #expect((95_000_000...100_000_000).contains(load.spent))
    }

    @Test func `with clients, here or at a peer, it is done a little at a time`() {
        var pacer = Pacer(Pacer.Settings(rateMax: 100_000_000, rateMin: 1_000_000))
        // The largest grant of ten seconds in which so many requests come in each 10 ms.
        var startNs: UInt64 = 1_000_000_000
        func largestGrant(commands: Int, peerRequests: Int) -> Int {
            var largest = 0
            for step in 1...10_000 {
                let nowNs = UInt64(step) * 1_000_000 + startNs
                let granted = pacer.grant(nowNs: nowNs)
                pacer.spend(granted)
                // The first second still knows what was before.
                if step > 1000 { largest = max(largest, granted) }
                guard step % 10 == 0 else { continue }
                for _ in 0..<commands { pacer.noteForeground(serviceNs: 1_000_000) }
                for _ in 0..<peerRequests { pacer.notePeerRequest() }
                pacer.tick(nowNs: nowNs)
            }
            startNs += 10_000_000_000
            return largest
        }
        #expect(largestGrant(commands: 0, peerRequests: 0) > 90_000)
        #expect(largestGrant(commands: 0, peerRequests: 20) <= 32 << 10)
        #expect(largestGrant(commands: 20, peerRequests: 0) <= 32 << 10)
        #expect(largestGrant(commands: 0, peerRequests: 0) > 90_000)
    }

    @Test func `clients that do not notice do not slow it down`() {
        var load = Foreground()
        load.pass(seconds: 10, commands: 20)
        #expect(load.pacer.share == 1)
    }

    @Test func `it settles where the p99 is less than twice its quiet level`() {
        var load = Foreground()
        load.pass(seconds: 5, commands: 20, isWorking: false)
        // At full speed a step's work makes commands slower by 10 ms.
        load.pass(seconds: 10, commands: 20, nsPerByte: 100)
        load.pass(seconds: 20, commands: 20, nsPerByte: 100)
        #expect(load.slowestNs < 2_000_000)
        // A tenth of a ms of work a step is no disturbance: far more than the least is done.
        #expect(load.spent > 20 * 3_000_000)
    }

    @Test func `a foreground that is slow by itself is learnt, and not waited for`() {
        var load = Foreground()
        load.pass(seconds: 5, commands: 20)
        load.pass(seconds: 1, commands: 20, quietNs: 8_000_000)
        #expect(load.pacer.share < 0.2)
        load.pass(seconds: 20, commands: 20, quietNs: 8_000_000)
        #expect(load.pacer.share == 1)
    }

    @Test func `what is slow by chance does not slow it down`() {
        var pacer = Pacer()
        var random = SeededRandom(seed: 1)
        var nowNs: UInt64 = 1_000_000_000
        var shares: [Double] = []
        for step in 0..<60_000 {
            nowNs += 1_000_000
            // From ten seconds on there is work, which nobody feels.
            if step > 10_000 { pacer.spend(pacer.grant(nowNs: nowNs)) }
            if step % 10 == 0 { pacer.tick(nowNs: nowNs) }
            for _ in 0..<3 {
                // Once a second commands wait for an fsync, and a few take long at any time.
                let isSlow = step % 1000 < 8 || random.oneIn(150)
                let serviceNs = isSlow ? 2_000_000 + random.next() % 3_000_000 : 500_000
                pacer.noteForeground(serviceNs: serviceNs)
            }
            if step > 20_000 { shares.append(pacer.share) }
        }
        #expect(shares.reduce(0, +) / Double(shares.count) > 0.5)
    }

    @Test func `work that begins anew begins slowly, and is soon as fast as it may`() {
        var load = Foreground()
        load.pass(seconds: 20, commands: 20, isWorking: false)
        #expect(load.pacer.share == 1)
        #expect(load.pacer.rate < 10_000_000)
        load.pass(seconds: 3, commands: 20)
        #expect(load.pacer.rate > 99_000_000)
    }

    @Test func `steady disturbance is never taken for the usual`() {
        var load = Foreground()
        load.pass(seconds: 5, commands: 20, isWorking: false)
        load.pass(seconds: 300, commands: 20, nsPerByte: 1000)
        // Even the least disturbs here; it goes on at that.
        #expect(load.pacer.share < 0.1)
    }

    @Test func `it never falls below the least, however busy the foreground`() {
        var load = Foreground()
        load.pass(seconds: 5, commands: 20)
        for round in 0..<20 {
            let quietNs: UInt64 = 1_000_000 << UInt64(round % 10)
            load.pass(seconds: 1, commands: 20, quietNs: quietNs)
            #expect(load.spent >= 990_000)
            // Nor does what would take long to come back from.
            #expect(load.pacer.share > 0.009)
        }
    }

    @Test func `before anything is known it begins slowly`() {
        var load = Foreground()
        load.pass(seconds: 1, commands: 20)
        #expect(load.spent < 30_000_000)
    }

    @Test func `slow passes count where no client is connected`() {
        var pacer = Pacer()
        var nowNs: UInt64 = 1
        func pass(ns: UInt64) {
            for _ in 0..<300 {
                nowNs += 10_000_000
                for _ in 0..<10 { pacer.notePass(ns: ns) }
                pacer.tick(nowNs: nowNs)
            }
        }
        pass(ns: 100_000)
        let before = pacer.share
        for _ in 0..<30 {
            nowNs += 10_000_000
            for _ in 0..<10 { pacer.notePass(ns: 5_000_000) }
            pacer.tick(nowNs: nowNs)
        }
        #expect(pacer.share < before / 2)
    }

    @Test func `the least rate is kept by a loop that comes late to it`() {
        let least = 16 << 20
        let record = 700
        var pacer = Pacer(Pacer.Settings(rateMax: least, rateMin: least))
        var nowNs: UInt64 = 1_000_000_000
        var (spent, largest) = (0, 0)
        for pass in 0..<1000 {
            for _ in 0..<10 { pacer.noteForeground(serviceNs: 1_000_000) }
            pacer.tick(nowNs: nowNs)
            var done = 0
            while pacer.grant(nowNs: nowNs) > 0 {
                pacer.spend(record)
                done += record
            }
            spent += done
            largest = max(largest, done)
            // The loop gets a processor 1 ms after its timer, and now and then 8 ms.
            nowNs = pacer.nextGrantNs(nowNs: nowNs) + (pass % 10 == 0 ? 8_000_000 : 1_000_000)
        }
        let rate = Double(spent) / Double(nowNs - 1_000_000_000) * 1e9
        #expect(rate > 0.97 * Double(least))
        #expect(rate < 1.03 * Double(least))
        #expect(largest < least / 300 + record)
    }

    @Test func `a record larger than the grant is paid for later`() {
        var pacer = Pacer(Pacer.Settings(rateMax: 1000, rateMin: 1000))
        #expect(pacer.grant(nowNs: 1_000_000_000) >= 0)
        pacer.spend(5000)
        #expect(pacer.grant(nowNs: 2_000_000_000) == 0)
        #expect(pacer.grant(nowNs: 9_000_000_000) == 0)
        for second in 10..<16 { _ = pacer.grant(nowNs: UInt64(second) * 1_000_000_000) }
        #expect(pacer.grant(nowNs: 16_000_000_000) > 0)
    }

    @Test func `pauses grow as the level falls, at most sixteenfold`() {
        var load = Foreground()
        #expect(load.pacer.lengthened(pauseMs: 100) == 1600)
        load.pass(seconds: 10, commands: 0)
        #expect(load.pacer.lengthened(pauseMs: 100) == 100)
    }
}
