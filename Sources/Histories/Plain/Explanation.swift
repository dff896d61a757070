/// Looks for an order in which the commands on one key may have taken effect, so that each is
/// answered as the sequential model says: the search of Wing and Gong (1993) with the memory of
/// Lowe (2017), over two moments for a command that looks before it writes.
///
/// - A command that overwrites takes effect at one moment between its call and its answer.
/// - One that looks first (`SET NX`, `APPEND`, `INCR`, …) looks at one moment and writes at the
///   same or a later one: it decides on what a quorum knew, so two of them may decide on the same.
/// - What was not acknowledged, or not by a majority, may take effect once, at any moment after its
///   call, or never. It is tried only right before something that it may explain: elsewhere it
///   would explain nothing more.
///
/// It never goes through more than so many states, and says so when that was not enough.
struct Explanation {
    struct Step {
        var call: PlainModel.Call
        var number: UInt64
        var connection: Int?
        /// The place of the command of the same connection that goes before it.
        var predecessor: Int?
    }

    enum Verdict: Equatable {
        case found
        /// There is none; the step is one that could not be explained where the search came
        /// furthest, in `state`.
        case none(step: Int, state: KeyState)
        case tooWide
    }

    /// What has been decided: which commands are done, and what is there.
    private struct Node: Hashable {
        /// A bit for each step, and one for each option behind them.
        var done: [UInt64]
        var pending: [Pending] = []
        var state = KeyState.absent
        /// The option that was taken last, while nothing has been explained by it yet.
        var owing: Int?
        var doneCount = 0
        /// All steps before this one are done.
        var first = 0

        func isDone(_ index: Int) -> Bool { done[index >> 6] >> UInt64(index & 63) & 1 == 1 }

        mutating func finish(_ index: Int) { done[index >> 6] |= 1 << UInt64(index & 63) }
    }

    /// A command that has looked and not written yet.
    private struct Pending: Hashable {
        var step: Int
        var effect: Effect
    }

    var model: PlainModel
    /// In the order of their calls.
    private let steps: [Step]
    private let options: [Step]
    /// The steps that show just this value, which a single command writes. Looked up and never
    /// iterated.
    private var readers: [Int: [Int]] = [:]
    private var writers: [Int: [Int]] = [:]
    /// Values that some command brings along, or has shown.
    private var bases: Range<Int> = 0..<0
    private var stepsLeft: Int
    private var visited: Set<Node> = []
    private var furthest: Node

    /// - Parameter options: what may have taken effect or not.
    init(_ model: PlainModel, steps: [Step], options: [Step]) {
        self.model = model
        self.steps = steps
        self.options = options
        stepsLeft = model.rules.stepsMax
        furthest = Node(done: Array(repeating: 0, count: (steps.count + options.count) / 64 + 1))
        for step in steps + options {
            if let value = step.call.command.literal { _ = self.model.values.number(of: value) }
            guard case .bytes(let value)? = step.call.answer else { continue }
            _ = self.model.values.number(of: value)
        }
        bases = self.model.values.values.indices
        findReaders()
    }

    mutating func run() -> Verdict {
        var stack = [furthest]
        while let node = stack.popLast() {
            if node.doneCount == steps.count { return .found }
            guard visited.insert(node).inserted else { continue }
            guard stepsLeft > 0 else { return .tooWide }
            if node.doneCount > furthest.doneCount { furthest = node }
            expand(node, onto: &stack)
        }
        return .none(step: suspect, state: furthest.state)
    }

    /// The step that had to come next where the search came furthest.
    private var suspect: Int {
        let open = steps.indices.filter { !furthest.isDone($0) }
        return open.min { steps[$0].call.endNs < steps[$1].call.endNs } ?? 0
    }

    // MARK: Values that only one command writes

    private mutating func findReaders() {
        guard !(steps + options).contains(where: { $0.call.command.derivesValue }) else { return }
        for (index, step) in (steps + options).enumerated() {
            guard let value = step.call.command.literal else { continue }
            writers[model.values.number(of: value), default: []].append(index)
        }
        for (index, step) in steps.enumerated() {
            guard case .bytes(let value)? = step.call.answer,
                step.call.command.showsValue, let number = model.values.known(value)
            else { continue }
            readers[number, default: []].append(index)
        }
    }

    /// Whether some step has yet to see a value that is gone for good.
    private func isHopeless(_ node: Node, after state: KeyState) -> Bool {
        guard let value = state.value, node.state.value != value,
            let waiting = readers[value], let sources = writers[value],
            sources.allSatisfy({ node.isDone($0) })
        else { return false }
        return waiting.contains { step in
            !node.isDone(step) && !node.pending.contains { $0.step == step }
        }
    }

    // MARK: One step further

    private mutating func expand(_ node: Node, onto stack: inout [Node]) {
        let (candidates, boundNs) = candidates(of: node)
        stepsLeft -= 1 + candidates.count
        // A command that sees what is there and changes nothing goes first: whatever else may
        // follow may follow after it, too.
        for step in candidates where !isPending(step, node) {
            let results = model.results(steps[step].call, on: node.state)
            if results.contains(where: { $0.effect == .none && $0.seen == node.state }) {
                return push(finished(step, node, in: node.state), onto: &stack)
            }
        }
        pushOptions(node, boundNs, onto: &stack)
        var atOnce: [Node] = []
        for step in candidates.sorted(by: { steps[$0].call.endNs > steps[$1].call.endNs }) {
            if let place = node.pending.firstIndex(where: { $0.step == step }) {
                carryOut(node, pendingAt: place, onto: &atOnce)
            } else {
                look(step, node, canWait: candidates.count > 1, &atOnce, onto: &stack)
            }
        }
        for next in atOnce where !isHopeless(next, after: node.state) { stack.append(next) }
    }

