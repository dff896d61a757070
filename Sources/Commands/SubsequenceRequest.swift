internal import Wire

/// `LCS`: the longest common subsequence of two values.
///
/// The table takes four bytes for each pair of places, and as many steps to fill: it is refused
/// past the size that a value may have, which bounds memory and time alike.
struct SubsequenceRequest: Sendable {
    let left: [UInt8]
    let right: [UInt8]
    private var wantsLength = false
    private var wantsRanges = false
    private var wantsRangeSizes = false
    private var rangeSizeMin: Int64 = 0

    init(_ arguments: some RequestArguments) throws(CommandFailure) {
        left = arguments.argument(1)
        right = arguments.argument(2)
        var index = 3
        while index < arguments.argumentCount {
            switch arguments.keyword(index) {
            case .idx: wantsRanges = true
            case .len: wantsLength = true
            case .withMatchLen: wantsRangeSizes = true
            case .minMatchLen where index + 1 < arguments.argumentCount:
                index += 1
                rangeSizeMin = max(0, try arguments.requiredInteger(index))
            default: throw .syntax
            }
            index += 1
        }
        if wantsLength, wantsRanges {
            throw CommandFailure(
                "ERR If you want both the length and indexes, please just use IDX.")
        }
    }

    func compare(_ replies: [Reply], memorySizeMax: Int) -> Reply {
        let left = replies[0].bulkBytes
        let right = replies[1].bulkBytes
        let (cells, overflow) = (left.count + 1).multipliedReportingOverflow(by: right.count + 1)
        guard !overflow, cells <= memorySizeMax / MemoryLayout<UInt32>.stride else {
            return .error(
                """
                ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len
                """)
        }
        let table = SubsequenceTable(left, right)
        let length = Int64(table.length)
        if wantsLength { return .integer(length) }
        var walk = SubsequenceWalk(table)
        walk.run()
        guard wantsRanges else { return .bulk(walk.subsequence) }
        let matches = walk.ranges.filter { $0.left.count >= rangeSizeMin }.map(reply)
        return .map([.bulk("matches"), .array(matches), .bulk("len"), .integer(length)])
    }

    private func reply(_ match: SubsequenceWalk.Match) -> Reply {
        func bounds(_ range: Range<Int>) -> Reply {
            .array([.integer(Int64(range.lowerBound)), .integer(Int64(range.upperBound - 1))])
        }
        var parts = [bounds(match.left), bounds(match.right)]
        if wantsRangeSizes { parts.append(.integer(Int64(match.left.count))) }
        return .array(parts)
    }
}

/// For all beginnings of two values, how long their longest common subsequence is.
private struct SubsequenceTable {
    let left: [UInt8]
    let right: [UInt8]
    private var lengths: [UInt32]

    init(_ left: [UInt8], _ right: [UInt8]) {
        self.left = left
        self.right = right
        let width = right.count + 1
        lengths = [UInt32](repeating: 0, count: (left.count + 1) * width)
        for row in 0..<left.count {
            for column in 0..<right.count {
                let cell = row * width + column
                lengths[cell + width + 1] =
                    left[row] == right[column]
                    ? lengths[cell] + 1 : max(lengths[cell + 1], lengths[cell + width])
            }
        }
    }

    subscript(row: Int, column: Int) -> UInt32 { lengths[row * (right.count + 1) + column] }

    var length: UInt32 { self[left.count, right.count] }
}

/// Goes through the table from its end to find the subsequence that Redis finds, last match first.
private struct SubsequenceWalk {
    struct Match {
        var left: Range<Int>
        var right: Range<Int>
    }

    private let table: SubsequenceTable
    private(set) var subsequence: [UInt8] = []
    private(set) var ranges: [Match] = []
    private var open: Match?

    init(_ table: SubsequenceTable) { self.table = table }

    mutating func run() {
        var row = table.left.count
        var column = table.right.count
        while row > 0, column > 0 {
            if table.left[row - 1] == table.right[column - 1] {
                row -= 1
                column -= 1
                subsequence.append(table.left[row])
                extend(row, column)
            } else {
                if table[row - 1, column] > table[row, column - 1] { row -= 1 } else { column -= 1 }
                close()
            }
        }
        close()
        subsequence.reverse()
    }

    /// Matches in a row touch: whatever lies between two of them has closed the range.
    private mutating func extend(_ row: Int, _ column: Int) {
        let match = open ?? Match(left: row..<row + 1, right: column..<column + 1)
        open = Match(
            left: row..<match.left.upperBound, right: column..<match.right.upperBound)
    }

    private mutating func close() {
        if let open { ranges.append(open) }
        open = nil
    }
}
