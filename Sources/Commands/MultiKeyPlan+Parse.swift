internal import Wire

extension MultiKeyPlan {
    /// Nil for a command that is not on several keys. The number of words is right.
    init?(_ id: CommandID, _ arguments: some RequestArguments) throws(CommandFailure) {
        let count = arguments.argumentCount
        switch id {
        case .mget: self.init(.collect(keys: Self.words(arguments, from: 1)))
        case .del where count > 2, .unlink where count > 2:
            // Named twice, a key is deleted once.
            let keys = Self.unique(Self.words(arguments, from: 1)) { $0 }
            self.init(.sum(.delete, keys: keys))
        case .exists where count > 2:
            self.init(.sum(.exists, keys: Self.words(arguments, from: 1)))
        case .touch where count > 2:
            self.init(.sum(.touch, keys: Self.words(arguments, from: 1)))
        case .mset: self.init(.assign(pairs: try Self.pairs("mset", arguments)))
        case .msetNX: self.init(.assignAllOrNone(pairs: try Self.pairs("msetnx", arguments)))
        case .bitOp: self.init(.combine(try BitwiseCombination(arguments)))
        case .lcs: self.init(.compare(try SubsequenceRequest(arguments)))
        case .rename, .renameNX, .copy: self.init(.transfer(try Transfer(id, arguments)))
        default: return nil
        }
    }

    static func words(_ arguments: some RequestArguments, from first: Int) -> [[UInt8]] {
        (first..<arguments.argumentCount).map { arguments.argument($0) }
    }

    /// The pairs of `MSET`; of several values for one key the last one counts.
    private static func pairs(
        _ name: String, _ arguments: some RequestArguments
    ) throws(CommandFailure) -> [(key: [UInt8], value: [UInt8])] {
        guard arguments.argumentCount % 2 == 1 else {
            throw CommandFailure("ERR wrong number of arguments for '\(name)' command")
        }
        let pairs = stride(from: 1, to: arguments.argumentCount, by: 2).map {
            (key: arguments.argument($0), value: arguments.argument($0 + 1))
        }
        return unique(pairs.reversed()) { $0.key }
    }

    private static func unique<Item>(_ items: [Item], by key: (Item) -> [UInt8]) -> [Item] {
        var seen: Set<[UInt8]> = []
        return items.filter { seen.insert(key($0)).inserted }
    }
}
