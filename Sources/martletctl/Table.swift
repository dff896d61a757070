/// A table for a terminal: columns as wide as they need, numbers to the right.
struct Table {
    enum Alignment { case left, right }

    private let columns: [(title: String, alignment: Alignment)]
    private var rows: [[String]] = []

    init(_ columns: [(title: String, alignment: Alignment)]) { self.columns = columns }

    mutating func append(_ cells: [String]) { rows.append(cells.map(Self.printable)) }

    /// The lines, each with its end. Nothing after the last column's text.
    var text: String {
        let titles = columns.map(\.title)
        let widths = columns.indices.map { column in
            (rows + [titles]).reduce(0) { max($0, $1[column].count) }
        }
        return ([titles] + rows).map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                line += columns[column].alignment == .right ? padding + cell : cell + padding
                if column < row.count - 1 { line += "  " }
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }

    /// Control characters as escapes: a key or a node's name must not command the terminal.
    static func printable(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                out += "\\u{\(String(scalar.value, radix: 16))}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
