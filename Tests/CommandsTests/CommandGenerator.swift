import Essentials

/// Draws commands of one family, right ones and wrong ones.
struct CommandGenerator {
    enum Family: String, CaseIterable {
        case set, strings, ranges, counters, decimals, bits, fields, expiry, keys, several,
            transfers,
            subsequences, inspection, nonsense
    }

    let family: Family
    var random: SeededRandom
    let nowMs: UInt64

    mutating func next() -> [[UInt8]] {
        let words: [String]
        switch family {
        case .set: words = set()
        case .strings: words = strings()
        case .ranges: words = ranges()
        case .counters: words = counters()
        case .decimals: words = decimals()
        case .bits: words = bits()
        case .fields: words = fields()
        case .expiry: words = expiry()
        case .keys: words = keys()
        case .several: words = several()
        case .transfers: words = transfers()
        case .subsequences: words = subsequences()
        case .inspection: words = inspection()
        case .nonsense: words = nonsense()
        }
        return words.map { word in
            // Names and options in any case; a few bytes that are no text.
            var bytes = Array(word.utf8)
            if random.oneIn(30), let first = bytes.first, first > 0x40 { bytes[0] ^= 0x20 }
            return bytes
        }
    }

    // MARK: Words

    private mutating func pick<Item>(_ items: [Item]) -> Item {
        items[Int.random(in: 0..<items.count, using: &random)]
    }

    private mutating func key() -> String { pick(["a", "b", "c", "d", "{x}1", ""]) }

    private mutating func keyList() -> [String] {
        (0..<Int.random(in: 0...4, using: &random)).map { _ in key() }
    }

    private mutating func value() -> String {
        pick([
            "", "1", "0", "-1", "10", "007", "+5", " 5", "9223372036854775807",
            "-9223372036854775808", "9223372036854775808", "hello", "hello world", "3.5", "-0",
            "\u{1}\u{7f}", "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz",
            String(repeating: "x", count: 100),
        ])
    }

    private mutating func integer() -> String {
        pick([
            "0", "1", "2", "-1", "-2", "3", "5", "7", "8", "-5", "10", "100", "-100", "1000",
            "9223372036854775807", "-9223372036854775808", "9223372036854775808", "abc", "",
            "1.5", "01", "+1", "4611686018427387904", "8388608", "8388607", "2147483648",
        ])
    }

    private mutating func small() -> String { "\(Int.random(in: -12...40, using: &random))" }

    private mutating func place() -> String { random.oneIn(4) ? integer() : small() }

    /// Seconds or milliseconds that nothing in a test's run time comes near.
    private mutating func duration() -> String {
        pick([
            "1000", "5000", "1000000", "0", "-1", "-1000", "x", "9223372036854775807",
            "9223372036854775", "9223372036854776", "-9223372036854775808",
        ])
    }

    private mutating func moment(inSeconds: Bool) -> String {
        let now = inSeconds ? nowMs / 1000 : nowMs
        let hour: UInt64 = inSeconds ? 3600 : 3_600_000
        return pick([
            "\(now + hour)", "\(now + 2 * hour)", "\(now - hour)", "1", "0", "-5",
            "9223372036854775807", "9223372036854775", "y",
        ])
    }

    private mutating func expiryOption() -> [String] {
        let name = pick(["EX", "PX", "EXAT", "PXAT"])
        if random.oneIn(15) { return [name] }
        if name.hasSuffix("AT") { return [name, moment(inSeconds: name == "EXAT")] }
        // In milliseconds, long enough to be there at the end of the test.
        let amount = duration()
        return [
            name, name == "PX" && (amount == "1000" || amount == "5000") ? amount + "000" : amount,
        ]
    }

    // MARK: Families

