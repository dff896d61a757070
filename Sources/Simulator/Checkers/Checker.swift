internal import Engine

/// One rule that must hold in every run, whatever goes wrong.
///
/// A checker only looks. It counts how often it saw what its rule is about: a rule that was never
/// put to the test has not been kept.
protocol Checker: AnyObject {
    /// In the summary, and beside what it finds.
    var name: String { get }
    /// How often the rule could have been broken.
    var cases: Int { get }

    func observe(_ observation: Observation, in scene: Scene)
}

/// A broken rule.
public struct Finding: Sendable, Equatable {
    /// The checker's name.
    public var checker: String
    public var text: String
    /// When it was found, in virtual time since the beginning.
    public var timeMs: UInt64
}

/// What checkers look at, and where they say what they have found.
final class Scene {
    let cluster: Cluster
    var history = History()
    var damage = Damage()
    var fallbacks = FallbackUses()
    /// How much of what clients were told was judged, and why the rest was not.
    var shares = Shares()
    /// When a node last went on after a pause, or a disk at its usual pace.
    var lastResumeNs: UInt64 = 0
    /// When a process last ended.
    var lastEndNs: UInt64 = 0
    /// The latest flush that an admin was told to be made everywhere.
    var confirmedFlush: UInt64 = 0
    /// Whether everything is healed and nobody writes any more.
    var isSettled = false
    /// Keys of one client whose state it cannot know any more.
    private var spoilt: Set<[UInt8]> = []
    private(set) var findings: [Finding] = []
    /// More say nothing new.
    private static let findingsMax = 20

    init(_ cluster: Cluster) { self.cluster = cluster }

    func fail(_ checker: any Checker, _ text: @autoclosure () -> String) {
        fail(checker.name, text())
    }

    func fail(_ name: String, _ text: String) {
        guard findings.count < Self.findingsMax else { return }
        let timeMs = cluster.timeNs / 1_000_000
        findings.append(Finding(checker: name, text: text, timeMs: timeMs))
    }

    func isSpoilt(_ key: [UInt8]) -> Bool { spoilt.contains(key) }

    func spoil(_ key: [UInt8]) { spoilt.insert(key) }

    /// A checker looks away.
    func excuse(_ checker: any Checker, _ reason: String) {
        shares.noteExcuse(reason, of: checker)
    }

    /// The nodes that should hold a key.
    func replicas(of key: ObjectKey) -> [Int] { cluster.replicas(of: key) }
}
