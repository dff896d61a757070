internal import Platform

/// What the program writes.
enum Output {
    static let isTerminal = CommandLineTool.Stream.error.isTerminal

    static func write(_ text: String) { CommandLineTool.write(text) }

    static func complain(_ text: String) { CommandLineTool.write(text, to: .error) }

    /// Text in columns, each as wide as it needs; the last one is not filled up. Columns in
    /// `right` stand to the right.
    static func columns(_ rows: [[String]], right: Set<Int> = []) -> String {
        var widths: [Int] = []
        for row in rows {
            for (index, cell) in row.enumerated() {
                if index == widths.count { widths.append(0) }
                widths[index] = max(widths[index], cell.count)
            }
        }
        return rows.map { row in
            var line = ""
            for (index, cell) in row.enumerated() {
                let gap = String(repeating: " ", count: widths[index] - cell.count)
                line += right.contains(index) ? gap + cell : cell + gap
                line += "  "
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}
