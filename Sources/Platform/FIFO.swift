/// A queue over one array: popping moves a head index, and the array is compacted once half of it
/// is behind the head, so both ends cost O(1) amortised and a drained queue keeps its memory.
public struct FIFO<Element> {
    private var elements: [Element?] = []
    private var head = 0

    public init() {}

    public var count: Int { elements.count - head }
    public var isEmpty: Bool { head == elements.count }

    var first: Element? { isEmpty ? nil : elements[head] }

    public mutating func append(_ element: Element) { elements.append(element) }

    public mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let element = elements[head]
        elements[head] = nil
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 32, head > elements.count / 2 {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    /// Changes the newest element in place; nothing happens to an empty queue.
    mutating func withLast<Result>(_ body: (inout Element) -> Result) -> Result? {
        guard !isEmpty, var last = elements[elements.count - 1] else { return nil }
        elements[elements.count - 1] = nil
        defer { elements[elements.count - 1] = last }
        return body(&last)
    }
}
