internal import Essentials

/// What is due, and time that did not count.
extension FailureDetector {
    mutating func tick(nowNs: UInt64, into effects: inout [Effect]) {
        guard nextDeadlineNs <= nowNs, !skipLostTime(nowNs: nowNs) else { return }
        hasSkipped = false
        endDueHelps(nowNs: nowNs, into: &effects)
        endDueProbes(nowNs: nowNs, into: &effects)
        endDueSuspicions(nowNs: nowNs, into: &effects)
        if nextNewsNs <= nowNs { tellNews(nowNs: nowNs, into: &effects) }
        if nextPeriodNs <= nowNs { beginPeriod(nowNs: nowNs, into: &effects) }
        if nextDeadProbeNs <= nowNs { probeDead(nowNs: nowNs, into: &effects) }
        if nextSyncNs <= nowNs { sync(nowNs: nowNs, into: &effects) }
    }

    /// A tick that comes late means that this node stood still: stopped by a signal, starved, its
    /// machine suspended. What others have said meanwhile lies in its sockets unread, so nobody may
    /// be accused for it: all deadlines move by the lost time, and a little more to read in.
    /// Returns whether that was so. Not twice in a row: a node that is always late must still do
    /// its work.
    private mutating func skipLostTime(nowNs: UInt64) -> Bool {
        let lostNs = nowNs - nextDeadlineNs
        guard !hasSkipped, lostNs >= timing.probeTimeoutNs / 2 else { return false }
        hasSkipped = true
        if lostNs >= timing.periodNs {
            counters.pauses += 1
            health.worsen(by: Int(clamping: lostNs / timing.periodNs))
        }
        let shiftNs = lostNs + timing.probeTimeoutNs
        for index in probes.indices { probes[index].deadlineNs += shiftNs }
        for index in helps.indices { helps[index].deadlineNs += shiftNs }
        for index in suspicions.indices { suspicions[index].startedNs += shiftNs }
        nextPeriodNs += shiftNs
        nextNewsNs += shiftNs
        nextDeadProbeNs += shiftNs
        nextSyncNs += shiftNs
        return true
    }
}
