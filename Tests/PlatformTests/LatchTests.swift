import Dispatch
import Platform
import Testing

@Suite struct LatchTests {
    @Test func `who waits gets what another thread leaves`() {
        let latch = Latch<Int>()
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(20)) { latch.open(7) }
        #expect(latch.wait(timeoutMs: 20_000) == 7)
    }

    @Test func `who comes late need not wait, and the first value stays`() {
        let latch = Latch<Int>()
        latch.open(1)
        latch.open(2)
        #expect(latch.wait(timeoutMs: 0) == 1)
        #expect(latch.wait(timeoutMs: 20_000) == 1)
    }

    @Test func `the wait ends without a value when its time is over`() {
        let startNs = SystemClock.monotonicNs()
        #expect(Latch<Int>().wait(timeoutMs: 50) == nil)
        #expect(SystemClock.monotonicNs() - startNs >= 50_000_000)
    }

    @Test func `all who wait are woken`() {
        let latch = Latch<Int>()
        let woken = DispatchSemaphore(value: 0)
        for _ in 0..<4 {
            DispatchQueue.global().async {
                if latch.wait(timeoutMs: 20_000) == 3 { woken.signal() }
            }
        }
        latch.open(3)
        for _ in 0..<4 { #expect(woken.wait(timeout: .now() + .seconds(20)) == .success) }
    }
}
