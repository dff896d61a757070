import Essentials
import Testing

@testable import Consensus

/// Formats on disk and on the wire: these bytes must stay as they are.
@Suite struct RaftCodingTests {
    private static let position = LogPosition(index: 300, term: 7)
    private static let electorate = Electorate(
        voters: [NodeNumber(rawValue: 1), NodeNumber(rawValue: 258)],
        learners: [NodeNumber(rawValue: 3)])
    private static let entries = [
        RaftEntry(position: LogPosition(index: 301, term: 7), payload: .nothing),
        RaftEntry(position: LogPosition(index: 302, term: 7), payload: .command([0xAA, 0xBB])),
        RaftEntry(position: LogPosition(index: 303, term: 8), payload: .electorate(electorate)),
        RaftEntry(
            position: LogPosition(index: 304, term: 8),
            payload: .commandWithElectorate([0xCC], electorate)),
    ]

    private static let messages: [(RaftMessage, [UInt8])] = [
        (
            RaftMessage(term: 8, .voteRequest(last: position, .preliminary)),
            [1, 1, 8, 0xAC, 2, 7, 0]
        ),
        (RaftMessage(term: 8, .vote(isGranted: true, .regular)), [1, 2, 8, 1, 1]),
        (
            RaftMessage(term: 8, .append(previous: position, commitIndex: 5, entries)),
            [1, 3, 8, 0xAC, 2, 7, 5, 4]
                + [0xAD, 2, 7, 0] + [0xAE, 2, 7, 1, 2, 0xAA, 0xBB]
                + [0xAF, 2, 8, 2, 2, 0, 1, 1, 2, 1, 0, 3]
                + [0xB0, 2, 8, 3, 1, 0xCC, 2, 0, 1, 1, 2, 1, 0, 3]
        ),
        (RaftMessage(term: 8, .appended(matchIndex: 300)), [1, 4, 8, 0xAC, 2]),
        (RaftMessage(term: 8, .mismatched(previousIndex: 9, hint: 4)), [1, 5, 8, 9, 4]),
        (
            RaftMessage(term: 8, .chunk(position, size: 9, offset: 4, [1, 2])),
            [1, 6, 8, 0xAC, 2, 7, 9, 4, 2, 1, 2]
        ),
        (RaftMessage(term: 8, .chunkTaken(index: 300, offset: 6)), [1, 7, 8, 0xAC, 2, 6]),
        (RaftMessage(term: 8, .takeOver), [1, 8, 8]),
    ]

    @Test(arguments: messages.indices) func `messages have these bytes`(index: Int) throws {
        let (message, expected) = Self.messages[index]
        var bytes: [UInt8] = []
        message.encode(into: &bytes)
        #expect(bytes == expected)
        var reader = ByteReader(bytes)
        #expect(try RaftMessage(from: &reader) == message)
        #expect(reader.isAtEnd)
    }

    @Test func `records have these bytes`() throws {
        let snapshot = RaftSnapshot(
            position: Self.position, electorate: Self.electorate, state: [9])
        #expect(snapshot.encode() == [1, 0xAC, 2, 7, 2, 0, 1, 1, 2, 1, 0, 3, 1, 9])
        var reader = ByteReader(snapshot.encode())
        #expect(try RaftSnapshot(from: &reader) == snapshot)
        let ballot = Ballot(term: 300, vote: NodeNumber(rawValue: 258))
        #expect(ballot.encode() == [1, 0xAC, 2, 1, 2])
        reader = ByteReader(ballot.encode())
        #expect(try Ballot(from: &reader) == ballot)
        #expect(Self.entries[1].encodeRecord() == [1, 0xAE, 2, 7, 1, 2, 0xAA, 0xBB])
        reader = ByteReader(Self.entries[1].encodeRecord())
        #expect(try RaftEntry(record: &reader) == Self.entries[1])
    }

    @Test(arguments: messages.indices) func `cut and changed bytes are refused or read as another`(
        index: Int
    ) {
        let bytes = Self.messages[index].1
        for count in bytes.indices {
            var reader = ByteReader(Array(bytes.prefix(count)))
            #expect(throws: DecodingError.self) { try RaftMessage(from: &reader) }
        }
        var random = SeededRandom(seed: UInt64(index))
        for _ in 0..<2000 {
            var changed = bytes
            changed[Int.random(in: 0..<bytes.count, using: &random)] = UInt8(
                truncatingIfNeeded: random.next())
            var reader = ByteReader(changed)
            // Whatever comes of it, it must not trap.
            _ = try? RaftMessage(from: &reader)
        }
    }

    @Test func `a later version is refused`() {
        var reader = ByteReader([2, 8, 8])
        #expect(throws: DecodingError.unknownVersion(2)) { try RaftMessage(from: &reader) }
    }
}
