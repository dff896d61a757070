import Histories
import Testing

/// The checker accepts what a correct store may answer, and refuses what a broken one does: each
/// history here is a correct one, then the same with one thing changed.
@Suite struct CheckerTests {
    private static let seed: UInt64 = 7
    private let checker = Checker(.monotonic, seed: seed)
    private let lenient = Checker(.eventual, seed: seed)

    /// Events one after the other, each taking a nanosecond; a nil end by `unknown`.
    private func history(_ actions: [Event.Action], unknown: Set<Int> = [], key: String = "k")
        -> History
    {
        History(
            actions.enumerated().map { index, action in
                let begin = Int64(index) * 10
                return Event(
                    key, action, begin: begin, end: unknown.contains(index) ? nil : begin + 1)
            })
    }

    /// What two replicas hold: versions of `k`, or counts.
    private func ending(_ replicas: [Int]..., context: UInt8 = 1) -> Ending {
        ending(
            texts: replicas.map { $0.map { ValueMaker(seed: Self.seed).value(of: "k", $0) } },
            context)
    }

    private func ending(texts replicas: [[String]], _ context: UInt8 = 1) -> Ending {
        var ending = Ending()
        for (index, values) in replicas.enumerated() {
            ending.add(
                Ending.Copy(replica: "node \(index)", context: [context], values: values), of: "k")
        }
        return ending
    }

    private func kinds(_ history: History, _ ending: Ending, _ checker: Checker? = nil)
        -> [Defect.Kind]
    {
        (checker ?? self.checker).defects(in: history, ending: ending).map(\.kind)
    }

    // MARK: Registers

    private var register: History {
        history([.write(1), .read(1), .write(2), .read(2), .write(3), .read(3)])
    }

    @Test func `the last acknowledged version is what every replica must have`() {
        #expect(kinds(register, ending([3], [3])) == [])
        #expect(kinds(register, ending([2], [2])) == [.lost, .lost])
        #expect(kinds(register, ending([], [])) == [.lost, .lost])
        #expect(kinds(register, ending([4], [4])) == [.invented, .invented])
        #expect(kinds(register, ending(texts: [["3 k wrong"]])) == [.invented])
        #expect(kinds(register, Ending()) == [.unread])
        #expect(kinds(register, ending([2, 3], [2, 3])) == [])
    }

    @Test func `a replica that differs from the others is noticed`() {
        #expect(kinds(register, ending([3], [2])) == [.unequal, .lost])
        var contexts = ending([3])
        contexts.add(
            Ending.Copy(
                replica: "other", context: [2],
                values: [ValueMaker(seed: Self.seed).value(of: "k", 3)]), of: "k")
        #expect(kinds(register, contexts) == [.unequal])
    }

    @Test func `a version of unknown outcome may be there, or not, and late`() {
        let open = history([.write(1), .write(2), .write(3)], unknown: [1])
        #expect(kinds(open, ending([3])) == [])
        #expect(kinds(open, ending([2])) == [])
        #expect(kinds(open, ending([1])) == [.lost])
        let last = history([.write(1), .write(2)], unknown: [1])
        #expect(kinds(last, ending([1])) == [])
        #expect(kinds(last, ending([2])) == [])
        #expect(kinds(last, ending([])) == [.lost])
    }

    @Test func `a read shows what was acknowledged before it, where reads and writes overlap`() {
        let stale = history([.write(1), .write(2), .read(1)])
        #expect(kinds(stale, ending([2])) == [.stale])
        #expect(kinds(stale, ending([2]), lenient) == [])
        let nothing = history([.write(1), .read(nil)])
        #expect(kinds(nothing, ending([1])) == [.stale])
        let early = history([.read(1), .write(1)])
        #expect(kinds(early, ending([1]), lenient) == [.invented])
        let stray = history([.write(1), .stray("1 other ")])
        #expect(kinds(stray, ending([1]), lenient) == [.invented])
    }

