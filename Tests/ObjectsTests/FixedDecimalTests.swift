import Essentials
import Objects
import Testing

@Suite struct FixedDecimalTests {
    private func read(_ text: String) throws(FixedDecimal.ParsingError) -> String {
        try FixedDecimal(parsing: Array(text.utf8)).description
    }

    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("+1.5", "1.5"), ("3.0", "3"), (".5", "0.5"), ("5.", "5"),
        ("1e2", "100"), ("-2.5E-1", "-0.25"), ("5.0e3", "5000"), ("007", "7"),
        ("0.1", "0.1"), ("123456789012.00000000000000001", "123456789012.00000000000000001"),
        ("0.00000000000000001", "0.00000000000000001"), ("0.000000000000000001", "0"),
        ("0.000000000000000005", "0"), ("0.0000000000000000051", "0.00000000000000001"),
        ("0.000000000000000015", "0.00000000000000002"), ("0.99999999999999999999", "1"),
        ("1000000000000000000000", "1000000000000000000000"), ("1e-4000", "0"),
        ("-1701411834604692317316.87303715884105728", "-1701411834604692317316.87303715884105728"),
    ])
    func `reads what strtold reads, prints what Redis prints`(text: String, printed: String) {
        #expect(throws: Never.self) { try #expect(read(text) == printed) }
    }

    @Test(arguments: [
        "", " 1", "1 ", "abc", "nan", "1e", "e5", ".", "+", "-", "--1", "1.5.2", "1x", "0x10",
        "1e5000",
        "1e-5000", "infin", String(repeating: "1", count: 6000),
    ])
    func `refuses what is no number`(text: String) {
        #expect(throws: FixedDecimal.ParsingError.notANumber) { try read(text) }
    }

    @Test(arguments: [
        "inf", "-Infinity", "1e22", "1701411834604692317316.87303715884105728",
        "99999999999999999999999", "1e4000",
    ])
    func `tells numbers that it cannot hold`(text: String) {
        #expect(throws: FixedDecimal.ParsingError.outOfRange) { try read(text) }
    }

    @Test func `sums do not depend on the order of additions`() throws {
        var random = SeededRandom(seed: 3)
        for _ in 0..<2000 {
            let parts = (0..<3).map { _ in
                FixedDecimal(units: Int128.random(in: -(1 << 100)...(1 << 100), using: &random))
            }
            let left = parts[0].adding(parts[1])?.adding(parts[2])
            let right = parts[1].adding(parts[2]).flatMap { parts[0].adding($0) }
            #expect(left == right)
            #expect(try FixedDecimal(parsing: parts[0].text) == parts[0])
        }
    }

    @Test func `a sum that cannot be held is none`() {
        #expect(FixedDecimal(units: .max).adding(FixedDecimal(units: 1)) == nil)
        #expect(FixedDecimal(units: .min).adding(FixedDecimal(units: -1)) == nil)
        #expect(FixedDecimal(7).adding(FixedDecimal(-7)) == .zero)
    }
}
