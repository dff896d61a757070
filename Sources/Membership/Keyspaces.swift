public import Placement

/// All keyspaces of a cluster. A key belongs to the one with the longest prefix that it begins
/// with, and to none where there is no such prefix: policies of shorter prefixes do not add up.
///
/// Invariant: `all` is ascending by prefix, without equal ones.
public struct Keyspaces: Hashable, Sendable {
    /// Bounds what a topology costs to send: with the longest prefixes, 70 kB of keyspaces. One for
    /// each of so many uses of a cluster is more than people keep apart.
    public static let countMax = 256

    public private(set) var all: [Keyspace]
    /// By index into `all`: the index of the longest other prefix that this one begins with, or -1.
    private var parents: [Int]

    public init() {
        all = []
        parents = []
    }

    /// - Precondition: `all` is ascending by prefix, without equal ones.
    init(ascending all: [Keyspace]) {
        self.all = all
        parents = []
        findParents()
    }

    @inlinable public var isEmpty: Bool { all.isEmpty }
    public var count: Int { all.count }

    // MARK: Finding

    public subscript(prefix: [UInt8]) -> Keyspace? {
        let index = firstIndex(notBefore: prefix)
        return index < all.count && all[index].prefix == prefix ? all[index] : nil
    }

    /// What the keyspace of `key` says of quorums; nil for a key of no keyspace. Part of each
    /// request when there are keyspaces: it compares the key with a few prefixes and allocates
    /// nothing.
    public func quorums(of key: [UInt8]) -> Quorums? { index(of: key).map { all[$0].quorums } }

    public func keyspace(of key: [UInt8]) -> Keyspace? { index(of: key).map { all[$0] } }

    /// Every prefix of the key stands at or before the last prefix that is not after the key, and
    /// is that one or one that it begins with: whatever sorts between a prefix and the key begins
    /// with the prefix, too.
    private func index(of key: [UInt8]) -> Int? {
        var low = 0
        var high = all.count
        while low < high {
            let middle = (low + high) / 2
            if key.lexicographicallyPrecedes(all[middle].prefix) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        var index = low - 1
        guard index >= 0 else { return nil }
        let shared = Self.sharedSize(all[index].prefix, key)
        while index >= 0, all[index].prefix.count > shared { index = parents[index] }
        return index >= 0 ? index : nil
    }

    /// How many bytes both begin with.
    private static func sharedSize(_ one: [UInt8], _ other: [UInt8]) -> Int {
        let size = min(one.count, other.count)
        var index = 0
        while index < size, one[index] == other[index] { index += 1 }
        return index
    }

    private func firstIndex(notBefore prefix: [UInt8]) -> Int {
        all.firstIndex { !$0.prefix.lexicographicallyPrecedes(prefix) } ?? all.count
    }

    // MARK: Changing

    /// Makes the keyspace, or changes what `quorums` names of it.
    mutating func set(_ prefix: [UInt8], _ quorums: Quorums) {
        let index = firstIndex(notBefore: prefix)
        if index < all.count, all[index].prefix == prefix {
            all[index].set(quorums)
        } else {
            all.insert(Keyspace(prefix: prefix, quorums: quorums), at: index)
            findParents()
        }
    }

    mutating func unset(_ prefix: [UInt8]) {
        all.removeAll { $0.prefix == prefix }
        findParents()
    }

    private mutating func findParents() {
        // What the prefix before begins with, and that one itself: nearest last.
        var line: [Int] = []
        parents = []
        for (index, keyspace) in all.enumerated() {
            while let last = line.last, !keyspace.prefix.starts(with: all[last].prefix) {
                line.removeLast()
            }
            parents.append(line.last ?? -1)
            line.append(index)
        }
    }

    /// The first thing that cannot be, in words; nil when nothing is wrong.
    func defect(n: Int) -> String? {
        guard count <= Self.countMax else {
            return "the cluster has \(Self.countMax) keyspaces, the most there can be"
        }
        for (keyspace, next) in zip(all, all.dropFirst())
        where !keyspace.prefix.lexicographicallyPrecedes(next.prefix) {
            return "keyspaces not ascending"
        }
        return all.lazy.compactMap { $0.defect(n: n) }.first
    }
}
