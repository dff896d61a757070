internal import Causality
internal import Engine
internal import Objects
internal import Wire

/// What clients asked for and what came of it.
struct History {
    struct Operation {
        var number: UInt64
        var node: Int
        var words: [[UInt8]]
        var key: ObjectKey
        var consistency: Consistency
        var startedNs: UInt64
        var endedNs: UInt64?
        var outcome = Outcome.unknown
        /// The string that it writes, different from all others; nil when it writes none.
        var value: [UInt8]?
        /// What a DPUT or DDEL says that its client had seen.
        var seen: CausalContext?

        var name: String { String(decoding: words[0], as: UTF8.self) }

        /// Whether it is known to have taken effect.
        var isAcknowledged: Bool {
            if case .acknowledged = outcome { true } else { false }
        }

        var isRefused: Bool {
            if case .refused = outcome { true } else { false }
        }
    }

    enum Outcome {
        /// No answer, or one that leaves open whether it took effect, now or later.
        case unknown
        case acknowledged(Reply)
        /// It has not taken effect and never will.
        case refused
    }

    /// In the order of their numbers.
    private(set) var operations: [Operation] = []
    /// By request number, and by value. Looked up and never iterated.
    private var places: [UInt64: Int] = [:]
    private var writers: [[UInt8]: Int] = [:]
    /// The keys that were asked for, in the order of their first request.
    private(set) var keys: [ObjectKey] = []
    private var placesByKey: [ObjectKey: [Int]] = [:]

    mutating func note(_ number: UInt64, _ request: Clients.Request) {
        guard request.words.count > 1 else { return }
        let key = ObjectKey(request.key)
        var operation = Operation(
            number: number, node: request.node, words: request.words, key: key,
            consistency: request.consistency, startedNs: request.atNs)
        switch operation.name {
        case "SET":
            // With a condition, the old value may mean that nothing was written.
            let options = request.words.dropFirst(3).map { String(decoding: $0, as: UTF8.self) }
            // One that expires at a given time may have done so before.
            let isOpen =
                options.contains("GET") && (options.contains("NX") || options.contains("XX"))
                || options.contains("PXAT") || options.contains("EXAT")
            if !isOpen, !request.words[2].isEmpty { operation.value = request.words[2] }
        case "GETSET":
            if !request.words[2].isEmpty { operation.value = request.words[2] }
        case "DPUT", "DDEL":
            operation.seen = (try? ContextToken.decode(request.words[2], of: key.bytes))?.context
            if request.words.count > 3 { operation.value = request.words[3] }
        default: break
        }
        let place = operations.count
        places[number] = place
        if let value = operation.value { writers[value] = place }
        if placesByKey[key] == nil { keys.append(key) }
        placesByKey[key, default: []].append(place)
        operations.append(operation)
    }

    mutating func settle(_ number: UInt64, _ reply: Reply, atNs timeNs: UInt64) {
        guard let place = places[number] else { return }
        operations[place].endedNs = timeNs
        if case .error(let text) = reply {
            // All others leave it open: NOQUORUM, TRYAGAIN, OVERLOADED.
            if ["ERR", "DISKFULL", "CLUSTERDOWN"].contains(where: { text.hasPrefix($0) }) {
                operations[place].outcome = .refused
            }
        } else {
            operations[place].outcome = .acknowledged(reply)
        }
    }

    func operation(_ number: UInt64) -> Operation? { places[number].map { operations[$0] } }

    /// The operation that wrote `value`, if it took effect.
    func writer(of value: [UInt8]) -> Operation? { writers[value].map { operations[$0] } }

    /// What was asked about one key, in the order of the requests.
    func operations(on key: ObjectKey) -> [Operation] {
        (placesByKey[key] ?? []).map { operations[$0] }
    }
}
