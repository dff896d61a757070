// String values. Names, arities, flags and texts are Redis'.

extension CommandTable {
    static let strings: [CommandSpec] = [
        CommandSpec(
            .get, "get", arity: 2, group: .string, since: "1.0.0",
            flags: [.readonly, .fast],
            categories: [.read, .string, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readOnly, .access])],
            complexity: "O(1)",
            summary: "Get the value of a key"),
        CommandSpec(
            .set, "set", arity: -3, group: .string, since: "1.0.0",
            flags: [.write, .denyoom],
            categories: [.write, .string, .slow],
            keys: [
                KeySpec(
                    from: 1, last: 0, step: 1, [.readWrite, .access, .update, .variable],
                    notes: "RW and ACCESS due to the optional `GET` argument")
            ],
            complexity: "O(1)",
            summary: "Set the string value of a key"),
        CommandSpec(
            .getEx, "getex", arity: -2, group: .string, since: "6.2.0",
            flags: [.write, .fast],
            categories: [.write, .string, .fast],
            keys: [
                KeySpec(
                    from: 1, last: 0, step: 1, [.readWrite, .access, .update],
                    notes: "RW and UPDATE because it changes the TTL")
            ],
            complexity: "O(1)",
            summary: "Get the value of a key and optionally set its expiration"),
        CommandSpec(
            .getDel, "getdel", arity: 2, group: .string, since: "6.2.0",
            flags: [.write, .fast],
            categories: [.write, .string, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .access, .delete])],
            complexity: "O(1)",
            summary: "Get the value of a key and delete the key"),
        CommandSpec(
            .getSet, "getset", arity: 3, group: .string, since: "1.0.0",
            flags: [.write, .denyoom, .fast],
            categories: [.write, .string, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .access, .update])],
            complexity: "O(1)",
            summary: "Set the string value of a key and return its old value",
            deprecation: Deprecation(
                since: "6.2.0",
                replacement: "`SET` with the `!GET` argument")),
        CommandSpec(
            .setEx, "setex", arity: 4, group: .string, since: "2.0.0",
            flags: [.write, .denyoom],
            categories: [.write, .string, .slow],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.overwrite, .update])],
            complexity: "O(1)",
            summary: "Set the value and expiration of a key"),
        CommandSpec(
            .psetEx, "psetex", arity: 4, group: .string, since: "2.6.0",
            flags: [.write, .denyoom],
            categories: [.write, .string, .slow],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.overwrite, .update])],
            complexity: "O(1)",
            summary: "Set the value and expiration in milliseconds of a key"),
        CommandSpec(
            .setNX, "setnx", arity: 3, group: .string, since: "1.0.0",
            flags: [.write, .denyoom, .fast],
            categories: [.write, .string, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.overwrite, .insert])],
            complexity: "O(1)",
            summary: "Set the value of a key, only if the key does not exist"),
        CommandSpec(
            .mget, "mget", arity: -2, group: .string, since: "1.0.0",
            flags: [.readonly, .fast],
            categories: [.read, .string, .fast],
            keys: [KeySpec(from: 1, last: -1, step: 1, [.readOnly, .access])],
            tips: ["request_policy:multi_shard"],
            complexity: "O(N) where N is the number of keys to retrieve.",
            summary: "Get the values of all the given keys"),
        CommandSpec(
            .mset, "mset", arity: -3, group: .string, since: "1.0.1",
            flags: [.write, .denyoom],
            categories: [.write, .string, .slow],
            keys: [KeySpec(from: 1, last: -1, step: 2, [.overwrite, .update])],
            tips: ["request_policy:multi_shard", "response_policy:all_succeeded"],
            complexity: "O(N) where N is the number of keys to set.",
            summary: "Set multiple keys to multiple values"),
        CommandSpec(
            .msetNX, "msetnx", arity: -3, group: .string, since: "1.0.1",
            flags: [.write, .denyoom],
            categories: [.write, .string, .slow],
            keys: [KeySpec(from: 1, last: -1, step: 2, [.overwrite, .insert])],
            tips: ["request_policy:multi_shard", "response_policy:agg_min"],
            complexity: "O(N) where N is the number of keys to set.",
            summary: "Set multiple keys to multiple values, only if none of the keys exist"),
        CommandSpec(
            .append, "append", arity: 3, group: .string, since: "2.0.0",
            flags: [.write, .denyoom, .fast],
            categories: [.write, .string, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .insert])],
            complexity: """
                O(1). The amortized time complexity is O(1) assuming the appended value is small\
                 and the already present value is of any size, since the dynamic string library \
                used by Redis will double the free space available on every reallocation.
                """,
            summary: "Append a value to a key"),
        CommandSpec(
            .strlen, "strlen", arity: 2, group: .string, since: "2.2.0",
            flags: [.readonly, .fast],
            categories: [.read, .string, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readOnly])],
            complexity: "O(1)",
            summary: "Get the length of the value stored in a key"),
        CommandSpec(
            .getRange, "getrange", arity: 4, group: .string, since: "2.4.0",
            flags: [.readonly],
            categories: [.read, .string, .slow],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readOnly, .access])],
            complexity: """
                O(N) where N is the length of the returned string. The complexity is ultimately \
                determined by the returned length, but because creating a substring from an \
                existing string is very cheap, it can be considered O(1) for small strings.
                """,
            summary: "Get a substring of the string stored at a key"),
        CommandSpec(
            .substr, "substr", arity: 4, group: .string, since: "1.0.0",
            flags: [.readonly],
            categories: [.read, .string, .slow],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readOnly, .access])],
            complexity: """
                O(N) where N is the length of the returned string. The complexity is ultimately \
                determined by the returned length, but because creating a substring from an \
                existing string is very cheap, it can be considered O(1) for small strings.
                """,
            summary: "Get a substring of the string stored at a key",
            deprecation: Deprecation(
                since: "2.0.0",
                replacement: "`GETRANGE`")),
        CommandSpec(
            .setRange, "setrange", arity: 4, group: .string, since: "2.2.0",
            flags: [.write, .denyoom],
            categories: [.write, .string, .slow],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .update])],
            complexity: """
                O(1), not counting the time taken to copy the new string in place. Usually, this\
                 string is very small so the amortized complexity is O(1). Otherwise, complexity\
                 is O(M) with M being the length of the value argument.
                """,
            summary: "Overwrite part of a string at key starting at the specified offset"),
        CommandSpec(
            .incr, "incr", arity: 2, group: .string, since: "1.0.0",
            flags: [.write, .denyoom, .fast],
            categories: [.write, .string, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .access, .update])],
            complexity: "O(1)",
            summary: "Increment the integer value of a key by one"),
        CommandSpec(
            .incrBy, "incrby", arity: 3, group: .string, since: "1.0.0",
            flags: [.write, .denyoom, .fast],
            categories: [.write, .string, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .access, .update])],
            complexity: "O(1)",
            summary: "Increment the integer value of a key by the given amount"),
        CommandSpec(
            .decr, "decr", arity: 2, group: .string, since: "1.0.0",
            flags: [.write, .denyoom, .fast],
            categories: [.write, .string, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .access, .update])],
            complexity: "O(1)",
            summary: "Decrement the integer value of a key by one"),
        CommandSpec(
            .decrBy, "decrby", arity: 3, group: .string, since: "1.0.0",
            flags: [.write, .denyoom, .fast],
            categories: [.write, .string, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .access, .update])],
            complexity: "O(1)",
            summary: "Decrement the integer value of a key by the given number"),
        CommandSpec(
            .incrByFloat, "incrbyfloat", arity: 3, group: .string, since: "2.6.0",
            flags: [.write, .denyoom, .fast],
            categories: [.write, .string, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .access, .update])],
            complexity: "O(1)",
            summary: "Increment the float value of a key by the given amount"),
        CommandSpec(
            .lcs, "lcs", arity: -3, group: .string, since: "7.0.0",
            flags: [.readonly],
            categories: [.read, .string, .slow],
            keys: [KeySpec(from: 1, last: 1, step: 1, [.readOnly, .access])],
            complexity: "O(N*M) where N and M are the lengths of s1 and s2, respectively",
            summary: "Find longest common substring"),
    ]
}
