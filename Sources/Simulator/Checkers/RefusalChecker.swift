internal import Engine
internal import Wire

/// Who is refused for want of replicas is told of a number that the request runs under, and of
/// fewer than that: nobody is refused for what a policy of other keys asks for.
final class RefusalChecker: Checker {
    let name = "refusals as asked"
    private(set) var cases = 0

    func observe(_ observation: Observation, in scene: Scene) {
        guard case .answered(let number, .error(let text)) = observation,
            let operation = scene.history.operation(number)
        else { return }
        // NOQUORUM 1 of 2 replicas can be reached
        let words = text.split(separator: " ")
        guard words.first == "NOQUORUM", words.count > 4 else { return }
        cases += 1
        // It had all that it asked for, and something was beside what it wrote.
        guard words[1] != "the" else { return }
        guard words[1] != "no" else {
            // It had the numbers asked for, and nobody who knows. With a context nobody needs to.
            guard !["DPUT", "DDEL"].contains(operation.name) else {
                return scene.fail(self, "\(operation.text) was told: \(text)")
            }
            return
        }
        guard let there = Int(words[1]), let required = Int(words[3]), there < required,
            numbers(of: operation, ofPrimaries: words[4] == "primaries", scene).contains(required)
        else { return scene.fail(self, "\(operation.text) was told: \(text)") }
    }

    /// Those that may be told, as asked for and as capped to the replicas that there are. Commands
    /// that write may have to read before.
    private func numbers(
        of operation: History.Operation, ofPrimaries: Bool, _ scene: Scene
    ) -> [Int] {
        let asked = operation.consistency
        let capped = asked.bounded(by: scene.replicas(of: operation.key).count)
        let isRead = operation.name == "GET" || operation.name == "DGET"
        return [asked, capped].flatMap { numbers in
            ofPrimaries
                ? [numbers.pr] + (isRead ? [] : [numbers.pw])
                : [numbers.r] + (isRead ? [] : [numbers.w, numbers.dw])
        }
    }
}
