import Essentials
import Platform
import Testing

@Suite struct TimerTests {
    @Test func `timers fire in the order of their deadlines`() throws {
        let test = try TestLoop()
        let loop = test.loop
        let done = Promise<[Int]>()
        loop.post {
            var order: [Int] = []
            for delayMs in [30, 10, 20] {
                Timer(loop: loop) {
                    order.append(delayMs)
                    if order.count == 3 { done.keep(order) }
                }.set(afterMs: UInt64(delayMs))
            }
        }
        #expect(try done.wait() == [10, 20, 30])
    }

    @Test func `a repeating timer fires until it is cancelled, and can be set again`() throws {
        let test = try TestLoop()
        let loop = test.loop
        let done = Promise<Int>()
        loop.post {
            var fired = 0
            var own: Timer?
            let timer = Timer(loop: loop) {
                fired += 1
                if fired == 5 {
                    own?.cancel()
                    #expect(own?.isSet == false)
                    own?.set(afterMs: 1)
                }
                if fired == 6 {
                    #expect(own?.isSet == false)
                    own?.close()
                    own = nil
                    done.keep(fired)
                }
            }
            own = timer
            timer.set(afterMs: 1, repeatingEveryMs: 1)
        }
        #expect(try done.wait() == 6)
    }

    @Test func `the hook sees what a timer did even if the poll would have slept`() throws {
        let test = try TestLoop()
        let loop = test.loop
        let done = Promise<Void>()
        loop.post {
            var hasFired = false
            let timer = Timer(loop: loop) { hasFired = true }
            timer.set(afterMs: 5)
            loop.passEnded = {
                if hasFired {
                    loop.passEnded = nil
                    return done.keep()
                }
                // The hook outlasts the timer, which therefore fires ahead of the next poll.
                let end = SystemClock.monotonicNs() + 20_000_000
                while SystemClock.monotonicNs() < end {}
            }
        }
        try done.wait()
    }

    @Test func `a closed timer lets go of its closure`() throws {
        let test = try TestLoop()
        let loop = test.loop
        let isGone = loop.perform {
            var captured: ClosureHandler? = ClosureHandler()
            weak let gone = captured
            let timer = Timer(loop: loop) { [captured] in _ = captured }
            captured = nil
            timer.close()
            timer.close()
            timer.set(afterMs: 0)
            return gone == nil
        }
        #expect(isGone)
    }
}

@Suite struct PreciseTimerTests {
    @Test func `it fires when its time has come and not before, as often as it is set`() throws {
        let test = try TestLoop()
        let loop = test.loop
        let done = Promise<[UInt64]>()
        let startNs = SystemClock.monotonicNs()
        let stepNs: UInt64 = 300_000
        loop.post {
            var firedNs: [UInt64] = []
            var own: PreciseTimer?
            own = try? PreciseTimer(loop: loop) {
                #expect(own?.isSet == false)
                firedNs.append(SystemClock.monotonicNs())
                guard firedNs.count == 5 else {
                    own?.set(atNs: startNs + UInt64(firedNs.count + 1) * stepNs)
                    return
                }
                own?.close()
                own = nil
                done.keep(firedNs)
            }
            own?.set(atNs: startNs + stepNs)
            #expect(own?.isSet == true)
        }
        let firedNs = try done.wait()
        for (index, timeNs) in firedNs.enumerated() {
            #expect(timeNs >= startNs + UInt64(index + 1) * stepNs)
        }
    }

    @Test func `what was set before no longer counts, and the past fires at once`() throws {
        let test = try TestLoop()
        let loop = test.loop
        let done = Promise<Int>()
        loop.post {
            var fired = 0
            let timer = try? PreciseTimer(loop: loop) { fired += 1 }
            timer?.set(atNs: SystemClock.monotonicNs() + 3_600_000_000_000)
            timer?.set(atNs: 0)
            // Long after it.
            Timer(loop: loop) { done.keep(fired) }.set(afterMs: 20)
        }
        #expect(try done.wait() == 1)
    }
}
