import Wire

/// What clients asked for and what came of it.
struct History {
    struct Operation {
        var words: [[UInt8]]
        var outcome = Outcome.unknown

        var name: String { String(decoding: words[0], as: UTF8.self) }
        var key: [UInt8] { words[1] }
    }

    enum Outcome {
        /// No answer, or one that leaves open whether it took effect, now or later.
        case unknown
        case acknowledged(Reply)
        /// It has not taken effect and never will.
        case refused
    }

    private(set) var operations: [Operation] = []
    /// By request number. Looked up and never iterated.
    private var places: [UInt64: Int] = [:]

    mutating func note(_ number: UInt64, _ words: [[UInt8]]) {
        places[number] = operations.count
        operations.append(Operation(words: words))
    }

    mutating func settle(_ number: UInt64, _ reply: Reply?) {
        guard let place = places[number], let reply else { return }
        if case .error(let text) = reply {
            // NOQUORUM and TRYAGAIN leave it open.
            if text.hasPrefix("ERR") || text.hasPrefix("OVERLOADED") {
                operations[place].outcome = .refused
            }
        } else {
            operations[place].outcome = .acknowledged(reply)
        }
    }
}
