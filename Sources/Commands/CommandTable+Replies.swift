public import Wire

// `COMMAND` and the `HELP` of every container: what is answered from the table alone.

extension CommandTable {
    /// The reply to `COMMAND` and its subcommands and to any `HELP`; nil for all other commands. In
    /// the form of the newest protocol, from which the encoder derives the older one.
    public static func reply(to id: CommandID, _ arguments: [[UInt8]]) -> Reply? {
        switch id {
        case .command: return .array(all.map(info))
        case .commandInfo where arguments.count == 2: return .array(all.map(info))
        case .commandInfo:
            return .array(arguments.dropFirst(2).map { find($0).map(info) ?? .null })
        case .commandCount: return .integer(Int64(all.count))
        case .commandDocs: return docs(of: arguments)
        case .commandList: return list(arguments)
        case .commandGetKeys: return keys(of: arguments, withAccess: false)
        case .commandGetKeysAndFlags: return keys(of: arguments, withAccess: true)
        default: return CommandHelp.reply(to: id)
        }
    }

    /// Finds `get`, or `client|id`.
    private static func find(_ name: [UInt8]) -> CommandSpec? {
        let parts = name.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return nil }
        return find(Keyword(Array(parts[0])), parts.count == 2 ? Keyword(Array(parts[1])) : nil)
    }

    /// Commands and subcommands in one row.
    private static var flat: [CommandSpec] { all.flatMap { [$0] + $0.subcommands } }

    // MARK: Info

    private static func info(_ spec: CommandSpec) -> Reply {
        let first = spec.keys.first
        let last = spec.keys.last
        return .array([
            .bulk(spec.name),
            .integer(Int64(spec.arity)),
            .set(statuses(spec.flags.rawValue, CommandFlags.names)),
            .integer(Int64(first?.first ?? 0)),
            // The old form of key places knows one range: from the first key to the last one.
            .integer(Int64(last.map { $0.last < 0 ? $0.last : $0.first + $0.last } ?? 0)),
            .integer(Int64(first?.step ?? 0)),
            .set(statuses(spec.categories.rawValue, CommandCategories.names)),
            .set(spec.tips.map { .bulk($0) }),
            .set(spec.keys.map(keySpec)),
            .set(spec.subcommands.map(info)),
        ])
    }

    private static func statuses(_ bits: UInt16, _ names: [String]) -> [Reply] {
        names.indices.filter { bits & 1 << UInt16($0) != 0 }.map { .simple(names[$0]) }
    }

    private static func keySpec(_ keys: KeySpec) -> Reply {
        let notes: [Reply] = keys.notes.map { [.bulk("notes"), .bulk($0)] } ?? []
        return .map(
            notes + [
                .bulk("flags"), .set(statuses(keys.access.rawValue, KeyAccess.names)),
                .bulk("begin_search"),
                .map([
                    .bulk("type"), .bulk("index"),
                    .bulk("spec"), .map([.bulk("index"), .integer(Int64(keys.first))]),
                ]),
                .bulk("find_keys"),
                .map([
                    .bulk("type"), .bulk("range"),
                    .bulk("spec"),
                    .map([
                        .bulk("lastkey"), .integer(Int64(keys.last)),
                        .bulk("keystep"), .integer(Int64(keys.step)),
                        .bulk("limit"), .integer(0),
                    ]),
                ]),
            ])
    }

    // MARK: Docs

    private static func docs(of arguments: [[UInt8]]) -> Reply {
        let specs = arguments.count == 2 ? all : arguments.dropFirst(2).compactMap(find)
        return .map(specs.flatMap(namedDocs))
    }

    private static func namedDocs(of spec: CommandSpec) -> [Reply] {
        [.bulk(spec.name), docs(of: spec)]
    }

    private static func docs(of spec: CommandSpec) -> Reply {
        var parts: [Reply] = [
            .bulk("summary"), .bulk(spec.summary),
            .bulk("since"), .bulk(spec.since),
            .bulk("group"), .bulk(spec.group.rawValue),
        ]
        if !spec.complexity.isEmpty { parts += [.bulk("complexity"), .bulk(spec.complexity)] }
        if let deprecation = spec.deprecation {
            parts += [
                .bulk("doc_flags"), .set([.simple("deprecated")]),
                .bulk("deprecated_since"), .bulk(deprecation.since),
                .bulk("replaced_by"), .bulk(deprecation.replacement),
            ]
        }
        if !spec.subcommands.isEmpty {
            parts += [.bulk("subcommands"), .map(spec.subcommands.flatMap(namedDocs))]
        }
        return .map(parts)
    }

    // MARK: List

    private static func list(_ arguments: [[UInt8]]) -> Reply {
        guard arguments.count > 2 else { return .array(flat.map { .bulk($0.name) }) }
        guard arguments.count == 5, Keyword(arguments[2]) == .filterBy else {
            return .error(CommandFailure.syntax.text)
        }
        let wanted = arguments[4]
        let matches: [CommandSpec]
        switch Keyword(arguments[3]) {
        // There are no modules.
        case .module: matches = []
        case .aclCategory:
            let name = "@" + String(decoding: wanted, as: UTF8.self).lowercased()
            matches = flat.filter { $0.categories.isNamed(name) }
        case .pattern:
            let glob = Glob(wanted)
            matches = flat.filter { glob.matches(Array($0.name.utf8)) }
        default: return .error(CommandFailure.syntax.text)
        }
        return .array(matches.map { .bulk($0.name) })
    }

    // MARK: Keys

    private static func keys(of arguments: [[UInt8]], withAccess: Bool) -> Reply {
        let words = Array(arguments.dropFirst(2))
        guard let container = words.first.flatMap({ find(Keyword($0), nil) }),
            let spec = container.subcommands.isEmpty || words.count < 2
                ? container : container.subcommand(Keyword(words[1]))
        else { return .error("ERR Invalid command specified") }
        guard !spec.keys.isEmpty else {
            return .error("ERR The command has no key arguments")
        }
        guard spec.accepts(argumentCount: words.count) else {
            return .error("ERR Invalid number of arguments specified for command")
        }
        return .array(
            spec.keys.flatMap { keys in
                keys.places(argumentCount: words.count).map { place in
                    let key = Reply.bulk(words[place])
                    let access = statuses(keys.access.rawValue, KeyAccess.names)
                    return withAccess ? .array([key, .set(access)]) : key
                }
            })
    }
}

extension CommandCategories {
    fileprivate func isNamed(_ name: String) -> Bool {
        Self.names.firstIndex(of: name).map { rawValue & 1 << UInt16($0) != 0 } ?? false
    }
}
