/// The texts that are made of the table of settings: `martlet --help` and `config/martlet.conf`.
enum Manual {
    /// What `martlet --help` prints.
    static var help: String {
        let width = 34
        var out = """
            Usage: martlet [FILE] [--NAME VALUE]...

            Runs one node of a Martlet cluster. FILE has one setting a line, `name value`, with the
            same names; the command line goes over the file. Bytes take kb, mb, gb and tb; times
            take ms, s, m and h.

              martlet                                      a cluster of one, on 127.0.0.1:7379
              martlet martlet.conf --log-level debug
              martlet --data-dir b --listen 127.0.0.1:7389 --peer-listen 127.0.0.1:7390 \\
                      --admin-listen 127.0.0.1:7391 --join 127.0.0.1:7380

              --help, -h                        Print this.
              --version, -v                     Print the version.
              --print-config                    Print a configuration file that explains everything.

            """
        for section in Setting.Section.allCases {
            out += "\n\(section.rawValue):\n"
            for setting in Setting.all where setting.section == section {
                let flag = "  --\(setting.name) \(setting.placeholder)"
                out += flag
                out +=
                    flag.count < width
                    ? String(repeating: " ", count: width - flag.count)
                    : "\n" + String(repeating: " ", count: width)
                let text = setting.summary
                out += text.prefix(1).uppercased() + text.dropFirst()
                let isShown = !setting.defaultText.isEmpty
                out += isShown ? " (\(setting.defaultText)).\n" : ".\n"
            }
        }
        return out
    }

    /// What `martlet --print-config` prints: every setting at its default, explained.
    static var file: String {
        var out = """
            # Martlet's configuration: one setting a line, `name value`. This file has every setting
            # at its default and explains it; a file of your own needs only what differs.
            #
            #     martlet martlet.conf [--NAME VALUE]...
            #
            # Flags have the same names and go over the file. Bytes take units: 1k is 1000 and 1kb
            # is 1024, likewise m and mb, g and gb, t and tb, in any case. Times take ms, s, m and
            # h. Values with spaces stand in "double" or 'single' quotes. What can be changed while the
            # server runs can be with CONFIG SET or `martletctl config set`; CONFIG REWRITE then
            # writes it into the file.
            #
            # Made by `martlet --print-config` from the table in the source: change it there.

            """
        for section in Setting.Section.allCases {
            out += "\n\n# ---- \(section.rawValue) "
            out += String(repeating: "-", count: max(4, 90 - section.rawValue.count)) + "\n"
            for setting in Setting.all where setting.section == section {
                out += "\n" + entry(setting)
            }
        }
        return out
    }

    private static func entry(_ setting: Setting) -> String {
        let summary = setting.summary.prefix(1).uppercased() + setting.summary.dropFirst()
        var out = "# \(summary).\n"
        for line in setting.manual.split(separator: "\n", omittingEmptySubsequences: false) {
            out += "# \(line)\n"
        }
        var facts = "Must be \(setting.rule)."
        facts += setting.isRepeatable ? " May be given more than once." : ""
        facts += setting.isChangeable ? " Can be changed while running." : ""
        switch setting.agreement {
        case .own: break
        case .same: facts += " Should be the same on all nodes."
        case .founded: facts += " Fixed when the cluster is made."
        }
        for line in wrapped(facts, width: 88) { out += "# \(line)\n" }
        // Nothing to show for what is empty by default: a line to copy stays a comment.
        let isEmpty = setting.defaultText.isEmpty
        let value = isEmpty ? setting.placeholder : setting.defaultText
        return out + (isEmpty ? "# " : "") + ConfigurationFile.format(setting.name, [value]) + "\n"
    }

    private static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + word.count >= width {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? "\(word)" : " \(word)"
        }
        return line.isEmpty ? lines : lines + [line]
    }
}
