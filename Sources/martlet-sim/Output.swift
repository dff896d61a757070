internal import Glibc

/// What the program writes.
enum Output {
    static let isTerminal = isatty(STDERR_FILENO) == 1

    static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            // A reader that went away, such as `head`, wants no more.
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(0, count))
        }
    }

    static func complain(_ text: String) { write(text, to: STDERR_FILENO) }

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

    /// 1234567 as 1,234,567.
    static func grouped(_ number: Int) -> String {
        var out = ""
        for (index, digit) in "\(abs(number))".reversed().enumerated() {
            if index > 0, index.isMultiple(of: 3) { out = "," + out }
            out = "\(digit)" + out
        }
        return number < 0 ? "-" + out : out
    }
}
