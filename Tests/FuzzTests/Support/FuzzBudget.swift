import Foundation

/// How many inputs a fuzz test makes, and from which seed.
///
/// Few by default, so that a debug build takes seconds. Millions:
/// `MARTLET_FUZZ_INPUTS=5000000 swift test -c release --filter Fuzz`. `MARTLET_FUZZ_SEED` begins
/// elsewhere.
enum FuzzBudget {
    static let inputs = number("MARTLET_FUZZ_INPUTS", else: 10_000)
    static let seed = UInt64(number("MARTLET_FUZZ_SEED", else: 1))

    private static func number(_ name: String, else fallback: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? fallback
    }
}
