internal import Causality
internal import Essentials
internal import Objects

/// Short names for actors and dots: the first epoch under which node 1 coordinated a key is A, the
/// second A', and so on.
struct ActorNames {
    private struct Numberer: Hashable {
        var key: [UInt8]
        var node: NodeNumber
    }

    private var epochs: [Numberer: [UInt64]] = [:]

    mutating func name(_ actor: Actor, key: [UInt8]) -> String {
        let numberer = Numberer(key: key, node: actor.node)
        var known = epochs[numberer] ?? []
        if !known.contains(actor.epochMs) {
            known.append(actor.epochMs)
            epochs[numberer] = known
        }
        let index = known.firstIndex(of: actor.epochMs) ?? 0
        return Node.name(Int(actor.node.rawValue)) + String(repeating: "'", count: index)
    }

    mutating func text(_ dot: Dot, key: [UInt8]) -> String {
        "\(name(dot.actor, key: key)):\(dot.counter)"
    }

    /// `{A:2 B:1 +C:4}`: all up to A:2 and B:1, and C:4 beyond a gap.
    mutating func text(_ context: CausalContext, key: [UInt8]) -> String {
        var words: [String] = []
        for entry in context.entries {
            words.append("\(name(entry.actor, key: key)):\(entry.counter)")
        }
        for dot in context.exceptions { words.append("+" + text(dot, key: key)) }
        return "{" + words.joined(separator: " ") + "}"
    }

    /// `v/A:2 w/B:1 {A:2 B:1}`: the entries with their dots, and the context.
    mutating func text(_ object: Object, key: [UInt8]) -> String {
        var words: [String] = []
        for entry in object.entries {
            var word = Self.text(entry.content)
            switch entry.deadline {
            case .none, .never: break
            case .at(let deadlineMs): word += "@\(deadlineMs)"
            }
            words.append(word + "/" + text(entry.dot, key: key))
        }
        for mark in object.covered {
            let dot = Dot(actor: mark.actor, counter: mark.counter)
            words.append("without" + Self.text(mark.total) + "/" + text(dot, key: key))
        }
        words.append(text(object.context, key: key))
        return words.joined(separator: " ")
    }

    mutating func text(record: [UInt8], key: [UInt8]) -> String {
        do {
            return text(try Object(decoding: record), key: key)
        } catch {
            return "undecodable: \(error)"
        }
    }

    private static func text(_ content: Entry.Content) -> String {
        switch content {
        case .none: "deadline"
        case .register(let bytes): Text.show(bytes)
        case .share(let share): text(share.total) + (share.isExpired ? "(expired)" : "")
        case .expired: "expired"
        }
    }

    private static func text(_ amount: Amount) -> String {
        switch amount {
        case .integer(let amount): amount < 0 ? "\(amount)" : "+\(amount)"
        case .decimal(let amount): "+" + Text.show(amount.text)
        }
    }
}

/// Bytes as people read them.
enum Text {
    static func show(_ bytes: some Collection<UInt8>) -> String {
        let isPlain = bytes.allSatisfy { 0x20 < $0 && $0 < 0x7F }
        if isPlain, !bytes.isEmpty, bytes.count <= 64 {
            return String(decoding: Array(bytes), as: UTF8.self)
        }
        if bytes.isEmpty { return "''" }
        return isPlain ? "(\(bytes.count) bytes)" : "'\(escaped(bytes))'"
    }

    private static func escaped(_ bytes: some Collection<UInt8>) -> String {
        bytes.map { byte in
            switch byte {
            case 0x0D: "\\r"
            case 0x0A: "\\n"
            case 0x20..<0x7F: String(decoding: [byte], as: UTF8.self)
            default: "\\x" + String(byte, radix: 16)
            }
        }.joined()
    }
}
