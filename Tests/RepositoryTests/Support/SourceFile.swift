/// A Swift file: its text, and its code without the words in comments and strings.
struct SourceFile {
    let path: String
    let lines: [String]
    /// The lines with comments blanked out and strings filled with quotation marks, so that a rule
    /// about code does not trip over prose.
    let codeLines: [String]

    init(path: String) { self.init(path: path, text: Repository.text(path)) }

    init(path: String, text: String) {
        self.path = path
        lines = Self.lines(of: text)
        codeLines = Self.lines(of: CodeFilter.code(of: text))
    }

    /// The target that the file belongs to: the folder below Sources or Tests.
    var target: String { String(path.split(separator: "/").dropFirst().first ?? "") }

    /// The modules that the file imports.
    var imports: [(module: String, line: Int)] {
        codeLines.enumerated().compactMap { index, line in
            guard line.contains("import "),
                let match = line.firstMatch(of: /^(?:@?[a-z]+ )*import (?:struct )?(\w+)/)
            else { return nil }
            return (String(match.1), index + 1)
        }
    }

    /// Lines of code that `pattern` matches.
    func code(matching pattern: Regex<some Any>) -> [Violation] {
        codeLines.enumerated().compactMap { index, line in
            guard !line.isEmpty, line.contains(pattern) else { return nil }
            return Violation(path: path, line: index + 1, text: Violation.trimmed(lines[index]))
        }
    }

    private static func lines(of text: String) -> [String] {
        var all = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if all.last == "" { all.removeLast() }
        return all
    }
}