    @Test func `a read that overlaps a write may show it or not, but not go back`() {
        func reads(_ first: Int, _ second: Int) -> History {
            History([
                Event("k", .write(1), begin: 0, end: 1), Event("k", .write(2), begin: 10, end: 100),
                Event("k", .read(first), begin: 20, end: 21),
                Event("k", .read(second), begin: 30, end: 31),
            ])
        }
        #expect(kinds(reads(1, 2), ending([2])) == [])
        #expect(kinds(reads(1, 1), ending([2])) == [])
        #expect(kinds(reads(2, 1), ending([2])) == [.backwards])
        #expect(kinds(reads(2, 1), ending([2]), Checker(.regular, seed: Self.seed)) == [])
    }

    @Test func `what was removed does not return`() {
        let removed = history([.write(1), .remove(2), .read(nil)])
        #expect(kinds(removed, ending([], [])) == [])
        #expect(kinds(removed, ending([1], [1])) == [.returned, .returned])
        #expect(kinds(history([.write(1), .remove(2), .read(1)]), ending([])) == [.stale])
        let open = history([.write(1), .remove(2)], unknown: [1])
        #expect(kinds(open, ending([])) == [])
        #expect(kinds(open, ending([1])) == [])
    }

    // MARK: Counters

    @Test func `an increment counts once when acknowledged, at most once when unknown`() {
        let counts = history([.add(1), .count(1), .add(2), .add(4), .count(3)], unknown: [3])
        for (end, expected) in [(2, [Defect.Kind.lost]), (3, []), (7, []), (8, [.invented])] {
            #expect(kinds(counts, ending(texts: [["\(end)"]])) == expected)
        }
        #expect(kinds(counts, ending(texts: [["what"]])) == [.invented])
        #expect(kinds(history([.add(5), .count(4)]), ending(texts: [["5"]])) == [.stale])
        #expect(kinds(history([.add(5), .count(4)]), ending(texts: [["5"]]), lenient) == [])
        #expect(
            kinds(history([.add(5), .count(6)]), ending(texts: [["5"]]), lenient) == [.invented])
    }

    // MARK: Siblings

    private var siblings: History {
        history([
            .put(1, seen: []), .put(2, seen: []), .look([1, 2]), .put(3, seen: [1, 2]),
            .put(4, seen: [1, 2]), .look([3, 4]), .put(nil, seen: [3]),
        ])
    }

    @Test func `siblings stay until a write replaces them that has seen them`() {
        #expect(kinds(siblings, ending([4], [4])) == [])
        #expect(kinds(siblings, ending([])) == [.lost])
        #expect(kinds(siblings, ending([4, 1])) == [.returned])
        #expect(kinds(siblings, ending([3, 4])) == [.returned])
        #expect(kinds(siblings, ending([4, 9])) == [.invented])
    }

    @Test func `a replacement of unknown outcome explains both`() {
        let open = history([.put(1, seen: []), .put(2, seen: [1])], unknown: [1])
        #expect(kinds(open, ending([1])) == [])
        #expect(kinds(open, ending([2])) == [])
        #expect(kinds(open, ending([])) == [])
        #expect(kinds(open, ending([1, 2])) == [])
    }

    @Test func `a read of siblings shows all that is certain, and nothing replaced`() {
        let lost = history([.put(1, seen: []), .put(2, seen: []), .look([2])])
        #expect(kinds(lost, ending([1, 2])) == [.stale])
        #expect(kinds(lost, ending([1, 2]), lenient) == [])
        let back = history([.put(1, seen: []), .put(2, seen: [1]), .look([1, 2])])
        #expect(kinds(back, ending([2])) == [.returned])
        #expect(kinds(back, ending([2]), lenient) == [])
    }

    // MARK: Values

    @Test func `a value tells its number, and no other text does`() {
        let values = ValueMaker(seed: Self.seed)
        for number in 0..<200 {
            let text = values.value(of: "key", number)
            #expect(values.number(of: text, key: "key") == number)
            #expect(values.number(of: text + "0", key: "key") == nil)
            #expect(values.number(of: text, key: "yek") == nil)
            #expect(ValueMaker(seed: 8).number(of: text, key: "key") == nil || text.hasSuffix(" "))
        }
    }
}
