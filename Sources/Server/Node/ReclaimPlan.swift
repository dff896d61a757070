/// Chooses which partition's files are rewritten next while the disk is nearly full, so that what
/// clients delete gives its space back.
///
/// First those with the most keys that have lost their value since they were last rewritten; then
/// each of the others once, since values may have been replaced by smaller ones, too. After that
/// only those with new deletes: rewriting what is live gains nothing.
struct ReclaimPlan {
    /// The most keys that each partition has had since it was last rewritten, counted from the
    /// node's start.
    private var keysMax: [Int] = []
    private var isRewritten: [Bool] = []

    /// There is space: the next shortage begins a new round.
    mutating func end() { isRewritten = [] }

    /// The partition to rewrite now; nil when that would gain nothing.
    ///
    /// - Parameter keys: how many keys with a value each partition has, counted from the node's
    ///   start.
    mutating func next(_ keys: [Int]) -> Int? {
        note(keys)
        let removals = keys.indices.map { keysMax[$0] - keys[$0] }
        var chosen = removals.indices.max { removals[$0] < removals[$1] }
        if let most = chosen, removals[most] == 0 { chosen = isRewritten.firstIndex(of: false) }
        guard let chosen else { return nil }
        isRewritten[chosen] = true
        keysMax[chosen] = keys[chosen]
        return chosen
    }

    private mutating func note(_ keys: [Int]) {
        while keysMax.count < keys.count { keysMax.append(keys[keysMax.count]) }
        while isRewritten.count < keys.count { isRewritten.append(false) }
        for index in keys.indices { keysMax[index] = max(keysMax[index], keys[index]) }
    }
}
