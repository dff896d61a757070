/// What is to be known of a command before it is run: the one source of arity errors, of
/// `COMMAND`'s replies and of what a session may run when.
public struct CommandSpec: Sendable {
    public let id: CommandID
    /// In lower case; a subcommand's begins with its container's, as in `client|id`.
    public let name: String
    /// Words including the name; negative for a least number of them.
    public let arity: Int
    public let group: CommandGroup
    /// The version of Redis that first had it; of Martlet for Martlet's own.
    public let since: String
    public let flags: CommandFlags
    public let categories: CommandCategories
    public let keys: [KeySpec]
    /// Hints for clients and proxies, as Redis words them.
    public let tips: [String]
    public let complexity: String
    public let summary: String
    public let deprecation: Deprecation?
    public let subcommands: [CommandSpec]

    init(
        _ id: CommandID, _ name: String, arity: Int, group: CommandGroup, since: String,
        flags: CommandFlags, categories: CommandCategories, keys: [KeySpec] = [],
        tips: [String] = [], complexity: String = "", summary: String,
        deprecation: Deprecation? = nil, subcommands: [CommandSpec] = []
    ) {
        self.id = id
        self.name = name
        self.arity = arity
        self.group = group
        self.since = since
        self.flags = flags
        self.categories = categories
        self.keys = keys
        self.tips = tips
        self.complexity = complexity
        self.summary = summary
        self.deprecation = deprecation
        self.subcommands = subcommands
    }

    public func accepts(argumentCount: Int) -> Bool {
        arity >= 0 ? argumentCount == arity : argumentCount >= -arity
    }

    /// Redis' answer to a wrong number of words.
    var arityFailure: CommandFailure {
        CommandFailure("ERR wrong number of arguments for '\(name)' command")
    }
}

/// That a command should no longer be used, though it works.
public struct Deprecation: Sendable {
    /// The version of Redis that discouraged it first.
    public let since: String
    /// What Redis tells to use instead.
    public let replacement: String
}

/// Where a command's keys stand among its words.
public struct KeySpec: Sendable {
    /// Place of the first key.
    public let first: Int
    /// Place of the last key counted from the first one; negative counts from the last word.
    public let last: Int
    public let step: Int
    public let access: KeyAccess
    /// What Redis has to add.
    public let notes: String?

    init(
        from first: Int, last: Int, step: Int, _ access: KeyAccess, notes: String? = nil
    ) {
        self.first = first
        self.last = last
        self.step = step
        self.access = access
        self.notes = notes
    }

    /// Places of the keys in a command of `argumentCount` words.
    func places(argumentCount: Int) -> [Int] {
        let end = last >= 0 ? first + last : argumentCount + last
        guard first < argumentCount, first <= end else { return [] }
        return Array(stride(from: first, through: min(end, argumentCount - 1), by: step))
    }
}

/// What a command is about, in the words of `COMMAND DOCS`.
public enum CommandGroup: String, Sendable {
    case connection, server, generic, string, bitmap, cluster, martlet
}

/// Flags in the order in which Redis lists them.
public struct CommandFlags: OptionSet, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let write = CommandFlags(rawValue: 1 << 0)
    public static let readonly = CommandFlags(rawValue: 1 << 1)
    /// Refused when memory is short.
    public static let denyoom = CommandFlags(rawValue: 1 << 2)
    public static let admin = CommandFlags(rawValue: 1 << 3)
    public static let noscript = CommandFlags(rawValue: 1 << 4)
    public static let loading = CommandFlags(rawValue: 1 << 5)
    public static let stale = CommandFlags(rawValue: 1 << 6)
    public static let fast = CommandFlags(rawValue: 1 << 7)
    /// Allowed before `AUTH`.
    public static let noAuth = CommandFlags(rawValue: 1 << 8)
    public static let noMulti = CommandFlags(rawValue: 1 << 9)
    public static let allowBusy = CommandFlags(rawValue: 1 << 10)

    static let names = [
        "write", "readonly", "denyoom", "admin", "noscript", "loading", "stale", "fast", "no_auth",
        "no_multi", "allow_busy",
    ]
}

/// Categories of access control in the order in which Redis lists them.
public struct CommandCategories: OptionSet, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let keyspace = CommandCategories(rawValue: 1 << 0)
    public static let read = CommandCategories(rawValue: 1 << 1)
    public static let write = CommandCategories(rawValue: 1 << 2)
    public static let string = CommandCategories(rawValue: 1 << 3)
    public static let bitmap = CommandCategories(rawValue: 1 << 4)
    public static let admin = CommandCategories(rawValue: 1 << 5)
    public static let fast = CommandCategories(rawValue: 1 << 6)
    public static let slow = CommandCategories(rawValue: 1 << 7)
    public static let dangerous = CommandCategories(rawValue: 1 << 8)
    public static let connection = CommandCategories(rawValue: 1 << 9)

    static let names = [
        "@keyspace", "@read", "@write", "@string", "@bitmap", "@admin", "@fast", "@slow",
        "@dangerous", "@connection",
    ]
}

/// What a command does to a key, in the order in which Redis lists it.
public struct KeyAccess: OptionSet, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let readOnly = KeyAccess(rawValue: 1 << 0)
    public static let readWrite = KeyAccess(rawValue: 1 << 1)
    public static let overwrite = KeyAccess(rawValue: 1 << 2)
    public static let remove = KeyAccess(rawValue: 1 << 3)
    public static let access = KeyAccess(rawValue: 1 << 4)
    public static let update = KeyAccess(rawValue: 1 << 5)
    public static let insert = KeyAccess(rawValue: 1 << 6)
    public static let delete = KeyAccess(rawValue: 1 << 7)
    /// What is done depends on the other words.
    public static let variable = KeyAccess(rawValue: 1 << 8)

    static let names = [
        "RO", "RW", "OW", "RM", "access", "update", "insert", "delete", "variable_flags",
    ]
}
