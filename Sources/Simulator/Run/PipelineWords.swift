internal import Essentials

/// Draws commands: all that there are on keys, with their options.
struct PipelineWords {
    /// First letters of the keys that all clients write to, and of those that one client has alone.
    static let sharedLetter = UInt8(ascii: "m")
    static let ownLetter = UInt8(ascii: "s")

    private let plan: PipelinePlan
    private var lastValue = 0
    /// Payloads of DUMP that clients were given.
    private var payloads: [[UInt8]] = []
    /// Contexts that clients were given, the newest last. Looked up and never iterated.
    private var contexts: [[UInt8]: [[UInt8]]] = [:]

    init(_ plan: PipelinePlan) { self.plan = plan }

    mutating func remember(payload: [UInt8]) {
        if payloads.count > 8 { payloads.removeFirst() }
        payloads.append(payload)
    }

    mutating func remember(context: [UInt8], of key: [UInt8]) {
        var known = contexts[key] ?? []
        if known.count > 3 { known.removeFirst() }
        known.append(context)
        contexts[key] = known
    }

    // MARK: Siblings

    /// With a fresh context, a stale one, or none, beside those that others send one by one.
    mutating func drawSibling(_ random: inout SeededRandom) -> [[UInt8]] {
        let number = Int.random(in: 0..<plan.siblingKeys, using: &random)
        let key = [Workload.Kind.siblings.rawValue] + Array("\(number)".utf8)
        let known = contexts[key] ?? []
        guard !known.isEmpty, !random.oneIn(3) else { return words("DGET", key) }
        let context = random.oneIn(12) ? [] : known[Int.random(in: 0..<known.count, using: &random)]
        if random.oneIn(5) { return [Array("DDEL".utf8), key, context] }
        lastValue += 1
        return [Array("DPUT".utf8), key, context, Array("q\(lastValue)".utf8)]
    }

    // MARK: One writer

    /// A command on a key that nobody else writes to, whose reply follows from those before it.
    mutating func drawOwn(_ key: [UInt8], _ random: inout SeededRandom) -> [[UInt8]] {
        switch Int.random(in: 0..<24, using: &random) {
        case 0..<6: return words("SET", key, value(&random))
        case 6..<11: return words("GET", key)
        case 11: return words("DEL", key)
        case 12: return words("APPEND", key, value(&random))
        case 13: return words("STRLEN", key)
        case 14: return words("GETSET", key, value(&random))
        case 15: return words("SET", key, value(&random), "NX")
        case 16: return words("SET", key, value(&random), random.oneIn(2) ? "XX" : "KEEPTTL")
        case 17: return words("GETDEL", key)
        case 18: return words("SETRANGE", key, "\(Int.random(in: 0...9, using: &random))", "++")
        case 19: return words("EXISTS", key)
        case 20: return words("EXPIRE", key, "100000")
        case 21: return words("PERSIST", key)
        case 22: return words("SET", key, value(&random), "EX", "100000")
        default: return words("SET", key, value(&random), "GET")
        }
    }

    // MARK: Many writers

    mutating func drawShared(_ random: inout SeededRandom) -> [[UInt8]] {
        let key = sharedKey(&random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0...2: return drawSet(key, &random)
        case 3: return drawRead(key, &random)
        case 4: return drawChange(key, &random)
        case 5: return drawBits(key, &random)
        case 6: return drawNumber(key, &random)
        case 7: return drawDeadline(key, &random)
        case 8: return drawRemoval(key, &random)
        default: return drawSeveral(key, &random)
        }
    }

    private mutating func drawSet(_ key: [UInt8], _ random: inout SeededRandom) -> [[UInt8]] {
        let text = value(&random)
        let ms = "\(Int.random(in: 1...300, using: &random))"
        switch Int.random(in: 0..<14, using: &random) {
        case 0: return words("SET", key, text, "NX")
        case 1: return words("SET", key, text, "XX")
        case 2: return words("SET", key, text, "GET")
        case 3: return words("SET", key, text, "KEEPTTL")
        case 4: return words("SET", key, text, "PX", ms)
        case 5: return words("SET", key, text, "XX", "GET", "PX", ms)
        case 6: return words("SET", key, text, "EX", "100")
        case 7: return words("SETNX", key, text)
        case 8: return words("SETEX", key, "1", text)
        case 9: return words("PSETEX", key, ms, text)
        case 10: return words("GETSET", key, text)
        case 11 where !payloads.isEmpty:
            let payload = payloads[Int.random(in: 0..<payloads.count, using: &random)]
            return [Array("RESTORE".utf8), key, Array("0".utf8), payload, Array("REPLACE".utf8)]
        default: return words("SET", key, text)
        }
    }

    private func drawRead(_ key: [UInt8], _ random: inout SeededRandom) -> [[UInt8]] {
        switch Int.random(in: 0..<14, using: &random) {
        case 0: words("STRLEN", key)
        case 1: words("GETRANGE", key, "0", "-2")
        case 2: words("TYPE", key)
        case 3: words("EXISTS", key)
        case 4: words("TOUCH", key)
        case 5: words("DUMP", key)
        case 6: words("PTTL", key)
        case 7: words("TTL", key)
        case 8: words("EXPIRETIME", key)
        case 9: words("SUBSTR", key, "1", "3")
        case 10: [Array("OBJECT".utf8), Array("ENCODING".utf8), key]
        default: words("GET", key)
        }
    }

