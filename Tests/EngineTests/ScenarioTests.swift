import Testing

/// What nodes say to each other and to their clients, step by step, as told in `Scenarios/*.txt`.
@Suite struct ScenarioTests {
    @Test(arguments: ScenarioFile.all) func `it happens as written`(name: String) throws {
        var player = try ScenarioPlayer()
        try ScenarioFile(name).run { try player.play($0) }
    }
}
