import Essentials
import Placement
import Testing

@testable import Server

@Suite struct ScanCursorTests {
    @Test func `a scan begins at the first position, with 0`() {
        #expect(ScanCursor(before: Position(rawValue: 0)).rawValue == 0)
        #expect(ScanCursor(rawValue: 0)?.position == Position(rawValue: 0))
    }

    @Test func `clients can keep it in a double, or in a signed word`() throws {
        let last = ScanCursor(before: Position(rawValue: .max))
        #expect(last.rawValue == 1 << 53 - 1)
        #expect(UInt64(Double(last.rawValue)) == last.rawValue)
        #expect(Int64(exactly: last.rawValue) != nil)
        #expect(ScanCursor(rawValue: last.rawValue) == last)
    }

    @Test(arguments: [1 << 53, 1 << 63, .max] as [UInt64])
    func `a number that no scan says is refused`(number: UInt64) {
        #expect(ScanCursor(rawValue: number) == nil)
    }

    @Test func `going on from a key reads that key again, and nothing before its cursor`() {
        var random = SeededRandom(seed: 7)
        for _ in 0..<1000 {
            let position = Position(rawValue: random.next())
            let cursor = ScanCursor(before: position)
            #expect(cursor.position <= position)
            #expect(position.rawValue - cursor.position.rawValue < 1 << 11)
            #expect(ScanCursor(before: cursor.position) == cursor)
            #expect(ScanCursor(rawValue: cursor.rawValue) == cursor)
        }
    }

    @Test func `cursors come in the order of positions`() {
        var random = SeededRandom(seed: 8)
        let positions = (0..<1000).map { _ in Position(rawValue: random.next()) }.sorted()
        let cursors = positions.map { ScanCursor(before: $0) }
        #expect(cursors == cursors.sorted())
        #expect(!(cursors[0] < cursors[0]))
    }
}
