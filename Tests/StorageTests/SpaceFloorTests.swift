import Testing

@testable import Storage

@Suite struct SpaceFloorTests {
    let mib: UInt64 = 1 << 20

    /// 100 MiB of memtables and WAL, compactions of up to 400 MiB.
    func floor() -> SpaceFloor {
        SpaceFloor(
            freeBytesMin: 64 * mib, writeBuffersBytes: 100 * mib, compactionBytesMax: 400 * mib)
    }

    @Test func `the reserve covers the write buffers and one compaction of what is there`() {
        #expect(floor().reserveBytes(tableFilesBytes: 0) == 100 * mib)
        #expect(floor().reserveBytes(tableFilesBytes: 50 * mib) == 150 * mib)
        #expect(floor().reserveBytes(tableFilesBytes: 9000 * mib) == 500 * mib)
    }

    @Test func `the floor leaves room above the reserve for deletes`() {
        #expect(floor().floorBytes(tableFilesBytes: 0) == 164 * mib)
        #expect(floor().floorBytes(tableFilesBytes: 9000 * mib) == 625 * mib)
    }

    @Test func `less space is a worse state`() {
        var space = floor()
        #expect(space.update(freeBytes: 165 * mib, tableFilesBytes: 0) == .ample)
        #expect(space.update(freeBytes: 163 * mib, tableFilesBytes: 0) == .low)
        #expect(space.update(freeBytes: 101 * mib, tableFilesBytes: 0) == .low)
        #expect(space.update(freeBytes: 99 * mib, tableFilesBytes: 0) == .exhausted)
        #expect(space.update(freeBytes: 0, tableFilesBytes: 0) == .exhausted)
    }

    @Test func `a state is left only with an eighth more than it was entered at`() {
        var space = floor()
        #expect(space.update(freeBytes: 99 * mib, tableFilesBytes: 0) == .exhausted)
        #expect(space.update(freeBytes: 105 * mib, tableFilesBytes: 0) == .exhausted)
        #expect(space.update(freeBytes: 113 * mib, tableFilesBytes: 0) == .low)
        #expect(space.update(freeBytes: 170 * mib, tableFilesBytes: 0) == .low)
        #expect(space.update(freeBytes: 185 * mib, tableFilesBytes: 0) == .ample)
        #expect(space.update(freeBytes: 170 * mib, tableFilesBytes: 0) == .ample)
    }

    @Test func `one measurement heals everything`() {
        var space = floor()
        #expect(space.update(freeBytes: 0, tableFilesBytes: 0) == .exhausted)
        #expect(space.update(freeBytes: 1000 * mib, tableFilesBytes: 0) == .ample)
    }
}
