/// What replicas hold of the keys when all is over: each read by itself.
public struct Ending: Sendable {
    /// One replica's copy of a key.
    public struct Copy: Sendable, Equatable {
        public let replica: String
        /// The causal context, as bytes that only the store understands.
        public let context: [UInt8]
        /// In any order.
        public let values: [String]

        public init(replica: String, context: [UInt8], values: [String]) {
            self.replica = replica
            self.context = context
            self.values = values.sorted()
        }

        func holdsTheSame(as other: Copy) -> Bool {
            context == other.context && values == other.values
        }
    }

    public private(set) var copies: [String: [Copy]] = [:]

    public init() {}

    public mutating func add(_ copy: Copy, of key: String) { copies[key, default: []].append(copy) }

    /// Keys whose replicas differ, in value or in context.
    public var disagreements: [Defect] {
        copies.sorted { $0.key < $1.key }.compactMap { key, held in
            guard let first = held.first,
                let other = held.first(where: { !$0.holdsTheSame(as: first) })
            else { return nil }
            return Defect(.unequal, key, "\(first.summary), but \(other.summary)")
        }
    }
}

extension Ending.Copy {
    fileprivate var summary: String {
        let shown = values.map { String($0.prefix(24)) }.joined(separator: " | ")
        let hash = context.reduce(5381 as UInt32) { $0 &* 33 ^ UInt32($1) }
        return "\(replica) has [\(shown)] by context \(String(hash, radix: 16))"
    }
}
