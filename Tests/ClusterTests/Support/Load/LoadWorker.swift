import Essentials
import Foundation
import Histories
import Wire

/// One client of a load: what it asks next, and what it writes down. Confined to its thread.
struct LoadWorker {
    private struct Register {
        let index: Int
        var key: String
        var generation = 0
        var version = 0
    }

    private(set) var record = Load.Record()
    private let plan: Load.Plan
    private let board: LoadBoard
    private let client: LoadClient
    private let values: ValueMaker
    private var random: SeededRandom
    private var registers: [Register]

    init(_ index: Int, _ plan: Load.Plan, _ board: LoadBoard, _ client: LoadClient) {
        self.plan = plan
        self.board = board
        self.client = client
        values = ValueMaker(seed: plan.seed)
        random = SeededRandom(seed: plan.seed &* 1_000_003 &+ UInt64(index))
        let first = index * LoadBoard.registersPerClient
        registers = (first..<first + LoadBoard.registersPerClient).map {
            Register(index: $0, key: board.register($0))
        }
    }

    /// Makes the next request or two, and returns how many were answered.
    mutating func step() -> Int {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<35: write()
        case 35..<60: readRegister(board.anyRegister(&random))
        case 60..<72: add(board.anyCounter(&random))
        case 72..<76: count(board.anyCounter(&random))
        default: putSibling(board.anySiblings(&random))
        }
    }

    // MARK: Registers

    private mutating func write() -> Int {
        let place = Int.random(in: registers.indices, using: &random)
        let key = registers[place].key
        let version = registers[place].version + 1
        registers[place].version = version
        let isRemoval = plan.removes && Int.random(in: 0..<8, using: &random) == 0
        let words = isRemoval ? ["DEL", key] : ["SET", key, values.value(of: key, version)]
        let outcome = ask(
            words.map { Array($0.utf8) }, key, isRemoval ? .remove(version) : .write(version))
        if case .unknown = outcome {
            registers[place].generation += 1
            registers[place].version = 0
            registers[place].key = board.renew(
                registers[place].index, generation: registers[place].generation)
        }
        return outcome.answers
    }

    @discardableResult
    mutating func readRegister(_ key: String) -> Int {
        look(["GET", key], key) { [values] reply in
            if reply == .null { return .read(nil) }
            guard let text = reply.text, let version = values.number(of: text, key: key)
            else { return .stray("\(reply.text ?? "\(reply)")") }
            return .read(version)
        }.answers
    }

    // MARK: Counters

    private mutating func add(_ key: String) -> Int {
        let amount = Int.random(in: 1...3, using: &random)
        return ask(
            ["INCRBY", key, "\(amount)"].map { Array($0.utf8) }, key, .add(amount)
        ).answers
    }

    private mutating func count(_ key: String) -> Int {
        look(["GET", key], key) { reply in
            if reply == .null { return .count(0) }
            guard let count = reply.text.flatMap({ Int($0) }) else { return .stray("\(reply)") }
            return .count(count)
        }.answers
    }

    // MARK: Siblings

    /// Puts a value beside all others, or reads them and takes their place.
    private mutating func putSibling(_ key: String) -> Int {
        var context: [UInt8] = []
        var seen: [Int] = []
        var answers = 0
        if Int.random(in: 0..<8, using: &random) > 0 {
            let outcome = look(["DGET", key], key) { [values] reply in
                guard let (_, texts) = reply.siblings else { return .stray("\(reply)") }
                let numbers = texts.map { values.number(of: $0, key: key) }
                guard !numbers.contains(nil) else { return .stray("\(texts)") }
                return .look(numbers.compactMap(\.self))
            }
            guard case .done(let reply, .look(let numbers)) = outcome,
                let (token, _) = reply.siblings
            else { return outcome.answers }
            (context, seen, answers) = (token, numbers, 1)
        }
        let head = { (name: String) in [name, key].map { Array($0.utf8) } + [context] }
        guard context.isEmpty || Int.random(in: 0..<10, using: &random) > 0 else {
            return answers + ask(head("DDEL"), key, .put(nil, seen: seen)).answers
        }
        let value = board.newValue()
        let words = head("DPUT") + [Array(values.value(of: key, value).utf8)]
        return answers + ask(words, key, .put(value, seen: seen)).answers
    }

    // MARK: Asking

    private enum Outcome {
        case done(Reply, Event.Action)
        case refused
        case unknown

        var answers: Int { if case .done = self { 1 } else { 0 } }
    }

    /// Sends a command that writes.
    private mutating func ask(
        _ words: [[UInt8]], _ key: String, _ action: Event.Action
    ) -> Outcome {
        let begin = Self.nowNs
        let answer = client.call(words)
        let end = Self.nowNs
        switch answer {
        case .reply(let reply):
            record.history.append(Event(key, action, begin: begin, end: end))
            return .done(reply, action)
        case .refused(let text):
            record.troubles.append(Load.Trouble(beginNs: begin, endNs: end, text: text))
            return .refused
        case .unknown(let text):
            record.history.append(Event(key, action, begin: begin, end: nil))
            record.troubles.append(Load.Trouble(beginNs: begin, endNs: end, text: text))
            return .unknown
        }
    }

    /// Sends a command that reads; one that fails is no event.
    private mutating func look(
        _ words: [String], _ key: String, _ interpret: (Reply) -> Event.Action
    ) -> Outcome {
        let begin = Self.nowNs
        let answer = client.call(words.map { Array($0.utf8) })
        let end = Self.nowNs
        switch answer {
        case .reply(let reply):
            let action = interpret(reply)
            record.history.append(Event(key, action, begin: begin, end: end))
            return .done(reply, action)
        case .refused(let text), .unknown(let text):
            record.troubles.append(Load.Trouble(beginNs: begin, endNs: end, text: text))
            return .refused
        }
    }

    static var nowNs: Int64 { Int64(DispatchTime.now().uptimeNanoseconds) }
}

extension Reply {
    /// What DGET answers: the context, and the siblings.
    var siblings: (context: [UInt8], values: [String])? {
        guard let parts = items, parts.count == 2, let context = parts[0].bytes,
            let values = parts[1].items
        else { return nil }
        return (context, values.compactMap(\.text))
    }
}
