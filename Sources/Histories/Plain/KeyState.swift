/// A moment between two others that nobody knows exactly.
struct Moments: Hashable, Sendable {
    var earliestNs: Int64
    var latestNs: Int64

    func narrowed(from earliestNs: Int64, to latestNs: Int64) -> Moments? {
        let both = Moments(
            earliestNs: max(self.earliestNs, earliestNs), latestNs: min(self.latestNs, latestNs))
        return both.earliestNs <= both.latestNs ? both : nil
    }
}

/// What a key shows: a value, by its number in the table, and when it is to expire.
struct KeyState: Hashable, Sendable {
    /// Nil: nothing is there.
    var value: Int?
    var deadline: Moments?

    static let absent = KeyState(value: nil, deadline: nil)
}

/// What a command does once it has decided.
enum Effect: Hashable, Sendable {
    case none
    case assign(KeyState)
    /// Of whatever is there then.
    case setDeadline(Moments?)
    case add(Decimal, isWhole: Bool)

    /// Whether it keeps what others have written meanwhile.
    var isAddition: Bool {
        switch self {
        case .setDeadline, .add: true
        case .none, .assign: false
        }
    }
}

/// Numbers for values, so that states are small whatever they hold.
struct ValueTable {
    private(set) var values: [[UInt8]] = []
    /// Looked up and never iterated.
    private var numbers: [[UInt8]: Int] = [:]

    mutating func number(of value: [UInt8]) -> Int {
        if let number = numbers[value] { return number }
        numbers[value] = values.count
        values.append(value)
        return values.count - 1
    }

    func known(_ value: [UInt8]) -> Int? { numbers[value] }

    subscript(number: Int) -> [UInt8] { values[number] }
}