    private mutating func drawChange(
        _ key: [UInt8], _ random: inout SeededRandom
    ) -> [[UInt8]] {
        switch Int.random(in: 0..<4, using: &random) {
        case 0, 1: words("APPEND", key, value(&random))
        default: words("SETRANGE", key, "\(Int.random(in: 0...20, using: &random))", "xy")
        }
    }

    private func drawBits(_ key: [UInt8], _ random: inout SeededRandom) -> [[UInt8]] {
        let bit = "\(Int.random(in: 0...64, using: &random))"
        return switch Int.random(in: 0..<8, using: &random) {
        case 0, 1: words("SETBIT", key, bit, random.oneIn(2) ? "1" : "0")
        case 2: words("GETBIT", key, bit)
        case 3: words("BITCOUNT", key)
        case 4: words("BITPOS", key, "1")
        case 5: words("BITFIELD", key, "SET", "u8", "#1", "200", "GET", "u4", "0")
        case 6: words("BITFIELD", key, "OVERFLOW", "SAT", "INCRBY", "i5", "3", "7")
        default: words("BITFIELD_RO", key, "GET", "u8", "0")
        }
    }

    private func drawNumber(_ key: [UInt8], _ random: inout SeededRandom) -> [[UInt8]] {
        let amount = "\(Int.random(in: 1...1000, using: &random))"
        return switch Int.random(in: 0..<7, using: &random) {
        case 0: words("INCR", key)
        case 1: words("DECR", key)
        case 2: words("DECRBY", key, amount)
        case 3: words("INCRBYFLOAT", key, "0.5")
        case 4: words("SET", key, amount)
        default: words("INCRBY", key, amount)
        }
    }

    private func drawDeadline(_ key: [UInt8], _ random: inout SeededRandom) -> [[UInt8]] {
        let ms = "\(Int.random(in: 1...300, using: &random))"
        let condition = ["NX", "XX", "GT", "LT"][Int.random(in: 0..<4, using: &random)]
        return switch Int.random(in: 0..<9, using: &random) {
        case 0: words("PEXPIRE", key, ms)
        case 1: words("EXPIRE", key, "100")
        case 2: words("PEXPIRE", key, ms, condition)
        case 3: words("PEXPIREAT", key, "99999999999999")
        case 4: words("EXPIREAT", key, "99999999999")
        case 5: words("GETEX", key, "PX", ms)
        case 6: words("GETEX", key, "PERSIST")
        default: words("PERSIST", key)
        }
    }

    private func drawRemoval(_ key: [UInt8], _ random: inout SeededRandom) -> [[UInt8]] {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: words("GETDEL", key)
        case 1: words("UNLINK", key)
        default: words("DEL", key)
        }
    }

    /// On several keys: parts that run side by side, or one after the other.
    private mutating func drawSeveral(
        _ key: [UInt8], _ random: inout SeededRandom
    ) -> [[UInt8]] {
        let other = sharedKey(&random)
        let name = String(decoding: other, as: UTF8.self)
        switch Int.random(in: 0..<12, using: &random) {
        case 0, 1: return words("MSET", key, value(&random), name, value(&random))
        case 2, 3: return words("MGET", key, name)
        case 4: return words("MSETNX", key, value(&random), name, value(&random))
        case 5: return words("RENAME", key, name)
        case 6: return words("RENAMENX", key, name)
        case 7: return words("COPY", key, name, "REPLACE")
        case 8: return words("DEL", key, name)
        case 9: return words("EXISTS", key, name)
        case 10:
            return [Array("BITOP".utf8), Array("XOR".utf8), key, key, other]
        default: return words("LCS", key, name)
        }
    }

    // MARK: Parts

    private func sharedKey(_ random: inout SeededRandom) -> [UInt8] {
        let number = Int.random(in: 0..<plan.sharedKeys, using: &random)
        return [Self.sharedLetter] + Array("\(number)".utf8)
    }

    /// No two are the same, but the empty one: mostly short, some long, a few too long.
    private mutating func value(_ random: inout SeededRandom) -> String {
        lastValue += 1
        let text = "p\(lastValue)."
        switch Int.random(in: 0..<32, using: &random) {
        case 0: return ""
        case 1...3: return text + padding(Int.random(in: 10...200, using: &random))
        case 4: return text + padding(plan.valueSizeMax - text.utf8.count)
        case 5: return text + padding(plan.valueSizeMax + 1 - text.utf8.count)
        default: return text
        }
    }

    private func padding(_ size: Int) -> String { String(repeating: "=", count: max(0, size)) }

    private func words(_ name: String, _ key: [UInt8], _ rest: String...) -> [[UInt8]] {
        [Array(name.utf8), key] + rest.map { Array($0.utf8) }
    }
}
