public import Placement

/// What a request or a connection asks for instead of the keyspace's own numbers; what is nil
/// leaves them.
///
/// Kept in a few bytes, because every request carries one.
public struct ConsistencyOverride: Sendable, Equatable {
    /// The longest wait that a client may ask for: an hour.
    public static let timeoutMsMax = 3_600_000

    public var quorums = Quorums()
    /// 0 for none.
    private var timeout: UInt32 = 0

    public init() {}

    /// At least 1, at most `timeoutMsMax`.
    public var timeoutMs: Int? {
        get { timeout == 0 ? nil : Int(timeout) }
        set { timeout = UInt32(max(0, min(newValue ?? 0, Self.timeoutMsMax))) }
    }

    /// What `other` says where it says something, else what this one does: a request's words go
    /// before its connection's.
    public func overridden(by other: ConsistencyOverride) -> ConsistencyOverride {
        var result = self
        result.quorums = quorums.overridden(by: other.quorums)
        result.timeoutMs = other.timeoutMs ?? timeoutMs
        return result
    }
}
