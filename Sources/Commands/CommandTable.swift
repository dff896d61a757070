internal import Essentials
internal import Wire

/// Every command that Martlet supports. What is not here gets Redis' unknown-command error.
public enum CommandTable {
    /// In the order of the manual; containers hold their subcommands.
    public static let all: [CommandSpec] =
        connection + server + keys + strings + bitmaps + cluster + martlet

    /// The specification of a command or a subcommand.
    public static func spec(_ id: CommandID) -> CommandSpec { byID[Int(id.rawValue)] }

    private static let byID: [CommandSpec] = {
        let flat = (all + betweenNodes).flatMap { [$0] + $0.subcommands }
        let sorted = flat.sorted { $0.id.rawValue < $1.id.rawValue }
        invariant(
            sorted.map(\.id) == CommandID.allCases, "every command has exactly one specification")
        return sorted
    }()

    /// Commands by name, for clients.
    static let clientNames = CommandIndex(all)
    /// Commands by name, for peers: what they forward includes steps of plans.
    static let peerNames = CommandIndex(all + betweenNodes)

    /// Finds a command, or with `subcommand` that of a container.
    static func find(_ name: Keyword, _ subcommand: Keyword?) -> CommandSpec? {
        guard let slot = clientNames.find(name) else { return nil }
        let found = spec(slot.id)
        guard let subcommand else { return found }
        return found.subcommand(subcommand)
    }
}

extension CommandSpec {
    func subcommand(_ name: Keyword) -> CommandSpec? {
        subcommands.first { Keyword(stringLiteral: $0.lastName) == name }
    }

    /// The name without its container's.
    var lastName: String { name.split(separator: "|").last.map(String.init) ?? name }
}

/// Finds commands by name in a few nanoseconds: open addressing over packed words.
struct CommandIndex: Sendable {
    struct Slot: Sendable {
        var name = Keyword.none
        var id = CommandID.ping
        var arity = 0
        var hasSubcommands = false
        var keys = Keys.none
    }

    /// How many keys a command works on, as far as its name tells.
    enum Keys: Sendable {
        case none, one
        /// Perhaps only one, as in `DEL key`.
        case several
    }

    /// Four places a command, so that nearly every name is found at its first place.
    private static let sizeLog2 = 9
    private var slots = [Slot](repeating: Slot(), count: 1 << Self.sizeLog2)

    init(_ specs: [CommandSpec]) {
        invariant(specs.count * 2 < slots.count, "more commands than the index is made for")
        for spec in specs {
            let name = Keyword(stringLiteral: spec.name)
            var place = Self.place(of: name)
            while slots[place].name != .none { place = (place + 1) % slots.count }
            slots[place] = Slot(
                name: name, id: spec.id, arity: spec.arity,
                hasSubcommands: !spec.subcommands.isEmpty, keys: Self.keys(of: spec))
        }
    }

    static func keys(of spec: CommandSpec) -> Keys {
        guard let first = spec.keys.first else { return .none }
        return spec.keys.count == 1 && first.last == 0 ? .one : .several
    }

    func find(_ name: Keyword) -> Slot? {
        guard name != .none else { return nil }
        var place = Self.place(of: name)
        while true {
            let slot = slots[place]
            if slot.name == name { return slot }
            guard slot.name != .none else { return nil }
            place = (place + 1) & (slots.count - 1)
        }
    }

    /// Fibonacci hashing: the high bits of a product with the golden ratio.
    private static func place(of name: Keyword) -> Int {
        let mixed = (name.low ^ (name.high &* 0xD6E8_FEB8_6659_FD93)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> UInt64(64 - sizeLog2))
    }
}
