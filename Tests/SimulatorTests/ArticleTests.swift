import Foundation
import Testing

@testable import Simulator

/// The article about the simulator has a row for all that it speaks of.
@Suite struct ArticleTests {
    private let lines: [String]

    init() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/Simulator/Simulator.docc/Simulator.md")
        lines = try String(contentsOf: path, encoding: .utf8).components(separatedBy: "\n")
    }

    /// The cells of the rows of all tables below a heading.
    private func rows(below heading: String) -> [[String]] {
        lines.drop { $0 != "### \(heading)" }.dropFirst().prefix { !$0.hasPrefix("#") }
            .filter { $0.hasPrefix("| ") }.dropFirst()
            .map { line in
                line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            }
    }

    @Test func `each deliberate bug`() {
        let rows = rows(below: "Deliberate bugs")
        let named = rows.map { $0[0].trimmingCharacters(in: ["`"]) }
        #expect(named == PlantedBug.all.map(\.name))
        #expect(rows.map { $0[1] } == PlantedBug.all.map(\.summary))
    }

    @Test func `each kind of fault`() {
        let named = rows(below: "Faults").flatMap { $0[0].components(separatedBy: ", ") }
        #expect(named.sorted() == Fault.allCases.map(\.name).sorted())
        let aimed = rows(below: "Runs about agreement")
            .flatMap { $0[0].components(separatedBy: ", ") }
        #expect(aimed.sorted() == StormFault.allCases.map(\.name).sorted())
    }

    @Test func `each checker`() throws {
        let exercise = try SimulationResult(running: 1).exercise
        let named = rows(below: "Checkers").map { $0[0] }
        #expect(named.sorted() == exercise.checks.rows.map(\.name).sorted())
    }
}
