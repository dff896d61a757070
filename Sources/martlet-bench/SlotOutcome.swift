internal import Synchronization

/// Where the loop leaves what the cluster has told, for the main thread.
final class SlotOutcome: Sendable {
    private let result = Mutex<Result<SlotMap, Failure>?>(nil)

    func set(_ value: Result<SlotMap, Failure>) { result.withLock { $0 = value } }

    func get() -> Result<SlotMap, Failure>? { result.withLock { $0 } }
}
