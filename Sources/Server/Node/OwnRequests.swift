internal import Commands
internal import Engine
internal import Essentials
internal import Wire

/// Commands on keys that the shard itself has carried out, as a client would.
///
/// Their time-outs are those of all commands, so each is answered. Confined to its shard.
final class OwnRequests {
    private var waiting: [UInt32: (Reply) -> Void] = [:]
    private var lastSequence: UInt32 = 0

    /// - Parameter arguments: the command, for nodes that hold the key where this one does not.
    func start(
        _ operation: Commands.Operation, on key: [UInt8], arguments: [[UInt8]],
        _ consistency: Consistency, _ shard: Shard, done: @escaping (Reply) -> Void
    ) {
        lastSequence &+= 1
        let number = RequestNumber(
            loop: shard.index, session: RequestNumber.ownSession, sequence: lastSequence)
        waiting[lastSequence] = done
        let key = ObjectKey(key)
        shard.submit(
            Request(
                origin: .client(number.rawValue), key: key, operation: operation,
                consistency: consistency, arguments: shard.isReplica(of: key) ? [] : arguments))
    }

    func complete(_ number: RequestNumber, _ reply: Reply) {
        waiting.removeValue(forKey: number.sequence)?(reply)
    }
}
