internal import Engine
internal import Essentials

/// The admins who wait to hear what the replicas of a key hold. Confined to its shard.
///
/// The data plane answers every question, after its time-out at the latest.
final class KeyQuestions {
    private var waiting: [UInt64: (KeyDescription) -> Void] = [:]
    private var lastToken: UInt64 = 0

    /// Asks the replicas of `key`, which must be of a partition of this shard.
    func ask(
        _ key: ObjectKey, timeoutMs: UInt64, _ shard: Shard,
        done: @escaping (KeyDescription) -> Void
    ) {
        lastToken += 1
        waiting[lastToken] = done
        shard.apply(.descriptionWanted(key, token: lastToken, timeoutMs: timeoutMs))
    }

    func end(_ token: UInt64, _ description: KeyDescription) {
        waiting.removeValue(forKey: token)?(description)
    }
}
