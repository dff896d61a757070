import Histories
import Testing

/// The judge of plain commands accepts what the store promises and refuses what it must not do:
/// each history here is a correct one, or one with a single thing wrong.
@Suite struct PlainJudgeTests {
    // MARK: Values

    @Test func `a read shows what was acknowledged before it, or what came meanwhile`() {
        #expect(PlainHistory(("SET k 1", .ok), ("GET k", .text("1"))).kinds() == [])
        let stale = PlainHistory(("SET k 1", .ok), ("SET k 2", .ok), ("GET k", .text("1")))
        #expect(stale.kinds() == [.stale])
        let lost = PlainHistory(("SET k 1", .ok), ("GET k", .nothing))
        #expect(lost.kinds() == [.stale])
        var overlapping = PlainHistory(("SET k 1", .ok))
        overlapping.add("SET k 2", .ok, 20...60)
        overlapping.add("GET k", .text("1"), 30...40)
        overlapping.add("GET k", .text("2"), 41...50)
        #expect(overlapping.kinds() == [])
        overlapping.add("GET k", .text("1"), 51...55)
        #expect(overlapping.kinds() == [.stale])
    }

    @Test func `what is shown was written before`() {
        #expect(PlainHistory(("GET k", .text("1"))).kinds() == [.invented])
        let future = PlainHistory(("GET k", .text("1")), ("SET k 1", .ok))
        #expect(future.kinds() == [.invented])
    }

    @Test(arguments: [
        "OVERLOADED 4 requests are under way on this shard",
        "NOQUORUM 1 of 2 replicas can be reached", "TRYAGAIN the cluster's topology is changing",
        "DISKFULL the disk is nearly full: reads and deletes go on, writes wait",
        "CLOCK this node's clock is off", "ERR value is not an integer or out of range",
    ])
    func `what was refused has no effect`(text: String) {
        let history = PlainHistory(("SET k 1", .error(text)), ("GET k", .text("1")))
        #expect(history.kinds() == [.invented])
        #expect(PlainHistory(("SET k 1", .error(text)), ("GET k", .nothing)).kinds() == [])
    }

    @Test(arguments: [
        nil, "NOQUORUM 1 of 2 replicas answered in 1000 ms",
        "TRYAGAIN keys were moved or flushed while the command ran",
    ])
    func `what is unknown may happen once, at any time, or never`(text: String?) {
        let unknown = text.map { CommandRecord.Answer.error($0) }
        let late = PlainHistory(
            ("SET k 1", unknown), ("SET k 2", .ok), ("GET k", .text("2")), ("GET k", .text("1")))
        #expect(late.kinds() == [])
        let twice = PlainHistory(
            ("SET k 1", unknown), ("GET k", .text("1")), ("SET k 2", .ok), ("GET k", .text("1")))
        #expect(twice.kinds() == [.stale])
    }

    // MARK: Deletions and deadlines

    @Test func `what was deleted stays away`() {
        let back = PlainHistory(
            ("SET k 1", .ok), ("DEL k", .integer(1)), ("GET k", .nothing), ("GET k", .text("1")))
        #expect(back.kinds().first == .stale)
        let hidden = PlainHistory(("SET k 1", .ok), ("DEL k", .integer(0)), ("GET k", .nothing))
        #expect(hidden.kinds() == [.stale])
        let taken = PlainHistory(
            ("SET k 1", .ok), ("GETDEL k", .text("1")), ("EXISTS k", .integer(1)))
        #expect(taken.kinds() == [.stale])
    }

    @Test func `a value lives as long as its writer said`() {
        func history(_ answer: CommandRecord.Answer, atMs ms: Int64) -> PlainHistory {
            var history = PlainHistory(("SET k 1 PX 1000", .ok))
            history.add("GET k", answer, ms...ms + 1)
            return history
        }
        #expect(history(.text("1"), atMs: 900).kinds() == [])
        #expect(history(.nothing, atMs: 900).kinds() == [.stale])
        #expect(history(.nothing, atMs: 1100).kinds() == [])
        #expect(history(.text("1"), atMs: 1100).kinds() == [.returned])
        let tolerant = JudgeRules(toleranceMs: 200)
        #expect(history(.nothing, atMs: 900).kinds(tolerant) == [])
        #expect(history(.text("1"), atMs: 1100).kinds(tolerant) == [])
    }

