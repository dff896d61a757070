public import Placement

/// A key prefix with a policy: what requests on its keys run under unless they, or their
/// connections, ask for something else.
public struct Keyspace: Hashable, Sendable {
    /// A prefix names what keys are used for, and is typed by people. The length fits one byte.
    public static let prefixSizeMax = 255

    /// At least one byte; any bytes, since keys may be any bytes.
    public let prefix: [UInt8]
    /// Never `default`: what is nil is left to the settings of the node that is asked.
    public internal(set) var quorums: Quorums

    public init(prefix: [UInt8], quorums: Quorums = Quorums()) {
        self.prefix = prefix
        self.quorums = Quorums()
        set(quorums)
    }

    /// Sets what `wanted` names, and takes back what it says `default` of. The rest stays.
    mutating func set(_ wanted: Quorums) {
        for name in Quorums.Name.allCases {
            switch wanted[name] {
            case nil: break
            case .default: quorums[name] = nil
            case let quorum: quorums[name] = quorum
            }
        }
    }

    /// What keeps this from being a keyspace of a cluster with `n` replicas, in words; nil when
    /// nothing does.
    func defect(n: Int) -> String? {
        guard (1...Self.prefixSizeMax).contains(prefix.count) else {
            return "a keyspace's prefix has 1 to \(Self.prefixSizeMax) bytes"
        }
        for name in Quorums.Name.allCases {
            guard case .number(let number) = quorums[name] else { continue }
            guard number > 0 || name.mayBeZero else { return "'\(name.text)' must be at least 1" }
            guard number <= n else {
                return "'\(name.text)' is \(number), more than the \(n) replicas of 'n'"
            }
        }
        return nil
    }
}
