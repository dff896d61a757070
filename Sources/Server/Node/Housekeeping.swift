internal import Engine
internal import Essentials
internal import Objects
internal import Placement
internal import Platform
internal import Storage

/// What has to be done now and then for the whole node: watching the free space, laying the epoch
/// ceiling ahead, and finding values whose deadline has passed.
///
/// Its timers run on the first shard's loop, its work on the workers.
final class Housekeeping: Sendable {
    private static let spacePeriodMs: UInt64 = 500

    let services: NodeServices
    private let facts: NodeFacts

    init(_ services: NodeServices, _ facts: NodeFacts) {
        self.services = services
        self.facts = facts
    }

    func start(on shard: Shard) {
        every(Self.spacePeriodMs, shard) { $0.checkSpace() }
        every(EpochCeiling.renewMs, shard) { $0.renewCeiling() }
        sweep(from: [])
        count(PartitionID(rawValue: 0), isFirstRound: true)
    }

    private func every(
        _ periodMs: UInt64, _ shard: Shard, _ work: @escaping @Sendable (Housekeeping) -> Void
    ) {
        let services = services
        let timer = Timer(loop: shard.loop) { [self] in
            _ = services.workers.submit { work(self) }
        }
        timer.set(afterMs: periodMs, repeatingEveryMs: periodMs)
    }

    private func checkSpace() {
        let before = services.storage.spaceState
        do throws(StorageError) {
            let after = try services.storage.checkSpace()
            guard (before == .ample) != (after == .ample) else { return }
            let isLow = after != .ample
            if isLow {
                services.log.error("the disk is nearly full; writes are refused", [:])
            } else {
                services.log.info("the disk has room again; writes go on", [:])
            }
            for mailbox in services.mailboxes { mailbox.send(.space(isLow: isLow)) }
        } catch {
            services.log.error("the free space is unknown", ["reason": .describing(error)])
        }
    }

    private func renewCeiling() {
        do throws(StorageError) {
            try services.epochCeiling.renew(facts, wallMs: SystemClock.wallMs())
        } catch {
            services.fail(error.description)
        }
    }
}
