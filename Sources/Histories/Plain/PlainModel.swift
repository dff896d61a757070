/// What one string does under each command: the sequential reference that histories are held
/// against.
///
/// Time is known as intervals only. A deadline that may have passed when a command ran gives two
/// answers, and both are taken.
struct PlainModel {
    let rules: JudgeRules
    var values = ValueTable()

    /// What may have come of a command.
    struct Result {
        var effect: Effect
        /// What the command has shown of the state that it saw.
        var seen: KeyState
    }

    /// A command as the model carries it out.
    struct Call {
        var command: PlainCommand
        var calledNs: Int64
        /// `.max` if nobody knows.
        var endNs: Int64
        /// Nil if nobody knows.
        var answer: CommandRecord.Answer?
    }

    /// All that the command may have done when it saw `state` and answered as it did.
    mutating func results(_ call: Call, on state: KeyState) -> [Result] {
        var results: [Result] = []
        for seen in views(call, of: state) {
            if let result = result(call, seen) { results.append(result) }
        }
        return results
    }

    /// What the command may have seen of a state: a value that was there, or that had expired.
    func views(_ call: Call, of state: KeyState) -> [KeyState] {
        guard state.value != nil, let deadline = state.deadline else { return [state] }
        var views: [KeyState] = []
        let toleranceNs = rules.toleranceNs
        if let narrowed = deadline.narrowed(from: call.calledNs - toleranceNs, to: .max) {
            views.append(KeyState(value: state.value, deadline: narrowed))
        }
        if deadline.earliestNs - toleranceNs <= call.endNs { views.append(.absent) }
        return views
    }

    /// Whether what had expired for one command may be there for the next: it goes by another
    /// clock.
    func mayReturn(_ state: KeyState, after call: Call, saw seen: KeyState) -> Bool {
        guard rules.toleranceMs > 0, seen.value == nil, state.value != nil,
            let deadline = state.deadline
        else { return false }
        return deadline.narrowed(from: call.calledNs - rules.toleranceNs, to: .max) != nil
    }

    /// What is there after an effect, whichever way a deadline may have gone meanwhile.
    mutating func states(after effect: Effect, of call: Call, on state: KeyState) -> [KeyState] {
        switch effect {
        case .none: return [state]
        case .assign(let new): return [new]
        case .setDeadline(let deadline):
            return views(call, of: state).map {
                $0.value == nil ? .absent : KeyState(value: $0.value, deadline: deadline)
            }
        case .add(let amount, let isWhole):
            return views(call, of: state).compactMap { add(amount, isWhole: isWhole, to: $0) }
        }
    }

    private mutating func add(_ amount: Decimal, isWhole: Bool, to state: KeyState) -> KeyState? {
        guard let number = state.value else {
            return KeyState(value: values.number(of: amount.text), deadline: nil)
        }
        guard let old = Decimal(values[number]) else { return state }
        return KeyState(value: values.number(of: (old + amount).text), deadline: state.deadline)
    }

    // MARK: Answers

    private mutating func result(_ call: Call, _ seen: KeyState) -> Result? {
        if call.command.isRead { return read(call, seen) }
        switch call.command {
        case .set(let value, let condition, let deadline, let reply):
            return set(value, condition, deadline, reply, call, seen)
        case .getExpiring(let wanted):
            guard agrees(call.answer, shown(seen)) else { return nil }
            guard seen.value != nil else { return Result(effect: .none, seen: seen) }
            return Result(effect: .setDeadline(deadline(wanted, call, seen)), seen: seen)
        case .getDelete:
            guard agrees(call.answer, shown(seen)) else { return nil }
            return Result(effect: seen.value == nil ? .none : .assign(.absent), seen: seen)
        case .delete, .deleteUnchanged: return delete(call, seen)
        case .expire(let wanted, let conditions): return expire(wanted, conditions, call, seen)
        case .persist: return persist(call, seen)
        default: return change(call, seen)
        }
    }

    private func shown(_ state: KeyState) -> CommandRecord.Answer {
        state.value.map { .bytes(values[$0]) } ?? .nothing
    }

    private func agrees(
        _ answer: CommandRecord.Answer?, _ expected: CommandRecord.Answer
    ) -> Bool {
        answer == nil || answer == expected
    }

    private mutating func set(
        _ value: [UInt8], _ condition: PlainCommand.Condition, _ wanted: PlainCommand.Deadline,
        _ reply: PlainCommand.SetReply, _ call: Call, _ seen: KeyState
    ) -> Result? {
        let isMet =
            switch condition {
            case .always: true
            case .ifAbsent: seen.value == nil
            case .ifPresent: seen.value != nil
            }
        let expected: CommandRecord.Answer =
            switch reply {
            case .line: isMet ? .line("OK") : .nothing
            case .number: .integer(isMet ? 1 : 0)
            case .old: shown(seen)
            }
        guard agrees(call.answer, expected) else { return nil }
        guard isMet else { return Result(effect: .none, seen: seen) }
        let new = KeyState(
            value: values.number(of: value), deadline: deadline(wanted, call, seen))
        return Result(effect: .assign(new), seen: seen)
    }

    private func delete(_ call: Call, _ seen: KeyState) -> Result? {
        if case .deleteUnchanged = call.command, call.answer == .integer(0) {
            return Result(effect: .none, seen: seen)
        }
        guard agrees(call.answer, .integer(seen.value == nil ? 0 : 1)) else { return nil }
        return Result(effect: seen.value == nil ? .none : .assign(.absent), seen: seen)
    }