    @Test func `the deadline that is shown is that of the value`() {
        let old = PlainHistory(
            ("SET k 1 EX 100000", .ok), ("SET k 2 PX 3000", .ok), ("PTTL k", .integer(99_999_978)))
        #expect(old.kinds() == [.stale])
        let kept = PlainHistory(
            ("SET k 1 PX 3000", .ok), ("SET k 2", .ok), ("PTTL k", .integer(-1)),
            ("EXPIRE k 10", .integer(1)), ("TTL k", .integer(10)), ("PERSIST k", .integer(1)),
            ("TTL k", .integer(-1)))
        #expect(kept.kinds() == [])
        let never = PlainHistory(("SET k 1 PX 3000", .ok), ("PTTL k", .integer(-1)))
        #expect(never.kinds() == [.stale])
        let other = PlainHistory(("SET k 1 PX 3000", .ok), ("PTTL k", .integer(9000)))
        #expect(other.kinds().contains(.invented))
        let sooner = PlainHistory(
            ("SET k 1 PX 3000", .ok), ("PEXPIRE k 9000 LT", .integer(1)))
        #expect(sooner.kinds() == [.stale])
    }

    // MARK: Counters and suffixes

    @Test func `an increment counts once`() {
        func history(_ shown: String) -> PlainHistory {
            PlainHistory(
                ("SET k 100", .ok), ("INCRBY k 5", .integer(105)), ("INCRBY k 7", nil),
                ("GET k", .text(shown)))
        }
        #expect(history("105").kinds() == [])
        #expect(history("112").kinds() == [])
        #expect(history("100").kinds() == [.stale])
        #expect(history("110").kinds() == [.invented])
        #expect(history("119").kinds() == [.invented])
        let hidden = PlainHistory(
            ("INCR k", .integer(1)), ("INCR k", .integer(2)), ("SET k 100", .ok),
            ("GET k", .text("102")))
        #expect(hidden.kinds() == [.stale])
    }

    @Test func `increments at once may see the same, and both count`() {
        var history = PlainHistory()
        history.add("INCR k", .integer(1), 0...10)
        history.add("INCR k", .integer(1), 0...10)
        history.add("GET k", .text("2"), 20...21)
        #expect(history.kinds() == [])
        history.add("GET k", .text("1"), 30...31)
        #expect(history.kinds() == [.stale])
    }

