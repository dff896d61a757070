/// No dot ever stands for two write events: see `DotLedger`.
final class DotChecker: Checker {
    let name = "no dot twice"
    private(set) var cases = 0

    func observe(_ observation: Observation, in scene: Scene) {
        guard case .stored = observation else { return }
        cases += 1
        for text in scene.cluster.ledger.takeViolations() { scene.fail(self, text) }
    }
}
