/// First in, first out; what is urgent goes to the front.
struct Queue<Element> {
    private var items: [Element?] = []
    private var head = 0

    var isEmpty: Bool { head == items.count }
    var count: Int { items.count - head }
    var first: Element? { isEmpty ? nil : items[head] }

    /// In their order.
    var all: [Element] { items[head...].compactMap(\.self) }

    mutating func append(_ element: Element) { items.append(element) }

    mutating func append(contentsOf elements: [Element]) {
        for element in elements { items.append(element) }
    }

    mutating func prepend(_ element: Element) {
        if head > 0 {
            head -= 1
            items[head] = element
        } else {
            items.insert(element, at: 0)
        }
    }

    mutating func popFirst() -> Element? {
        guard head < items.count else { return nil }
        defer {
            head += 1
            if head == items.count {
                items.removeAll(keepingCapacity: true)
                head = 0
            }
        }
        return items[head].take()
    }

    mutating func removeAll() {
        items.removeAll()
        head = 0
    }
}
