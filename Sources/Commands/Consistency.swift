/// How many replicas have to answer, as clients say it.
public enum Quorum: Sendable, Equatable {
    case number(Int)
    case one
    /// More than half of n.
    case quorum
    case all
    /// What the keyspace says.
    case `default`
}

/// What a request or a connection asks for instead of the keyspace's own numbers; nil leaves them.
public struct ConsistencyOverride: Sendable, Equatable {
    public var r: Quorum?
    public var w: Quorum?
    public var pr: Quorum?
    public var pw: Quorum?
    public var dw: Quorum?
    public var timeoutMs: Int?

    public init() {}

    /// What `other` says where it says something, else what this one does: a request's words go before
    /// its connection's.
    public func overridden(by other: ConsistencyOverride) -> ConsistencyOverride {
        var result = self
        result.r = other.r ?? r
        result.w = other.w ?? w
        result.pr = other.pr ?? pr
        result.pw = other.pw ?? pw
        result.dw = other.dw ?? dw
        result.timeoutMs = other.timeoutMs ?? timeoutMs
        return result
    }
}
