import Essentials
import Testing

@testable import martlet_bench

@Suite struct KeyChooserTests {
    /// How often each of `count` keys comes up in so many draws.
    private func draw(
        _ distribution: KeyDistribution, count: Int, draws: Int = 200_000
    ) -> [Int] {
        var chooser = KeyChooser(distribution, count: count)
        var random = SeededRandom(seed: 3)
        var seen = [Int](repeating: 0, count: count)
        for _ in 0..<draws { seen[chooser.next(of: count, using: &random)] += 1 }
        return seen
    }

    @Test func `uniform keys come up alike`() {
        for count in draw(.uniform, count: 100) { #expect(abs(count - 2000) < 300) }
    }

    @Test func `sequential keys come up in turn`() {
        var chooser = KeyChooser(.sequential, count: 3, start: 1)
        var random = SeededRandom(seed: 3)
        let keys = (0..<5).map { _ in chooser.next(of: 3, using: &random) }
        #expect(keys == [1, 2, 0, 1, 2])
    }

    @Test func `the most popular key gets one part of zeta, wherever it is`() throws {
        let seen = draw(.zipfian, count: 1000)
        let popular = try #require(seen.max())
        // 1 / 26.47 of 200 000 draws, and its share of the spread others.
        #expect((7400...8600).contains(popular))
        #expect(seen.firstIndex(of: popular) != 0)
        #expect(seen.filter { $0 > 0 }.count > 950)
    }

    @Test func `the latest keys are the popular ones`() {
        let seen = draw(.latest, count: 1000)
        #expect(seen[999] > seen[998])
        #expect(seen[998] > seen[900])
        #expect(seen[999] > 20_000)
    }

    @Test func `ranks follow the law of Zipf`() {
        let ranks = Zipfian(count: 100)
        var random = SeededRandom(seed: 5)
        var seen = [Int](repeating: 0, count: 100)
        for _ in 0..<1_000_000 { seen[ranks.next(using: &random)] += 1 }
        #expect(abs(Double(seen[0]) / Double(seen[1]) - 1.986) < 0.05)
        // Of the ranks behind the first two the method is an approximation.
        #expect(abs(Double(seen[0]) / Double(seen[9]) - 9.77) < 2)
    }

    @Test func `adding ranks is like having had them`() {
        var grown = Zipfian(count: 10)
        for count in 11...500 { grown.grow(to: count) }
        let fresh = Zipfian(count: 500)
        var (left, right) = (SeededRandom(seed: 9), SeededRandom(seed: 9))
        for _ in 0..<1000 { #expect(grown.next(using: &left) == fresh.next(using: &right)) }
    }

    @Test(arguments: KeyDistribution.allCases)
    func `a single key is always chosen`(distribution: KeyDistribution) {
        #expect(draw(distribution, count: 1, draws: 100) == [100])
    }
}
