import Consensus
import Essentials
import Storage
import Testing

@testable import Server

/// What a node has agreed on with the others, on its disk.
@Suite struct AgreedRecordsTests {
    private static let electorate = Electorate(voters: [NodeNumber(rawValue: 1)])

    private func entry(_ index: UInt64, term: UInt64 = 1) -> RaftEntry {
        RaftEntry(
            position: LogPosition(index: index, term: term),
            payload: .command([UInt8(truncatingIfNeeded: index)]))
    }

    private func snapshot(_ index: UInt64, term: UInt64 = 1) -> RaftSnapshot {
        RaftSnapshot(
            position: LogPosition(index: index, term: term), electorate: Self.electorate,
            state: [7])
    }

    /// Storage and machine agree about what every write leaves, after a power failure, too.
    @Test func `what is read is what was written, step by step`() throws {
        let storage = MemoryStorage()
        let facts = NodeFacts(storage: storage)
        #expect(try facts.consensus() == nil)
        var expected = RaftStored(ballot: Ballot(), snapshot: snapshot(3, term: 0))
        var write = RaftWrite()
        write.snapshot = expected.snapshot
        var writes = [write]
        write = RaftWrite()
        write.ballot = Ballot(term: 1, vote: NodeNumber(rawValue: 1))
        write.appended = (4...260).map { entry($0) }
        writes.append(write)
        write = RaftWrite()
        write.ballot = Ballot(term: 2)
        write.removedFrom = 200
        write.appended = [entry(200, term: 2), entry(201, term: 2)]
        writes.append(write)
        write = RaftWrite()
        write.snapshot = snapshot(150)
        writes.append(write)
        write = RaftWrite()
        write.removedFrom = 0
        write.snapshot = snapshot(500, term: 2)
        writes.append(write)
        for write in writes {
            try facts.store(write)
            expected.apply(write)
            storage.losePower()
            storage.reopen()
            #expect(try facts.consensus() == expected)
        }
    }

    @Test func `a missing entry is refused`() throws {
        let facts = NodeFacts(storage: MemoryStorage())
        var write = RaftWrite()
        write.ballot = Ballot(term: 1)
        write.snapshot = snapshot(3, term: 0)
        write.appended = [entry(4), entry(6)]
        try facts.store(write)
        #expect(throws: StorageError.self) { try facts.consensus() }
    }
}
