internal import Commands
internal import Engine
internal import Membership
internal import Placement

/// What requests run under.
extension Cluster {
    /// What a request on `key` has to run under at a node, by the topology that its shard serves
    /// by: what checkers hold answers against. Worked out apart from the engine, by looking at all
    /// keyspaces and all who have a say.
    func terms(
        of key: ObjectKey, _ wanted: ConsistencyOverride, at index: Int
    ) -> (consistency: Consistency, isUnderKeyspace: Bool) {
        let shard = sharding(of: index).shard(of: key.position)
        let all = self[index].process?.shards[shard].topology.keyspaces.all ?? []
        let keyspace = all.filter { key.bytes.starts(with: $0.prefix) }
            .max { $0.prefix.count < $1.prefix.count }
        func number(_ name: Quorums.Name, else setting: Int) -> Int {
            let said = [wanted.quorums[name], keyspace?.quorums[name]]
            return said.lazy.compactMap { $0?.count(of: self.options.n) }.first ?? setting
        }
        let settings = options.consistency
        let consistency = Consistency(
            r: number(.r, else: settings.r), w: number(.w, else: settings.w),
            pr: number(.pr, else: settings.pr), pw: number(.pw, else: settings.pw),
            dw: number(.dw, else: settings.dw),
            timeoutMs: wanted.timeoutMs.map { UInt32($0) } ?? settings.timeoutMs)
        return (consistency, keyspace != nil)
    }
}

extension ConsistencyOverride {
    /// Asks for these numbers, whatever keyspaces say.
    init(exactly consistency: Consistency) {
        self.init()
        quorums.r = .number(consistency.r)
        quorums.w = .number(consistency.w)
        quorums.pr = .number(consistency.pr)
        quorums.pw = .number(consistency.pw)
        quorums.dw = .number(consistency.dw)
        timeoutMs = Int(consistency.timeoutMs)
    }
}
