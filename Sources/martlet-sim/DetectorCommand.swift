internal import Essentials
internal import Platform
internal import Simulator

/// `martlet-sim detector`: figures of failure detectors of so many nodes.
struct DetectorCommand {
    private var nodes = [5, 20, 50, 100]
    private var lossPercents = [0, 10]
    private var wantsJSON = false

    /// A study of more takes hours.
    private static let nodesMax = 2000

    /// - Parameter arguments: what follows the command's name.
    init(_ arguments: ArraySlice<String>) throws(Failure) {
        var rest = arguments
        while let name = rest.popFirst() {
            switch name {
            case "--json": wantsJSON = true
            case "--nodes": nodes = try Self.numbers(name, rest.popFirst(), 2...Self.nodesMax)
            case "--loss": lossPercents = try Self.numbers(name, rest.popFirst(), 0...90)
            default: throw .usage("unknown option '\(name)'")
            }
        }
    }

    func run() {
        var studies: [DetectorFigures] = []
        for count in nodes {
            for percent in lossPercents {
                studies.append(DetectorStudy(nodes: count, lossPercent: percent).run())
            }
        }
        if wantsJSON {
            Output.write(JSON.array(studies.map(\.json)).text + "\n")
        } else {
            Output.write(DetectorFigures.table(studies))
        }
    }

    /// Numbers with commas between them.
    private static func numbers(
        _ name: String, _ text: String?, _ range: ClosedRange<Int>
    ) throws(Failure) -> [Int] {
        guard let text else { throw .usage("'\(name)' needs a value") }
        let numbers = text.split(separator: ",").compactMap { Int($0) }
        guard !numbers.isEmpty, numbers.count == text.split(separator: ",").count,
            numbers.allSatisfy(range.contains)
        else {
            let bounds = "from \(range.lowerBound) to \(range.upperBound)"
            throw .usage("'\(name)' takes numbers \(bounds), with commas between them")
        }
        return numbers
    }
}
