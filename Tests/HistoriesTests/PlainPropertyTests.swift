import Essentials
import Histories
import Testing

/// Histories that a register with one copy has made are accepted, however commands overlap; the
/// same with one answer changed are refused.
@Suite struct PlainPropertyTests {
    /// One string, the simplest way.
    private struct Register {
        var value: String?
        var deadlineMs: Int64?

        mutating func expire(_ nowMs: Int64) {
            if let deadlineMs, deadlineMs <= nowMs { (value, self.deadlineMs) = (nil, nil) }
        }

        var shown: CommandRecord.Answer { value.map { .text($0) } ?? .nothing }

        mutating func set(_ new: String?, _ deadlineMs: Int64? = nil) {
            (value, self.deadlineMs) = (new, new == nil ? nil : deadlineMs)
        }

        /// Carries out one of the commands that `draw` makes.
        mutating func run(_ words: [String], atMs nowMs: Int64) -> CommandRecord.Answer {
            expire(nowMs)
            let old = shown
            let isThere = value != nil
            switch words[0] {
            case "GET": return old
            case "EXISTS": return .integer(isThere ? 1 : 0)
            case "STRLEN": return .integer(Int64(value?.utf8.count ?? 0))
            case "PTTL":
                guard isThere else { return .integer(-2) }
                return .integer(deadlineMs.map { $0 - nowMs } ?? -1)
            case "DEL":
                set(nil)
                return .integer(isThere ? 1 : 0)
            case "GETDEL":
                set(nil)
                return old
            case "GETSET":
                set(words[2])
                return old
            case "APPEND":
                set((value ?? "") + words[2], deadlineMs)
                return .integer(Int64(value?.utf8.count ?? 0))
            case "PEXPIRE":
                guard isThere else { return .integer(0) }
                deadlineMs = nowMs + (Int64(words[2]) ?? 0)
                return .integer(1)
            case "PERSIST":
                defer { deadlineMs = nil }
                return .integer(isThere && deadlineMs != nil ? 1 : 0)
            case "INCRBY":
                set("\((Int64(value ?? "0") ?? 0) + (Int64(words[2]) ?? 0))", deadlineMs)
                return .integer(Int64(value ?? "") ?? 0)
            default: return runSet(words, isThere, atMs: nowMs)
            }
        }

        private mutating func runSet(
            _ words: [String], _ isThere: Bool, atMs nowMs: Int64
        ) -> CommandRecord.Answer {
            switch words.dropFirst(3).first {
            case "NX" where isThere, "XX" where !isThere: return .nothing
            case "PX": set(words[2], nowMs + (Int64(words[4]) ?? 0))
            case "KEEPTTL": set(words[2], deadlineMs)
            default: set(words[2])
            }
            return .ok
        }
    }

    private func draw(_ index: Int, isCounter: Bool, _ random: inout SeededRandom) -> String {
        let ms = Int.random(in: 1...60, using: &random)
        if isCounter {
            return [
                "GET k", "INCRBY k \(index + 1)", "INCRBY k \(index + 1)", "SET k \(index)0000",
            ]
            .randomElement(using: &random) ?? ""
        }
        return [
            "GET k", "GET k", "GET k", "SET k v\(index)", "SET k v\(index)", "SET k v\(index) NX",
            "SET k v\(index) XX", "SET k v\(index) PX \(ms)", "SET k v\(index) KEEPTTL", "DEL k",
            "GETDEL k", "GETSET k v\(index)", "APPEND k a\(index).", "PEXPIRE k \(ms)", "PERSIST k",
            "EXISTS k", "STRLEN k", "PTTL k",
        ].randomElement(using: &random) ?? ""
    }

    /// Commands that overlap with a few others, each carried out at one moment of its own; some
    /// are never answered, some of those never happen.
    private func history(_ seed: UInt64, commands: Int, spreadMs: Int64) -> PlainHistory {
        var random = SeededRandom(seed: seed)
        let isCounter = random.oneIn(3)
        var register = Register()
        var history = PlainHistory()
        for index in 0..<commands {
            let momentMs = 1000 + Int64(index) * 3
            let text = draw(index, isCounter: isCounter, &random)
            let isUnknown = random.oneIn(12)
            let happens = !isUnknown || random.oneIn(2)
            let words = text.split(separator: " ").map(String.init)
            let answer = happens ? register.run(words, atMs: momentMs) : .nothing
            let called = momentMs - Int64.random(in: 0...spreadMs, using: &random)
            let ended = momentMs + Int64.random(in: 1...spreadMs, using: &random)
            history.add(text, isUnknown ? nil : answer, called...ended)
        }
        return history
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `what one register has answered is accepted`(seed: UInt64) {
        let history = history(seed, commands: 60, spreadMs: [1, 5, 12][Int(seed % 3)])
        let judgement = history.judgement()
        #expect(judgement.defects.map(\.description) == [])
        #expect(!judgement.isTooWide)
    }

    @Test func `an answer that was changed is refused`() {
        var changed = 0
        var refused = 0
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            // One after the other, so that only what is unknown could explain another answer.
            var records = history(seed, commands: 40, spreadMs: 1).records
            let reads = records.indices.filter {
                records[$0].words[0] == Array("GET".utf8) && records[$0].answeredNs != nil
            }
            guard let place = reads.randomElement(using: &random) else { continue }
            let others = records.compactMap { record -> CommandRecord.Answer? in
                guard case .answered(.bytes(let value)) = record.outcome else { return nil }
                return .bytes(value)
            }
            guard let other = (others + [.nothing]).randomElement(using: &random),
                .answered(other) != records[place].outcome
            else { continue }
            records[place].outcome = .answered(other)
            changed += 1
            if !PlainHistory(records).kinds().isEmpty { refused += 1 }
        }
        #expect(changed > 100)
        // A command that was not answered may explain some.
        #expect(refused * 100 > changed * 85, "\(refused) of \(changed)")
    }
}
