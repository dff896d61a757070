/// One operation on one key: what is sent to the key's coordinator.
public struct KeyRequest: Sendable, Equatable {
    /// Bytes of the longest key: records hold a key's size in 16 bits.
    public static let keySizeMax = 65_535

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
