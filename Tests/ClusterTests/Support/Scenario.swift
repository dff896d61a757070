import Synchronization
import Testing

/// Every scenario runs by itself: all are about time, and a machine may have two cores.
@Suite(
    .serialized, .scenario,
    .compactMapIssues { issue in
        Scenario.noteIssue()
        return issue
    })
enum ClusterScenarios {}

/// What belongs to the scenario that runs: its processes end with it, and what they logged is shown
/// if it fails.
struct Scenario: SuiteTrait, TestTrait, TestScoping {
    private struct Belongings {
        var processes: [ChildProcess] = []
        var logs: [Log] = []
        var hasIssue = false
    }

    private struct Log {
        let name: String
        let folder: TemporaryFolder
        let file: String
    }

    private static let belongings = Mutex(Belongings())

    /// What one scenario's log may take of the test's output: its end tells most.
    private static let logSizeMax = 8 << 10

    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        do {
            try await function()
        } catch {
            Self.end(hasFailed: true)
            throw error
        }
        Self.end(hasFailed: false)
    }

    static func noteIssue() { belongings.withLock { $0.hasIssue = true } }

    static func own(_ process: ChildProcess) {
        belongings.withLock { $0.processes.append(process) }
    }

    static func keepLog(of name: String, _ folder: TemporaryFolder, _ file: String) {
        belongings.withLock { $0.logs.append(Log(name: name, folder: folder, file: file)) }
    }

    private static func end(hasFailed: Bool) {
        let ended = belongings.withLock { all in
            defer { all = Belongings() }
            return all
        }
        for process in ended.processes { process.end() }
        guard hasFailed || ended.hasIssue else { return }
        for log in ended.logs {
            print("--- \(log.name), \(log.file)\n\(log.folder.text(log.file).suffix(logSizeMax))")
        }
    }
}

extension Trait where Self == Scenario {
    static var scenario: Scenario { Scenario() }
}
