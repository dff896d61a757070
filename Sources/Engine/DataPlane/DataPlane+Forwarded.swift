internal import Commands
internal import Essentials
internal import Wire

/// Commands that other nodes hand to this one: a coordinator's part in carrying each out at most
/// once, and none that its sender has given up.
extension DataPlane {
    /// Coordinates a command that another node was asked.
    mutating func takeForwarded(
        _ id: UInt64, _ consistency: PeerConsistency, _ arguments: [[UInt8]],
        _ header: PeerFrameHeader, link: LinkID, now: Now, into effects: inout [Effect]
    ) {
        // Before anything is answered: a refusal of the second would be taken for one of the first.
        guard isNew(consistency, link, now: now) else { return }
        guard consistency.timeoutMs > 0 else { return dropLate(id, link, into: &effects) }
        let isTooOld = now.monotonicNs >= consistency.beginByNs && settings.bug != .beginsLate
        guard !isTooOld else { return dropLate(id, link, into: &effects) }
        guard accepts(header) else {
            counters.refusals += 1
            return effects.append(.answer(link, .refused(id: id, .epoch), after: .none))
        }
        let origin = Request.Origin.peer(link, id: id)
        switch Invocation.interpret(arguments: arguments) {
        case .key(let keyRequest):
            var request = Request(
                origin: origin, key: ObjectKey(keyRequest.key), operation: keyRequest.operation,
                consistency: Consistency(consistency))
            request.beginByNs = consistency.beginByNs
            if request.beginByNs < .max { latestBeginNs = max(latestBeginNs, request.beginByNs) }
            admit(request, now: now, into: &effects)
        case .failure(let reply): respond(to: origin, reply, into: &effects)
        case .plan, .session:
            respond(to: origin, .error("ERR a command without a key was forwarded"), into: &effects)
        }
    }

    private mutating func isNew(
        _ consistency: PeerConsistency, _ link: LinkID, now: Now
    ) -> Bool {
        guard consistency.sequence > 0, settings.bug != .takesTwice else { return true }
        return forwardsTaken.take(consistency.sequence, link, nowNs: now.monotonicNs)
    }

    /// Refuses a write that waited here until its sender has given it up; false if it may be made.
    mutating func refuseTooOld(
        _ request: Request, now: Now, into effects: inout [Effect]
    ) -> Bool {
        guard now.monotonicNs >= request.beginByNs, settings.bug != .beginsLate,
            case .peer(let link, let id) = request.origin
        else { return false }
        dropLate(id, link, into: &effects)
        return true
    }
}
