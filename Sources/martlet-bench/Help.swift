internal import Essentials

/// What `martlet-bench --help` prints.
enum Help {
    /// Columns of a line; the text of options begins at `indentation`.
    private static let width = 96
    private static let indentation = 28

    static let versionLine = "martlet-bench \(Release.version)\n"

    static var text: String {
        var out = """
            Usage: martlet-bench [OPTION]... WORKLOAD

            Puts load on servers that speak the Redis protocol (or on etcd), and measures them.

            Workloads:

            """
        for workload in Workload.all { out += entry(workload.name, workload.summary) }
        for section in Option.sections {
            out += "\n\(section.title):\n"
            for option in section.options {
                let name = option.short.map { "\(option.name), \($0)" } ?? option.name
                out += entry(option.placeholder.map { "\(name) \($0)" } ?? name, option.help)
            }
        }
        return out + """

            Latencies are in milliseconds and of successful operations only; errors are counted by their
            code. A read of a key that is not there succeeds, and is counted as absent.

            Exit status: 0 done, 1 nothing succeeded or a wrong value was read, 2 wrong usage.

            """
    }

    /// One line for a name, and as many as its text needs.
    private static func entry(_ name: String, _ text: String) -> String {
        var out = "  " + name
        var column = name.count + 2
        if column >= indentation { (out, column) = (out + "\n", 0) }
        for (index, word) in text.split(separator: " ").enumerated() {
            if index > 0, column + 1 + word.count > width { (out, column) = (out + "\n", 0) }
            let gap = column < indentation ? indentation - column : 1
            out += String(repeating: " ", count: gap) + word
            column += gap + word.count
        }
        return out + "\n"
    }
}
