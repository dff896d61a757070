/// A list that keeps its first element in place and only the others in an array.
///
/// For lists that nearly always have one element: a context's actors, a key's values. In place it
/// costs no allocation and no cache miss of its own, which are most of what a read costs.
///
/// Invariant: without a first element there are no others.
public struct InlineFirst<Element> {
    @usableFromInline var first_: Element?
    @usableFromInline var others: [Element]

    @inlinable
    public init() {
        first_ = nil
        others = []
    }
}

extension InlineFirst: Sendable where Element: Sendable {}
extension InlineFirst: Equatable where Element: Equatable {
    /// Written out, since what the compiler derives is not specialised in other modules.
    @inlinable
    public static func == (left: InlineFirst, right: InlineFirst) -> Bool {
        left.first_ == right.first_ && left.others == right.others
    }
}
extension InlineFirst: Hashable where Element: Hashable {}

extension InlineFirst: RandomAccessCollection, MutableCollection, RangeReplaceableCollection {
    @inlinable public var startIndex: Int { 0 }
    @inlinable public var endIndex: Int { first_ == nil ? 0 : 1 + others.count }

    @inlinable
    public subscript(index: Int) -> Element {
        get {
            guard index > 0 else {
                guard let first_ else { fatalError("index out of range") }
                return first_
            }
            return others[index - 1]
        }
        _modify {
            guard index > 0 else {
                guard var element = first_.take() else { fatalError("index out of range") }
                defer { first_ = element }
                yield &element
                return
            }
            yield &others[index - 1]
        }
    }

    @inlinable
    public mutating func append(_ element: Element) {
        if first_ == nil { first_ = element } else { others.append(element) }
    }

    @inlinable
    public mutating func removeAll(keepingCapacity: Bool = false) {
        first_ = nil
        others.removeAll(keepingCapacity: keepingCapacity)
    }

    @inlinable
    public mutating func removeAll(where isRemoved: (Element) throws -> Bool) rethrows {
        if !others.isEmpty { try others.removeAll(where: isRemoved) }
        if let element = first_, try isRemoved(element) {
            first_ = others.isEmpty ? nil : others.removeFirst()
        }
    }

    @inlinable
    public mutating func insert(_ element: Element, at index: Int) {
        guard index == 0 else { return others.insert(element, at: index - 1) }
        if let moved = first_.take() { others.insert(moved, at: 0) }
        first_ = element
    }

    @inlinable
    public mutating func replaceSubrange(
        _ range: Range<Int>, with elements: some Collection<Element>
    ) {
        var all = Array(self)
        all.replaceSubrange(range, with: elements)
        first_ = all.isEmpty ? nil : all.removeFirst()
        others = all
    }
}
