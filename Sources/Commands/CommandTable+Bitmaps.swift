// Strings taken as arrays of bits. Names, arities, flags and texts are Redis'.

extension CommandTable {
    static let bitmaps: [CommandSpec] = [
        CommandSpec(
            .getBit, "getbit", arity: 3, group: .bitmap, since: "2.2.0",
            flags: [.readonly, .fast],
            categories: [.read, .bitmap, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readOnly, .access])],
            complexity: "O(1)",
            summary: "Returns the bit value at offset in the string value stored at key"),
        CommandSpec(
            .setBit, "setbit", arity: 4, group: .bitmap, since: "2.2.0",
            flags: [.write, .denyoom],
            categories: [.write, .bitmap, .slow],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .access, .update])],
            complexity: "O(1)",
            summary: "Sets or clears the bit at offset in the string value stored at key"),
        CommandSpec(
            .bitCount, "bitcount", arity: -2, group: .bitmap, since: "2.6.0",
            flags: [.readonly],
            categories: [.read, .bitmap, .slow],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readOnly, .access])],
            complexity: "O(N)",
            summary: "Count set bits in a string"),
        CommandSpec(
            .bitPos, "bitpos", arity: -3, group: .bitmap, since: "2.8.7",
            flags: [.readonly],
            categories: [.read, .bitmap, .slow],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readOnly, .access])],
            complexity: "O(N)",
            summary: "Find first bit set or clear in a string"),
        CommandSpec(
            .bitField, "bitfield", arity: -2, group: .bitmap, since: "3.2.0",
            flags: [.write, .denyoom],
            categories: [.write, .bitmap, .slow],
            keys: [
                KeySpec(
                    from: 1, last: 0, step: 1, [.readWrite, .access, .update, .variable],
                    notes: "This command allows both access and modification of the key")
            ],
            complexity: "O(1) for each subcommand specified",
            summary: "Perform arbitrary bitfield integer operations on strings"),
        CommandSpec(
            .bitFieldReadOnly, "bitfield_ro", arity: -2, group: .bitmap, since: "6.0.0",
            flags: [.readonly, .fast],
            categories: [.read, .bitmap, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readOnly, .access])],
            complexity: "O(1) for each subcommand specified",
            summary: """
                Perform arbitrary bitfield integer operations on strings. Read-only variant of \
                BITFIELD
                """),
        CommandSpec(
            .bitOp, "bitop", arity: -4, group: .bitmap, since: "2.6.0",
            flags: [.write, .denyoom],
            categories: [.write, .bitmap, .slow],
            keys: [
                KeySpec(from: 2, last: 0, step: 1, [.overwrite, .update]),
                KeySpec(from: 3, last: -1, step: 1, [.readOnly, .access]),
            ],
            complexity: "O(N)",
            summary: "Perform bitwise operations between strings"),
    ]
}