    /// What may come next: called before any other open command was answered.
    private func candidates(of node: Node) -> (steps: [Int], boundNs: Int64) {
        var boundNs = Int64.max
        var open: [Int] = []
        var index = node.first
        while index < steps.count, steps[index].call.calledNs <= boundNs {
            if !node.isDone(index) {
                boundNs = min(boundNs, steps[index].call.endNs)
                open.append(index)
            }
            index += 1
        }
        let candidates = open.filter { index in
            steps[index].call.calledNs <= boundNs
                && steps[index].predecessor.map { node.isDone($0) } ?? true
        }
        return (candidates, boundNs)
    }

    private func isPending(_ step: Int, _ node: Node) -> Bool {
        node.pending.contains { $0.step == step }
    }

    private func push(_ node: Node, onto stack: inout [Node]) { stack.append(node) }

    private func finished(_ step: Int, _ node: Node, in state: KeyState) -> Node {
        var next = node
        next.finish(step)
        next.doneCount += 1
        next.state = state
        next.owing = nil
        while next.first < steps.count, next.isDone(next.first) { next.first += 1 }
        return next
    }

    /// A command looks at what is there, and writes at once or later.
    private mutating func look(
        _ step: Int, _ node: Node, canWait: Bool, _ atOnce: inout [Node],
        onto stack: inout [Node]
    ) {
        let call = steps[step].call
        if call.command.isBlind {
            guard node.owing == nil else { return }
            for result in model.results(call, on: .absent) {
                for state in model.states(after: result.effect, of: call, on: .absent) {
                    atOnce.append(finished(step, node, in: state))
                }
            }
            return
        }
        for result in model.results(call, on: node.state) {
            guard result.effect != .none else {
                if model.mayReturn(node.state, after: call, saw: result.seen) {
                    atOnce.append(finished(step, node, in: node.state))
                }
                atOnce.append(finished(step, node, in: result.seen))
                continue
            }
            for state in model.states(after: result.effect, of: call, on: result.seen) {
                atOnce.append(finished(step, node, in: state))
            }
            guard canWait || !options.isEmpty else { continue }
            var waiting = node
            waiting.state = result.seen
            waiting.owing = nil
            waiting.pending.append(Pending(step: step, effect: result.effect))
            if !isHopeless(waiting, after: node.state) { stack.append(waiting) }
        }
    }

    private mutating func carryOut(
        _ node: Node, pendingAt place: Int, onto nodes: inout [Node]
    ) {
        let (step, effect) = (node.pending[place].step, node.pending[place].effect)
        guard node.owing == nil || effect.isAddition else { return }
        for state in model.states(after: effect, of: steps[step].call, on: node.state) {
            var next = finished(step, node, in: state)
            next.pending.remove(at: place)
            next.owing = node.owing
            nodes.append(next)
        }
    }

    // MARK: What may have happened or not

    private mutating func pushOptions(
        _ node: Node, _ boundNs: Int64, onto stack: inout [Node]
    ) {
        for index in options.indices.reversed() {
            let place = steps.count + index
            let call = options[index].call
            guard call.calledNs <= boundNs, !node.isDone(place) else { continue }
            // Right behind another one only what adds to it, each order once.
            if let owing = node.owing {
                guard index > owing || !call.command.addsOnly, !call.command.overwrites else {
                    continue
                }
            }
            for state in statesAfter(call, on: node.state) where state != node.state {
                var next = node
                next.finish(place)
                next.state = state
                next.owing = index
                if !isHopeless(next, after: node.state) { stack.append(next) }
            }
        }
    }

    private mutating func statesAfter(_ call: PlainModel.Call, on state: KeyState) -> [KeyState] {
        var states: [KeyState] = []
        func add(_ new: KeyState) { if !states.contains(new) { states.append(new) } }
        for result in model.results(call, on: state) {
            for new in model.states(after: result.effect, of: call, on: result.seen) { add(new) }
        }
        switch call.command {
        case .set(let value, let condition, _, let reply) where condition != .always:
            // It may have decided on what was there before.
            let always = PlainCommand.set(value, .always, .remove, reply)
            var decided = call
            decided.command = always
            for result in model.results(decided, on: state) {
                for new in model.states(after: result.effect, of: decided, on: result.seen) {
                    add(new)
                }
            }
        case .append, .overwrite, .setBit, .bitField:
            // It may have been made of any value that was there.
            stepsLeft -= bases.count
            for old in [[]] + bases.map({ model.values[$0] }) {
                guard let changed = PlainModel.changed(old, call.command) else { continue }
                for deadline in [state.deadline, nil] {
                    add(
                        KeyState(
                            value: model.values.number(of: changed.value), deadline: deadline))
                }
            }
        default: break
        }
        return states
    }
}

extension PlainCommand {
    /// Whether its answer is the value that it saw.
    fileprivate var showsValue: Bool {
        switch self {
        case .get, .getExpiring, .getDelete: true
        case .set(_, _, _, let reply): reply == .old
        default: false
        }
    }

    /// Whether what was there does not matter for what is there after it.
    fileprivate var overwrites: Bool {
        switch self {
        case .set, .getDelete, .delete, .deleteUnchanged: true
        default: false
        }
    }

    /// Whether any two of them may change places.
    fileprivate var addsOnly: Bool {
        switch self {
        case .add, .addDecimal: true
        default: false
        }
    }
}
