internal import Synchronization

/// What the drivers tell the main thread, which looks now and then.
final class DriverStatus: Sendable {
    private let ready = Atomic(0)
    private let finished = Atomic(0)
    private let stopRequested = Atomic(false)
    private let reason = Mutex<String?>(nil)

    /// Clients that are connected for the first time.
    var readyClients: Int { ready.load(ordering: .relaxed) }

    /// Phases that drivers have finished: a phase is over when every driver has.
    var finishedPhases: Int { finished.load(ordering: .acquiring) }

    /// Why the run cannot go on.
    var failure: String? { reason.withLock { $0 } }

    /// Whether somebody wants the run to end early.
    var isStopRequested: Bool { stopRequested.load(ordering: .relaxed) }

    func clientReady() { ready.add(1, ordering: .relaxed) }

    func phaseFinished() { finished.add(1, ordering: .releasing) }

    func requestStop() { stopRequested.store(true, ordering: .relaxed) }

    /// The first reason counts: others follow from it.
    func fail(_ text: String) { reason.withLock { if $0 == nil { $0 = text } } }
}
