public import Essentials
internal import Wire

/// Decides whether a shard takes on what clients begin anew.
///
/// Two queues of a shard can grow without anybody seeing it: what its loop has not come to, and
/// what waits for the disk. The first is seen by how long passes take (whatever came during one has
/// waited for its end), the second by how long loads take. What is under way, and what other
/// coordinators ask of this shard as a replica, is always carried out: refusing that would waste
/// the work already done for it elsewhere.
public struct Admission: Sendable {
    /// Waits from this on are too long, in ns; 0: none is.
    public var waitNsMax: UInt64 = 0

    private var loop = DelayGate()
    private var disk = DelayGate()

    /// Whether the loop is so far behind that nothing new is begun.
    public var isLoopBehind: Bool { loop.isRefusing }
    /// Whether the disk is so far behind that nothing new is begun that has to read it.
    public var isDiskBehind: Bool { disk.isRefusing }

    /// A pass of the loop took so long.
    mutating func notePass(ns: UInt64, nowNs: UInt64) {
        loop.note(waitNs: ns, targetNs: waitNsMax, nowNs: nowNs)
    }

    /// A record that memory did not hold was there after so long.
    mutating func noteLoad(ns: UInt64, nowNs: UInt64) {
        disk.note(waitNs: ns, targetNs: waitNsMax, nowNs: nowNs)
    }
}

/// New work on a shard that is behind.
extension DataPlane {
    /// What the answer to a client says besides its code: stable, since clients act on it.
    private static let loopBehind = "OVERLOADED this shard is too far behind to begin more"
    private static let diskBehind = "OVERLOADED the disk is too far behind to read more"

    /// The shard's loop has done a pass.
    public mutating func notePass(ns: UInt64, now: Now) {
        countPass()
        pacer.notePass(ns: ns)
        admission.notePass(ns: ns, nowNs: now.monotonicNs)
    }

    /// Begins what a client wants, or has a peer's client want, if the shard keeps up.
    mutating func admit(_ request: Request, now: Now, into effects: inout [Effect]) {
        guard now.monotonicNs < standing.sureUntilNs || routing.isAlone else {
            return hold(request, now: now, into: &effects)
        }
        guard !admission.isLoopBehind else {
            counters.delayRefusals += 1
            return refuse(request, Self.loopBehind, into: &effects)
        }
        begin(request, now: now, into: &effects)
    }

    /// Whether nothing more is to wait for the disk of what clients begin. Not when nothing waits:
    /// then nobody would ever see that it has caught up.
    var refusesLoads: Bool { admission.isDiskBehind && parked.count > 0 }

    mutating func refuseLoad(_ request: Request, into effects: inout [Effect]) {
        counters.diskRefusals += 1
        refuse(request, Self.diskBehind, into: &effects)
    }

    /// A peer that has handed the command over may try another replica.
    private mutating func refuse(
        _ request: Request, _ text: String, into effects: inout [Effect]
    ) {
        counters.overloads += 1
        switch request.origin {
        case .client: respond(to: request.origin, .error(text), into: &effects)
        case .peer(let link, let id):
            effects.append(.answer(link, .refused(id: id, .overloaded), after: .none))
        }
    }
}