    @Test func `a suffix is appended once`() {
        #expect(
            PlainHistory(("APPEND k ab", .integer(2)), ("GET k", .text("abab"))).kinds()
                == [.invented])
        #expect(
            PlainHistory(
                ("SET k x", .ok), ("APPEND k ab", nil), ("APPEND k cd", .integer(5)),
                ("GET k", .text("xabcd"))
            ).kinds() == [])
        #expect(
            PlainHistory(
                ("SET k x", .ok), ("APPEND k ab", .integer(3)), ("GET k", .text("x"))
            ).kinds() == [.stale])
    }

    @Test func `bits and ranges are those of the value`() {
        func history(_ bits: Int64, _ text: String) -> PlainHistory {
            PlainHistory(
                ("SET k ab", .ok), ("SETRANGE k 1 yz", .integer(3)), ("GET k", .text("ayz")),
                ("SETBIT k 7 0", .integer(1)), ("BITCOUNT k", .integer(bits)),
                ("BITFIELD k SET u8 #1 98 GET u8 #2", .list([.integer(121), .integer(122)])),
                ("GETRANGE k 1 -1", .text(text)))
        }
        #expect(history(12, "bz").kinds() == [])
        #expect(history(13, "bz").kinds() == [.stale])
        #expect(history(12, "yz").kinds() == [.stale])
    }

    // MARK: Conditions

    @Test func `a condition is decided on something that was there`() {
        #expect(PlainHistory(("SET k 1", .ok), ("SET k 2 NX", .ok)).kinds() == [.stale])
        #expect(PlainHistory(("SETNX k 1", .integer(0))).kinds() == [.stale])
        #expect(PlainHistory(("SET k 1", .ok), ("GETSET k 2", .nothing)).kinds() == [.stale])
        var both = PlainHistory()
        both.add("SET k 1 NX", .ok, 0...10)
        both.add("SET k 2 NX", .ok, 0...10)
        both.add("GET k", .text("1"), 20...21)
        #expect(both.kinds() == [])
        both.add("GET k", .text("2"), 30...31)
        #expect(both.kinds() == [.stale])
    }

    // MARK: Connections

    @Test func `a connection's commands keep their order`() {
        var history = PlainHistory()
        history.add("SET k 1", .ok, 0...10, on: 1)
        history.add("SET k 2", .ok, 0...10, on: 1)
        history.add("GET k", .text("1"), 0...10, on: 1)
        #expect(history.kinds() == [.stale])
        var unordered = JudgeRules()
        unordered.keepsOrder = false
        #expect(history.kinds(unordered) == [])
        let others = history.records.enumerated().map { index, record in
            var record = record
            record.connection = index
            return record
        }
        #expect(PlainHistory(others).kinds() == [])
    }

    @Test func `a pipeline of hundreds on one key is judged as a whole`() {
        var history = PlainHistory()
        for index in 0..<400 {
            history.add("SET k a\(index)", .ok, 0...1000, on: 1)
            history.add("SET k b\(index)", .ok, 0...1000, on: 2)
        }
        history.add("GET k", .text("a200"), 0...1000, on: 3)
        history.add("GET k", .text("b399"), 2000...2001)
        let judgement = history.judgement()
        #expect(judgement.defects.isEmpty && !judgement.isTooWide)
        #expect(judgement.measures.allSatisfy { $0.measure == .ordered })
        history.add("GET k", .text("a398"), 3000...3001)
        #expect(history.kinds() == [.stale])
    }

    // MARK: Below majorities

    @Test func `below a majority only what always holds is asked for`() {
        var history = PlainHistory()
        history.numbers = CommandRecord.Numbers(n: 3, r: 1, w: 1)
        history.add("SET k 1", .ok, 0...1)
        history.add("SET k 2", .ok, 10...11)
        history.add("GET k", .text("1"), 20...21)
        #expect(history.kinds() == [])
        history.add("GET k", .text("3"), 30...31)
        #expect(history.kinds() == [.invented])
    }

    @Test func `where a read and a write meet in a replica nothing replaced is shown`() {
        var history = PlainHistory()
        history.numbers = CommandRecord.Numbers(n: 3, r: 1, w: 3)
        history.add("SET k 1", .ok, 0...1)
        history.add("SET k 2", .ok, 10...11)
        history.add("GET k", .text("2"), 20...21)
        #expect(history.kinds() == [])
        history.add("GET k", .text("1"), 30...31)
        #expect(history.kinds() == [.stale])
    }

    @Test func `what a disk has lost is not asked for`() {
        let history = PlainHistory(("SET k 1", .ok), ("SET k 2", .ok), ("GET k", .text("1")))
        #expect(history.kinds(damagedNs: 16_000_000) == [])
        #expect(history.kinds(damagedNs: 60_000_000) == [.stale])
    }

    @Test func `who is not judged is named`() {
        let history = PlainHistory(("SET k 1", .ok), ("DPUT k c 2", .text("c")))
        #expect(history.judgement().measures.allSatisfy { $0.measure == .excused(.contexts) })
        let unknown = PlainHistory(("FLY k", .ok))
        #expect(unknown.judgement().measures.map(\.measure) == [.excused(.unknownCommand)])
    }
}
