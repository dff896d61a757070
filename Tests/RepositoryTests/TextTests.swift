import Testing

/// What a program can check of how the source reads.
@Suite struct TextTests {
    /// Most files are far shorter; one that reaches this holds more than one idea.
    private static let fileLinesMax = 600
    private static let lineCharactersMax = 100
    private static let functionLinesMax = 70

    @Test func `no file is long`() {
        let long = Repository.allSwift.filter { $0.lines.count > Self.fileLinesMax }
        #expect(long.map(\.path) == [])
    }

    /// Text in string literals may be as long as it has to be.
    @Test func `no line is long`() {
        let long = Repository.allSwift.flatMap { file in
            file.lines.indices.filter { index in
                file.lines[index].utf8.count > Self.lineCharactersMax
                    && file.lines[index].count > Self.lineCharactersMax
                    && file.codeLines[index].dropFirst(Self.lineCharactersMax).first != "\""
            }.map { index in
                let count = file.lines[index].count
                return Violation(path: file.path, line: index + 1, text: "\(count) characters")
            }
        }
        #expect(long == [])
    }

    @Test func `no function is long`() {
        let long = Repository.allSwift.flatMap { file in
            FunctionLengths.functions(in: file).filter { $0.lines > Self.functionLinesMax }
                .map { Violation(path: file.path, line: $0.line, text: "\($0.lines) lines") }
        }
        #expect(long == [])
    }

    @Test func `nothing is left for later`() {
        // In pieces, or this file would be found.
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK"]
        #expect(violations(of: marks) == [])
    }

    @Test func `no file names a place of one machine`() {
        // In pieces, or this file would be found.
        let places = ["home", "root", "Users", "work", "opt"].map { "/" + $0 + "/" }
        #expect(violations(of: places) == [])
        for path in Repository.prose + ["tools/run", "tools/test", "tools/setup"] {
            #expect(places.filter { Repository.text(path).contains($0) } == [], "in \(path)")
        }
    }

    @Test func `an error is never dropped without a word`() {
        let dropped = /^ *(?:_ = )?try\?|\bcatch *(?:[\w.]+ *)?\{ *\}/
        let found = Repository.sources.flatMap { $0.code(matching: dropped) }
        let unexplained = found.filter { violation in
            // A comment at the end of the line, or above it, says why.
            guard let file = Repository.sources.first(where: { $0.path == violation.path })
            else { return true }
            let above = violation.line > 1 ? file.lines[violation.line - 2] : ""
            return !above.contains("//") && !violation.text.contains("//")
        }
        #expect(unexplained == [])
    }

    @Test func `names are words`() {
        let abbreviations = /\b(?:ctx|mgr|vclock|preflist|apl|cfg|msg|buf|tmp|cnt|ptr)\b/
        #expect(Repository.sources.flatMap { $0.code(matching: abbreviations) } == [])
    }

    @Test func `public types of pure targets say what they are`() {
        let pure = LayerTable().pure
        let declaration = /^public (?:final |indirect )?(?:struct|enum|class|protocol)\b/
        for file in Repository.sources where pure.contains(file.target) {
            let undocumented = file.code(matching: declaration).filter { violation in
                var above = violation.line - 2
                while above >= 0, file.lines[above].hasPrefix("@") { above -= 1 }
                return above < 0 || !file.lines[above].hasPrefix("///")
            }
            #expect(undocumented == [])
        }
    }

    private func violations(of words: [String]) -> [Violation] {
        Repository.allSwift.flatMap { file in
            file.lines.enumerated().compactMap { index, line in
                guard words.contains(where: { line.contains($0) }) else { return nil }
                return Violation(
                    path: file.path, line: index + 1, text: Violation.trimmed(line))
            }
        }
    }
}