    private mutating func set() -> [String] {
        if random.oneIn(4) {
            return pick([["GET", key()], ["TTL", key()], ["EXISTS", key()]])
        }
        if random.oneIn(5) {
            var words = ["GETEX", key()]
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                words += random.oneIn(3) ? ["PERSIST"] : expiryOption()
            }
            return words
        }
        var words = ["SET", key(), value()]
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            words +=
                random.oneIn(2)
                ? [pick(["NX", "XX", "GET", "KEEPTTL", "FOO", "PERSIST"])]
                : expiryOption()
        }
        return words
    }

    private mutating func strings() -> [String] {
        pick([
            ["GET", key()], ["SET", key(), value()], ["GETSET", key(), value()],
            ["SETNX", key(), value()], ["GETDEL", key()], ["APPEND", key(), value()],
            ["STRLEN", key()], ["SETEX", key(), duration(), value()],
            ["PSETEX", key(), duration() + "000", value()], ["TYPE", key()], ["TTL", key()],
            ["GET"], ["GET", key(), key()], ["SETEX", key(), "10"], ["DEL", key()],
        ])
    }

    private mutating func ranges() -> [String] {
        pick([
            ["SET", key(), value()], ["GETRANGE", key(), place(), place()],
            ["SUBSTR", key(), place(), place()], ["SETRANGE", key(), place(), value()],
            ["SETRANGE", key(), "1048576", value()], ["SETRANGE", key(), "1048570", value()],
            ["STRLEN", key()], ["DEL", key()], ["EXPIRE", key(), "5000"], ["TTL", key()],
        ])
    }

    private mutating func counters() -> [String] {
        pick([
            ["INCR", key()], ["DECR", key()], ["INCRBY", key(), integer()],
            ["DECRBY", key(), integer()], ["SET", key(), value()], ["GET", key()],
            ["EXPIRE", key(), "5000"], ["TTL", key()], ["DEL", key()], ["APPEND", key(), "0"],
        ])
    }

    /// Fractions that long doubles hold exactly: ours differ from Redis' where those round.
    private mutating func decimals() -> [String] {
        let amount = pick([
            "1", "0.5", "-0.5", "3.25", "1e1", "-2.5e-1", "5.0e0", ".5", "5.", "0", "-0.0", "+1.5",
            "abc", "", "nan", "inf", "-inf", "1e", "e5", ".", "1 ", " 1", "1x", "--1", "1e5000",
            "infinity", "1e-5000",
        ])
        return pick([
            ["INCRBYFLOAT", key(), amount], ["INCRBYFLOAT", key(), amount],
            ["SET", key(), pick(["1", "0.125", "-3.75", "x", "", "1e2"])], ["GET", key()],
            ["DEL", key()], ["INCR", key()],
        ])
    }

    private mutating func bits() -> [String] {
        var words = pick([
            ["SETBIT", key(), place(), pick(["0", "1", "1", "2", "-1", "x"])],
            ["GETBIT", key(), place()], ["GETBIT", key(), "#1"],
            ["BITCOUNT", key()], ["BITCOUNT", key(), place()],
            ["BITCOUNT", key(), place(), place()],
            ["BITCOUNT", key(), place(), place(), pick(["BIT", "BYTE", "FOO"])],
            ["BITPOS", key(), pick(["0", "1", "2", "x"])],
            ["BITPOS", key(), pick(["0", "1", "5"]), place()],
            ["BITPOS", key(), pick(["0", "1"]), place(), place()],
            ["BITPOS", key(), pick(["0", "1"]), place(), place(), pick(["BIT", "BYTE", "FOO"])],
            ["SET", key(), value()], ["SET", key(), pick(["\u{0}\u{0}", "\u{0}", "~~~~", ""])],
            ["DEL", key()], ["STRLEN", key()],
        ])
        if random.oneIn(40) { words.append(integer()) }
        return words
    }

    private mutating func fields() -> [String] {
        if random.oneIn(4) {
            return pick([["GET", key()], ["DEL", key()], ["SET", key(), value()]])
        }
        var words = [random.oneIn(5) ? "BITFIELD_RO" : "BITFIELD", key()]
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let type = pick([
                "u8", "i8", "u63", "i64", "i1", "u1", "u5", "i13", "u64", "i65", "x8", "u", "I8",
                "u08",
            ])
            let offset = pick(["0", "1", "7", "#0", "#1", "#2", "100", "-1", "#-1", "x", "8388600"])
            let field = [type, offset]
            words += pick([
                ["GET"] + field, ["SET"] + field + [integer()], ["INCRBY"] + field + [integer()],
                ["INCRBY"] + field + [small()], ["SET"] + field + [small()],
                ["OVERFLOW", pick(["WRAP", "SAT", "FAIL", "sat", "FOO"])],
            ])
        }
        if random.oneIn(20) { words.append(pick(["GET", "SET", "OVERFLOW", "FOO"])) }
        if words[0] == "BITFIELD", random.oneIn(20) {
            words += [
                "SET", "i8",
                pick(["8388608", "9223372036854775807", "#9223372036854775807"]), "1",
            ]
        }
        return words
    }

    private mutating func expiry() -> [String] {
        let name = pick(["EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"])
        let amount: String
        switch name {
        case "EXPIRE": amount = duration()
        case "PEXPIRE": amount = duration() + "000"
        default: amount = moment(inSeconds: name == "EXPIREAT")
        }
        var words = [name, key(), amount]
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            words.append(pick(["NX", "XX", "GT", "LT", "gt", "FOO"]))
        }
        return pick([
            words, words, ["SET", key(), value()], ["SET", key(), value()], ["TTL", key()],
            ["PERSIST", key()], ["EXISTS", key()], ["DEL", key()],
        ])
    }

    private mutating func keys() -> [String] {
        pick([
            ["DEL"] + keyList(), ["UNLINK"] + keyList(), ["EXISTS"] + keyList(),
            ["TOUCH"] + keyList(), ["TYPE", key()], ["SET", key(), value()],
            ["SET", key(), value()], ["TYPE"], ["GET", key()],
        ])
    }

    private mutating func several() -> [String] {
        var pairs: [String] = []
        for _ in 0..<Int.random(in: 1...3, using: &random) { pairs += [key(), value()] }
        if random.oneIn(8) { pairs.append(key()) }
        return pick([
            ["MGET"] + keyList(), ["MSET"] + pairs, ["MSETNX"] + pairs, ["DEL"] + keyList(),
            ["BITOP", pick(["AND", "OR", "XOR", "NOT", "FOO"]), key()] + keyList(),
            ["BITOP", "NOT", key(), key()], ["GET", key()],
        ])
    }

    private mutating func transfers() -> [String] {
        var copy = ["COPY", key(), key()]
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            copy += pick([["REPLACE"], ["DB", "0"], ["DB", "x"], ["DB", "99"], ["DB"], ["FOO"]])
        }
        return pick([
            ["RENAME", key(), key()], ["RENAMENX", key(), key()], copy, copy,
            ["SET", key(), value()], ["SET", key(), value(), "PXAT", "\(nowMs + 7_200_000)"],
            ["GET", key()], ["PEXPIRETIME", key()], ["DEL", key()], ["RENAME", key()],
        ])
    }

    private mutating func subsequences() -> [String] {
        let letters = (0..<Int.random(in: 0...30, using: &random)).map { _ in
            pick(["a", "b", "c"])
        }
        var words = ["LCS", key(), key()]
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            words += pick([
                ["LEN"], ["IDX"], ["WITHMATCHLEN"], ["MINMATCHLEN", small()],
                ["MINMATCHLEN", "x"], ["MINMATCHLEN"], ["FOO"],
            ])
        }
        return pick([words, words, ["SET", key(), letters.joined()], ["DEL", key()]])
    }

    private mutating func inspection() -> [String] {
        pick([
            ["OBJECT", "ENCODING", key()], ["OBJECT", "REFCOUNT", "nokey"],
            ["OBJECT", "IDLETIME", "nokey"], ["OBJECT", "FREQ", key()], ["OBJECT", "FOO", key()],
            ["OBJECT", "ENCODING"], ["OBJECT"], ["OBJECT", "HELP"], ["OBJECT", "HELP", "x"],
            ["SET", key(), value()], ["DEL", key()], ["CONFIG", "FOO"], ["CLIENT"],
            ["CLIENT", "FOO"], ["CLUSTER"], ["COMMAND", "FOO"], ["COMMAND", "COUNT", "x"],
            ["SLOWLOG", "BAR", "x"], ["COMMAND", "GETKEYS", "GET", "x"],
            ["COMMAND", "GETKEYS", "MSET", "a", "1", "b"], ["COMMAND", "GETKEYS", "FOO", "b"],
            ["COMMAND", "GETKEYS", "GET", "a", "b"], ["COMMAND", "GETKEYS", "PING", "b"],
            ["COMMAND", "GETKEYS", "LCS", "a", "b"], ["COMMAND", "GETKEYS", "OBJECT", "FREQ", "b"],
            ["COMMAND", "GETKEYSANDFLAGS", "BITOP", "AND", "a", "b", "c"],
            ["COMMAND", "GETKEYSANDFLAGS", "COPY", "a", "b"], ["COMMAND", "LIST", "FOO"],
            [
                "COMMAND", "INFO",
                pick(["get", "SET", "client|id", "bitop", "copy", "foo", "get|x"]),
            ],
            ["COMMAND", "LIST", "FILTERBY", "FOO", "x"],
            ["COMMAND", "LIST", "FILTERBY", "MODULE", "x"],
        ])
    }

    private mutating func nonsense() -> [String] {
        let word = pick([
            "foo", "GETT", "", "a b", "x\ny", "SET\u{0}", String(repeating: "n", count: 200),
        ])
        return [word]
            + (0..<Int.random(in: 0...5, using: &random)).map { _ in
                random.oneIn(3) ? String(repeating: "long", count: 20) : value()
            }
    }
}
