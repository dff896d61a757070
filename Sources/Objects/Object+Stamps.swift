public import Causality
internal import Essentials

extension Object {
    /// Takes stamps that cannot be true from what was written while some clock was far ahead, by a
    /// release that let it: what lies past `limit` gets the stamp `least`, which loses against
    /// every true one and is later than what was flushed. Returns whether there was any.
    ///
    /// No dot changes, and every replica makes the same of it; where two have the same entry with
    /// different stamps, the earlier stays (`merge`).
    public mutating func settleStamps(past limit: Timestamp, to least: Timestamp) -> Bool {
        var isChanged = false
        for index in entries.indices where entries[index].stamp > limit {
            entries[index].stamp = least
            isChanged = true
        }
        return isChanged
    }
}
