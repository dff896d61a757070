/// One operation on one key: what is sent to the key's coordinator.
public struct KeyRequest: Sendable, Equatable {
    /// Bytes of the longest key: what peers accept, too.
    public static let keySizeMax = 64 << 10

    public var key: [UInt8]
    public var operation: Operation
    /// What this request alone asks for; the connection's wishes go behind it.
    public var consistency: ConsistencyOverride?

    public init(
        key: [UInt8], operation: Operation, consistency: ConsistencyOverride? = nil
    ) {
        self.key = key
        self.operation = operation
        self.consistency = consistency
    }
}