    private func persist(_ call: Call, _ seen: KeyState) -> Result? {
        let isMet = seen.value != nil && seen.deadline != nil
        guard agrees(call.answer, .integer(isMet ? 1 : 0)) else { return nil }
        return Result(effect: isMet ? .setDeadline(nil) : .none, seen: seen)
    }

    private func expire(
        _ wanted: PlainCommand.Deadline, _ conditions: PlainCommand.ExpireConditions,
        _ call: Call, _ seen: KeyState
    ) -> Result? {
        guard seen.value != nil, let new = deadline(wanted, call, seen) else {
            return agrees(call.answer, .integer(0)) ? Result(effect: .none, seen: seen) : nil
        }
        let old = seen.deadline
        var mayBeMet = true
        var mayBeRefused = false
        if conditions.contains(.ifNone), old != nil { mayBeMet = false }
        if conditions.contains(.ifSome), old == nil { mayBeMet = false }
        if conditions.contains(.ifLater) {
            guard let old else { return refusal(call, seen) }
            if new.latestNs <= old.earliestNs { mayBeMet = false }
            if new.earliestNs <= old.latestNs { mayBeRefused = true }
        }
        if conditions.contains(.ifEarlier), let old {
            if new.earliestNs >= old.latestNs { mayBeMet = false }
            if new.latestNs >= old.earliestNs { mayBeRefused = true }
        }
        switch call.answer {
        case .integer(1)? where mayBeMet, nil where mayBeMet:
            return Result(effect: .setDeadline(new), seen: seen)
        case .integer(0)? where !mayBeMet || mayBeRefused, nil:
            return Result(effect: .none, seen: seen)
        default: return nil
        }
    }

    private func refusal(_ call: Call, _ seen: KeyState) -> Result? {
        agrees(call.answer, .integer(0)) ? Result(effect: .none, seen: seen) : nil
    }

    /// What a command makes of the deadline that was there.
    private func deadline(
        _ wanted: PlainCommand.Deadline, _ call: Call, _ seen: KeyState
    ) -> Moments? {
        switch wanted {
        case .keep: return seen.deadline
        case .remove: return nil
        case .after(let ms):
            return rules.moments(afterMs: ms, from: call.calledNs, to: call.endNs)
        case .at(let ms): return rules.moments(atMs: ms)
        }
    }

    // MARK: Values made of values

    private mutating func change(_ call: Call, _ seen: KeyState) -> Result? {
        if case .add(let amount) = call.command {
            return add(Decimal(amount), isWhole: true, call, seen)
        }
        if case .addDecimal(let amount) = call.command {
            return add(amount, isWhole: false, call, seen)
        }
        let old = seen.value.map { values[$0] } ?? []
        guard let (new, answer) = Self.changed(old, call.command) else { return nil }
        guard agrees(call.answer, answer) else { return nil }
        // One that changes nothing writes all the same: over what others write at the same time.
        if new.isEmpty, seen.value == nil, call.command.leavesNothing {
            return Result(effect: .none, seen: seen)
        }
        let state = KeyState(value: values.number(of: new), deadline: seen.deadline)
        return Result(effect: .assign(state), seen: seen)
    }

    /// The value that a command makes of another, and its answer.
    static func changed(
        _ old: [UInt8], _ command: PlainCommand
    ) -> (value: [UInt8], answer: CommandRecord.Answer)? {
        var bytes = old
        switch command {
        case .append(let suffix):
            bytes += suffix
            return (bytes, .integer(Int64(bytes.count)))
        case .overwrite(let place, let value):
            guard !value.isEmpty else { return (old, .integer(Int64(old.count))) }
            guard let start = Int(exactly: place), start >= 0 else { return nil }
            bytes.pad(to: start + value.count)
            bytes.replaceSubrange(start..<start + value.count, with: value)
            return (bytes, .integer(Int64(bytes.count)))
        case .setBit(let place, let isOn):
            let wasOn = old.isBitOn(Int(place))
            bytes.setBit(Int(place), isOn)
            return (bytes, .integer(wasOn ? 1 : 0))
        case .bitField(let steps):
            let last = steps.filter { !$0.isRead }.map { $0.place + $0.width - 1 }.max()
            if let last { bytes.pad(to: last >> 3 + 1) }
            var answers: [CommandRecord.Answer] = []
            for step in steps {
                answers.append(step.apply(to: &bytes).map { .integer($0) } ?? .nothing)
            }
            return (bytes, .list(answers))
        default: return nil
        }
    }

    private mutating func add(
        _ amount: Decimal, isWhole: Bool, _ call: Call, _ seen: KeyState
    ) -> Result? {
        let old = seen.value.map { Decimal(values[$0]) } ?? .zero
        guard let old else { return nil }
        let sum = old + amount
        switch call.answer {
        case nil: break
        case .integer(let shown)?: guard isWhole, Decimal(shown) == sum else { return nil }
        case .bytes(let shown)?: guard !isWhole, Decimal(shown) == sum else { return nil }
        default: return nil
        }
        return Result(effect: .add(amount, isWhole: isWhole), seen: seen)
    }
}

extension PlainCommand {
    /// Whether it leaves a key away that it has nothing to write to.
    fileprivate var leavesNothing: Bool {
        if case .append = self { false } else { true }
    }
}
