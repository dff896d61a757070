import Histories
import Testing
import Wire

extension Cluster {
    /// How replicas that have missed writes get them.
    enum CatchUp {
        /// Nobody reads: whoever stood in hands over what it kept.
        case hints
        /// Every key is read at all replicas. A coordinator that was killed between its
        /// acknowledgement and its hint leaves a replica behind that only a read finds.
        case reads
    }

    /// Ends a load, with all nodes running and connected; waits until the replicas are equal; and
    /// says what is wrong with what clients heard and with what every replica holds.
    func defects(
        of load: Load, _ promise: Checker.Promise, after catchUp: CatchUp
    ) throws -> [Defect] {
        let record = load.stop()
        return try defects(in: record, load.plan, promise, after: catchUp)
    }

    /// The same of a load that has ended.
    func defects(
        in record: Load.Record, _ plan: Load.Plan, _ promise: Checker.Promise,
        after catchUp: CatchUp
    ) throws -> [Defect] {
        print("\(Test.current?.name ?? ""): \(record.summary)")
        try waitUntilReady()
        let survey = try Survey(self, keys: record.history.keys)
        if catchUp == .reads { try survey.repair() }
        var ending = try survey.read()
        do {
            try wait(for: "the replicas to be equal", within: .seconds(30)) {
                ending = try survey.read()
                return ending.disagreements.isEmpty
            }
        } catch is Failure {
            // Which ones differ is told below.
        }
        let checker = Checker(promise, seed: plan.seed)
        return try checker.defects(in: record.history, ending: ending)
            + finalReads(record.history, plan)
    }

    /// What is wrong with reads through every node after all is over: whatever was promised
    /// before, they show everything.
    private func finalReads(_ history: History, _ plan: Load.Plan) throws -> [Defect] {
        var all = history.writes
        for node in nodes {
            var reader = LoadWorker(
                0, plan, LoadBoard(plan),
                LoadClient([node.place.client], first: 0, patience: plan.patience))
            for key in history.registers { reader.readRegister(key) }
            guard reader.record.troubles.isEmpty else {
                throw Failure("a last read at \(node.name): \(reader.record.troubles[0])")
            }
            all.append(contentsOf: reader.record.history)
        }
        return Checker(.monotonic, seed: plan.seed).defects(in: all)
    }
}
