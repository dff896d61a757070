// Keys, whatever their values. Names, arities, flags and texts are Redis'.

extension CommandTable {
    static let keys: [CommandSpec] = [
        CommandSpec(
            .del, "del", arity: -2, group: .generic, since: "1.0.0",
            flags: [.write],
            categories: [.keyspace, .write, .slow],
            keys: [KeySpec(from: 1, last: -1, step: 1, [.remove, .delete])],
            tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
            complexity: """
                O(N) where N is the number of keys that will be removed. When a key to remove \
                holds a value other than a string, the individual complexity for this key is \
                O(M) where M is the number of elements in the list, set, sorted set or hash. \
                Removing a single key that holds a string value is O(1).
                """,
            summary: "Delete a key"),
        CommandSpec(
            .unlink, "unlink", arity: -2, group: .generic, since: "4.0.0",
            flags: [.write, .fast],
            categories: [.keyspace, .write, .fast],
            keys: [KeySpec(from: 1, last: -1, step: 1, [.remove, .delete])],
            tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
            complexity: """
                O(1) for each key removed regardless of its size. Then the command does O(N) \
                work in a different thread in order to reclaim memory, where N is the number of \
                allocations the deleted objects where composed of.
                """,
            summary: """
                Delete a key asynchronously in another thread. Otherwise it is just as DEL, but \
                non blocking.
                """),
        CommandSpec(
            .exists, "exists", arity: -2, group: .generic, since: "1.0.0",
            flags: [.readonly, .fast],
            categories: [.keyspace, .read, .fast],
            keys: [KeySpec(from: 1, last: -1, step: 1, [.readOnly])],
            tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
            complexity: "O(N) where N is the number of keys to check.",
            summary: "Determine if a key exists"),
        CommandSpec(
            .type, "type", arity: 2, group: .generic, since: "1.0.0",
            flags: [.readonly, .fast],
            categories: [.keyspace, .read, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readOnly])],
            complexity: "O(1)",
            summary: "Determine the type stored at key"),
        CommandSpec(
            .touch, "touch", arity: -2, group: .generic, since: "3.2.1",
            flags: [.readonly, .fast],
            categories: [.keyspace, .read, .fast],
            keys: [KeySpec(from: 1, last: -1, step: 1, [.readOnly])],
            tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
            complexity: "O(N) where N is the number of keys that will be touched.",
            summary: """
                Alters the last access time of a key(s). Returns the number of existing keys \
                specified.
                """),
        CommandSpec(
            .expire, "expire", arity: -3, group: .generic, since: "1.0.0",
            flags: [.write, .fast],
            categories: [.keyspace, .write, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .update])],
            complexity: "O(1)",
            summary: "Set a key's time to live in seconds"),
        CommandSpec(
            .pexpire, "pexpire", arity: -3, group: .generic, since: "2.6.0",
            flags: [.write, .fast],
            categories: [.keyspace, .write, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .update])],
            complexity: "O(1)",
            summary: "Set a key's time to live in milliseconds"),
        CommandSpec(
            .expireAt, "expireat", arity: -3, group: .generic, since: "1.2.0",
            flags: [.write, .fast],
            categories: [.keyspace, .write, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .update])],
            complexity: "O(1)",
            summary: "Set the expiration for a key as a UNIX timestamp"),
        CommandSpec(
            .pexpireAt, "pexpireat", arity: -3, group: .generic, since: "2.6.0",
            flags: [.write, .fast],
            categories: [.keyspace, .write, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .update])],
            complexity: "O(1)",
            summary: "Set the expiration for a key as a UNIX timestamp specified in milliseconds"),
        CommandSpec(
            .ttl, "ttl", arity: 2, group: .generic, since: "1.0.0",
            flags: [.readonly, .fast],
            categories: [.keyspace, .read, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readOnly, .access])],
            tips: ["nondeterministic_output"],
            complexity: "O(1)",
            summary: "Get the time to live for a key in seconds"),
        CommandSpec(
            .pttl, "pttl", arity: 2, group: .generic, since: "2.6.0",
            flags: [.readonly, .fast],
            categories: [.keyspace, .read, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readOnly, .access])],
            tips: ["nondeterministic_output"],
            complexity: "O(1)",
            summary: "Get the time to live for a key in milliseconds"),
        CommandSpec(
            .expireTime, "expiretime", arity: 2, group: .generic, since: "7.0.0",
            flags: [.readonly, .fast],
            categories: [.keyspace, .read, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readOnly, .access])],
            complexity: "O(1)",
            summary: "Get the expiration Unix timestamp for a key"),
        CommandSpec(
            .pexpireTime, "pexpiretime", arity: 2, group: .generic, since: "7.0.0",
            flags: [.readonly, .fast],
            categories: [.keyspace, .read, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readOnly, .access])],
            complexity: "O(1)",
            summary: "Get the expiration Unix timestamp for a key in milliseconds"),
        CommandSpec(
            .persist, "persist", arity: 2, group: .generic, since: "2.2.0",
            flags: [.write, .fast],
            categories: [.keyspace, .write, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .update])],
            complexity: "O(1)",
            summary: "Remove the expiration from a key"),
        CommandSpec(
            .scan, "scan", arity: -2, group: .generic, since: "2.8.0",
            flags: [.readonly],
            categories: [.keyspace, .read, .slow],
            tips: ["nondeterministic_output", "request_policy:special"],
            complexity: """
                O(1) for every call. O(N) for a complete iteration, including enough command \
                calls for the cursor to return back to 0. N is the number of elements inside the\
                 collection.
                """,
            summary: "Incrementally iterate the keys space"),
        CommandSpec(
            .keys, "keys", arity: 2, group: .generic, since: "1.0.0",
            flags: [.readonly],
            categories: [.keyspace, .read, .slow, .dangerous],
            tips: ["request_policy:all_shards", "nondeterministic_output_order"],
            complexity: """
                O(N) with N being the number of keys in the database, under the assumption that \
                the key names in the database and the given pattern have limited length.
                """,
            summary: "Find all keys matching the given pattern"),
        CommandSpec(
            .randomKey, "randomkey", arity: 1, group: .generic, since: "1.0.0",
            flags: [.readonly],
            categories: [.keyspace, .read, .slow],
            tips: ["request_policy:all_shards", "nondeterministic_output"],
            complexity: "O(1)",
            summary: "Return a random key from the keyspace"),
        CommandSpec(
            .rename, "rename", arity: 3, group: .generic, since: "1.0.0",
            flags: [.write],
            categories: [.keyspace, .write, .slow],
            keys: [
                KeySpec(from: 1, last: 0, step: 1, [.readWrite, .access, .delete]),
                KeySpec(from: 2, last: 0, step: 1, [.overwrite, .update]),
            ],
            complexity: "O(1)",
            summary: "Rename a key"),
        CommandSpec(
            .renameNX, "renamenx", arity: 3, group: .generic, since: "1.0.0",
            flags: [.write, .fast],
            categories: [.keyspace, .write, .fast],
            keys: [
                KeySpec(from: 1, last: 0, step: 1, [.readWrite, .access, .delete]),
                KeySpec(from: 2, last: 0, step: 1, [.overwrite, .insert]),
            ],
            complexity: "O(1)",
            summary: "Rename a key, only if the new key does not exist"),
        CommandSpec(
            .copy, "copy", arity: -3, group: .generic, since: "6.2.0",
            flags: [.write, .denyoom],
            categories: [.keyspace, .write, .slow],
            keys: [
                KeySpec(from: 1, last: 0, step: 1, [.readOnly, .access]),
                KeySpec(from: 2, last: 0, step: 1, [.overwrite, .update]),
            ],
            complexity: """
                O(N) worst case for collections, where N is the number of nested items. O(1) for\
                 string values.
                """,
            summary: "Copy a key"),
        CommandSpec(
            .object, "object", arity: -2, group: .generic, since: "2.2.3",
            flags: [],
            categories: [.slow],
            complexity: "Depends on subcommand.",
            summary: "A container for object introspection commands",
            subcommands: [
                CommandSpec(
                    .objectEncoding, "object|encoding", arity: 3, group: .generic, since: "2.2.3",
                    flags: [.readonly],
                    categories: [.keyspace, .read, .slow],
                    keys: [KeySpec(from: 2, last: 0, step: 1, [.readOnly])],
                    tips: ["nondeterministic_output"],
                    complexity: "O(1)",
                    summary: "Inspect the internal encoding of a Redis object"),
                CommandSpec(
                    .objectRefcount, "object|refcount", arity: 3, group: .generic, since: "2.2.3",
                    flags: [.readonly],
                    categories: [.keyspace, .read, .slow],
                    keys: [KeySpec(from: 2, last: 0, step: 1, [.readOnly])],
                    tips: ["nondeterministic_output"],
                    complexity: "O(1)",
                    summary: "Get the number of references to the value of the key"),
                CommandSpec(
                    .objectIdleTime, "object|idletime", arity: 3, group: .generic, since: "2.2.3",
                    flags: [.readonly],
                    categories: [.keyspace, .read, .slow],
                    keys: [KeySpec(from: 2, last: 0, step: 1, [.readOnly])],
                    tips: ["nondeterministic_output"],
                    complexity: "O(1)",
                    summary: "Get the time since a Redis object was last accessed"),
                CommandSpec(
                    .objectFreq, "object|freq", arity: 3, group: .generic, since: "4.0.0",
                    flags: [.readonly],
                    categories: [.keyspace, .read, .slow],
                    keys: [KeySpec(from: 2, last: 0, step: 1, [.readOnly])],
                    tips: ["nondeterministic_output"],
                    complexity: "O(1)",
                    summary: "Get the logarithmic access frequency counter of a Redis object"),
                CommandSpec(
                    .objectHelp, "object|help", arity: 2, group: .generic, since: "6.2.0",
                    flags: [.loading, .stale],
                    categories: [.keyspace, .slow],
                    complexity: "O(1)",
                    summary: "Show helpful text about the different subcommands"),
            ]),
        CommandSpec(
            .dump, "dump", arity: 2, group: .generic, since: "2.6.0",
            flags: [.readonly],
            categories: [.keyspace, .read, .slow],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readOnly, .access])],
            tips: ["nondeterministic_output"],
            complexity: """
                O(1) to access the key and additional O(N*M) to serialize it, where N is the \
                number of Redis objects composing the value and M their average size. For small \
                string values the time complexity is thus O(1)+O(1*M) where M is small, so \
                simply O(1).
                """,
            summary: "Return a serialized version of the value stored at the specified key."),
        CommandSpec(
            .restore, "restore", arity: -4, group: .generic, since: "2.6.0",
            flags: [.write, .denyoom],
            categories: [.keyspace, .write, .slow, .dangerous],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.overwrite, .update])],
            complexity: """
                O(1) to create the new key and additional O(N*M) to reconstruct the serialized \
                value, where N is the number of Redis objects composing the value and M their \
                average size. For small string values the time complexity is thus O(1)+O(1*M) \
                where M is small, so simply O(1). However for sorted set values the complexity \
                is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).
                """,
            summary: """
                Create a key using the provided serialized value, previously obtained using \
                DUMP.
                """),
    ]
}
