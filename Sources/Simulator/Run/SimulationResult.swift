internal import Engine

/// What came of one seed.
public struct SimulationResult: Sendable {
    public var seed: UInt64
    /// A hash of everything that happened and when: the same for the same seed.
    public var fingerprint: UInt64
    /// What the seed had drawn, for people.
    public var plan: String
    /// Broken rules; empty for a clean run.
    public var findings: [Finding]
    public var exercise: Exercise
    /// How long the run took on the cluster's clock.
    public var virtualMs: UInt64
    /// The last things that happened, the oldest first; empty unless the run was traced.
    public var events: [TracedEvent]

    /// Runs a seed to its end, or to its first broken rule.
    ///
    /// - Parameter eventsMax: how many of the last events to keep, in words; 0 is much faster.
    public init(running seed: UInt64, eventsMax: Int = 0) throws {
        try self.init(running: seed, with: .none, eventsMax: eventsMax)
    }

    /// Runs a seed on engines that make a mistake.
    init(running seed: UInt64, with mistake: Mistake, eventsMax: Int = 0) throws {
        let simulation = try Simulation(seed: seed, mistake)
        let cluster = simulation.scene.cluster
        if eventsMax > 0 {
            cluster.trace.topics = .everything
            if simulation.plan.storm != nil { cluster.trace.topics.insert(.consensus) }
            cluster.trace.eventsMax = eventsMax
        }
        simulation.run()
        self.seed = seed
        fingerprint = cluster.fingerprint
        plan = simulation.plan.text
        findings = simulation.scene.findings
        exercise = simulation.exercise
        virtualMs = cluster.timeNs / 1_000_000
        events = cluster.trace.takeEvents().map {
            TracedEvent(timeUs: $0.timeNs / 1000, who: $0.who, what: $0.what)
        }
        cluster.observer = nil
    }
}

/// One thing that happened in a run.
public struct TracedEvent: Sendable {
    /// Virtual time since the beginning.
    public var timeUs: UInt64
    /// A node, or `A → B`.
    public var who: String
    public var what: String
}
