import Simulator
import Testing

/// The checkers find mistakes: those that need few seeds. `martlet-sim --bugs` hunts for all.
@Suite struct PlantedBugTests {
    @Test(arguments: [
        "reusesDot", "lastWriterWins", "overwritesInsteadOfMerging", "answersBeforeQuorum",
        "countsFallbacksForPw", "tombstoneDropsContext", "putIgnoresContext", "ignoresLogAge",
        "truncatesTooMuch", "confirmsTooMuch", "adoptsVotersLate",
    ])
    func `a deliberate bug is found`(name: String) throws {
        let bug = try #require(PlantedBug.all.first { $0.name == name })
        #expect(try bug.hunt(firstSeed: 1) != nil)
    }

    @Test func `every deliberate bug says what it does and how far to search`() {
        #expect(PlantedBug.all.count >= 60)
        #expect(Set(PlantedBug.all.map(\.name)).count == PlantedBug.all.count)
        #expect(PlantedBug.all.allSatisfy { !$0.summary.isEmpty && $0.seedsMax > 0 })
    }
}
