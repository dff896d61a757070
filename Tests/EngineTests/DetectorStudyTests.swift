import Testing

@testable import Simulator

/// Many failure detectors together, in virtual time. `martlet-sim detector` prints the same figures
/// for as many nodes as one likes.
@Suite struct DetectorStudyTests {
    @Test(arguments: [5, 50]) func `all is seen, in time, at a constant cost`(nodes: Int) throws {
        let figures = DetectorStudy(nodes: nodes, lossPercent: 0).run()
        // Two pings and two answers a second, a comparison now and then.
        #expect((3.8...4.5).contains(figures.messages))
        #expect(figures.messagesMax < 5)
        #expect(figures.bytes < 200)
        #expect(figures.messageSizeMax < 256)
        #expect(figures.falseSuspicions == 0)
        #expect(figures.falseDeaths == 0)
        #expect(figures.starvedDeaths == 0)
        #expect(figures.pausedDeaths == 0)
        #expect(try #require(figures.suspectedMs) < 2500)
        #expect(try #require(figures.everywhereMs) < 10_000)
        #expect(try #require(figures.resumedMs) < 1000)
        #expect(try #require(figures.healedMs) < 10_000)
    }

    @Test(arguments: [5, 20]) func `a tenth of all messages may be lost`(nodes: Int) throws {
        let figures = DetectorStudy(nodes: nodes, lossPercent: 10).run()
        #expect(figures.falseDeaths == 0)
        #expect(figures.starvedDeaths == 0)
        #expect(figures.pausedDeaths == 0)
        #expect(figures.messages < 15)
        #expect(try #require(figures.everywhereMs) < 15_000)
        #expect(try #require(figures.healedMs) < 30_000)
    }

    @Test func `the same seed gives the same figures`() {
        let one = DetectorStudy(nodes: 5, lossPercent: 10, seed: 7).run()
        let other = DetectorStudy(nodes: 5, lossPercent: 10, seed: 7).run()
        #expect(DetectorFigures.table([one]) == DetectorFigures.table([other]))
    }
}
