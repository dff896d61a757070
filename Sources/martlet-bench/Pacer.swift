internal import Glibc
internal import Platform
internal import Synchronization

/// Wakes a driver when operations of the open loop are due.
///
/// A thread of its own, because the loop's timers count whole milliseconds, which would be more
/// than the latencies to be measured. It follows a copy of the driver's schedule.
final class Pacer: Sendable {
    /// Wake-ups are no closer than this: they would cost the CPU that the servers need.
    private static let gapNsMin: UInt64 = 50_000
    /// How long it sleeps at most, so that stopping does not take long.
    private static let sleepNsMax: UInt64 = 10_000_000

    private let thread = WorkerPool(name: "pacer", threads: 1, queueMax: 1)
    private let isStopped = Atomic(false)

    /// Calls `wake` whenever something is due, until `untilNs` or until it is stopped.
    init(_ schedule: ArrivalSchedule, untilNs: UInt64, wake: @escaping @Sendable () -> Void) {
        let isAccepted = thread.submit { [self] in run(schedule, untilNs, wake) }
        if !isAccepted { fatalError("the pacer's thread is taken") }
    }

    func stop() {
        isStopped.store(true, ordering: .relaxed)
        thread.shutdown()
    }

    private func run(_ arrivals: ArrivalSchedule, _ untilNs: UInt64, _ wake: () -> Void) {
        var schedule = arrivals
        while !isStopped.load(ordering: .relaxed), schedule.nextNs < untilNs {
            let nowNs = SystemClock.monotonicNs()
            if schedule.nextNs > nowNs {
                usleep(UInt32(min(schedule.nextNs - nowNs, Self.sleepNsMax) / 1000))
                continue
            }
            wake()
            while schedule.nextNs < nowNs + Self.gapNsMin { schedule.advance() }
        }
        // The driver learns that there is nothing left.
        wake()
    }
}
