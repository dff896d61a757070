import Testing

@Suite struct RandomRunTests {
    /// A seed that has once found something stays in the list.
    @Test(arguments: 0..<200)
    func `nothing acknowledged is lost, nothing removed returns, replicas agree`(
        seed: Int
    ) throws {
        var run = try RandomRun(seed: UInt64(seed))
        #expect(run.run() == [])
    }
}
