import Commands
import Essentials
import Testing
import Wire

@Suite struct GlobTests {
    @Test(arguments: [
        ("*", "", true), ("", "", true), ("", "a", false), ("a*", "a", true),
        ("a*b*c", "aXbYc", true),
        ("a*b*c", "aXbY", false), ("?", "", false), ("?", "a", true), ("h[ae]llo", "hello", true),
        ("h[^e]llo", "hello", false), ("h[a-c]llo", "hbllo", true), ("h[c-a]llo", "hbllo", true),
        (#"a\*b"#, "a*b", true), (#"a\*b"#, "axb", false), (#"[\]]"#, "]", true), ("[a", "a", true),
        ("[^", "z", true), ("[", "a", false), (#"a\"#, #"a\"#, true), ("[a-]", "-", false),
        ("**a", "xa", true), ("*?*", "a", true), ("[]a", "a", false), ("x[a-", "x-", true),
    ])
    func `matches as Redis does`(pattern: String, text: String, isMatch: Bool) {
        #expect(Glob(pattern).matches(Array(text.utf8)) == isMatch)
    }

    @Test func `many stars take no longer than few`() {
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 20_000)
        let pattern = String(repeating: "a*", count: 50) + "b"
        let duration = ContinuousClock().measure {
            #expect(!Glob(pattern).matches(text))
        }
        #expect(duration < .seconds(5))
    }

    @Test(.enabled(if: RedisOracle.isInstalled, "needs redis-server from Debian"))
    func `random patterns match the keys that Redis finds`() throws {
        let redis = try RedisOracle()
        var random = SeededRandom(seed: 21)
        let letters = Array("ab-^]".utf8)
        let marks = Array("ab*?[]^-\\".utf8)
        func draw(_ bytes: [UInt8], _ sizes: ClosedRange<Int>) -> [UInt8] {
            (0..<Int.random(in: sizes, using: &random)).map { _ in
                bytes[Int.random(in: 0..<bytes.count, using: &random)]
            }
        }
        var keys: Set<[UInt8]> = []
        for _ in 0..<60 { keys.insert(draw(letters, 1...5)) }
        for key in keys { _ = try redis.answer([Array("SET".utf8), key, [49]]) }
        for _ in 0..<3000 {
            let pattern = draw(marks, 1...8)
            guard case .array(let found) = try redis.answer([Array("KEYS".utf8), pattern]) else {
                Issue.record("no keys")
                return
            }
            let ours = keys.filter { Glob(pattern).matches($0) }
            let theirs = Set(
                found.map {
                    if case .bulk(let key) = $0 { key } else { [UInt8]() }
                })
            #expect(ours == theirs, "\(String(decoding: pattern, as: UTF8.self))")
        }
    }
}
