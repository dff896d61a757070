/// Measures functions by matching braces: as good as needed for a limit, without a parser.
enum FunctionLengths {
    struct Function {
        var line: Int
        var lines: Int
    }

    static func functions(in file: SourceFile) -> [Function] {
        let start = /^ *(?:@?\w+(?:\([^)]*\))? )*(?:func |init[?(<]|deinit\b)/
        return file.codeLines.indices.compactMap { index in
            guard file.codeLines[index].contains(start) else { return nil }
            return length(from: index, in: file.codeLines)
                .map { Function(line: index + 1, lines: $0) }
        }
    }

    /// Nil for a declaration without a body.
    private static func length(from start: Int, in lines: [String]) -> Int? {
        var parentheses = 0
        var braces = 0
        for index in start..<lines.count {
            if index > start, braces == 0, parentheses == 0,
                lines[index].contains(/^ *(?:@?\w+ )*(?:func|var|let|init|case)\b/)
            {
                return nil
            }
            for character in lines[index] {
                switch character {
                case "(", "[": if braces == 0 { parentheses += 1 }
                case ")", "]": if braces == 0 { parentheses -= 1 }
                case "{" where parentheses == 0: braces += 1
                case "}" where parentheses == 0:
                    braces -= 1
                    if braces < 0 { return nil }
                    if braces == 0 { return index - start + 1 }
                default: break
                }
            }
        }
        return nil
    }
}
