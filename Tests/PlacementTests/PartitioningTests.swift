import Essentials
import Placement
import Testing

@Suite struct PartitioningTests {
    private static let counts = [64, 256, 1024, 16384]

    @Test func `a position begins with the slot`() {
        let position = Position(of: Array("123456789".utf8))
        #expect(position.slot == 0x31C3)
        // XXH3_64 of the key, as the C library gives it.
        let hash: UInt64 = 0x72DC_B18B_67A1_7DFF
        #expect(position.rawValue == 0x31C3 << 50 | hash >> 14)
        #expect(position.rawValue == 0xC70D_CB72_C62D_9E85)
    }

    @Test(arguments: counts)
    func `partitions cover the ring without gap or overlap`(count: Int) {
        let partitioning = Partitioning(count: count)
        var nextSlot = 0
        var nextPosition: UInt64 = 0
        for partition in partitioning.all {
            let slots = partitioning.slots(of: partition)
            let positions = partitioning.positions(of: partition)
            #expect(Int(slots.lowerBound) == nextSlot)
            #expect(positions.lowerBound.rawValue == nextPosition)
            #expect(positions.lowerBound.slot == slots.lowerBound)
            #expect(positions.upperBound.slot == slots.upperBound)
            #expect(partitioning.partition(of: positions.lowerBound) == partition)
            #expect(partitioning.partition(of: positions.upperBound) == partition)
            #expect(partitioning.partition(ofSlot: slots.lowerBound) == partition)
            #expect(partitioning.partition(ofSlot: slots.upperBound) == partition)
            nextSlot = Int(slots.upperBound) + 1
            nextPosition = positions.upperBound.rawValue &+ 1
        }
        #expect(nextSlot == slotCount)
        #expect(nextPosition == 0)
    }

    @Test func `the last partition is followed by the first`() {
        let partitioning = Partitioning(count: 64)
        let last = PartitionID(rawValue: 63)
        #expect(partitioning.partition(after: last) == PartitionID(rawValue: 0))
        #expect(partitioning.partition(after: PartitionID(rawValue: 0)).rawValue == 1)
    }

    @Test func `doubling the count splits each partition in two`() {
        let coarse = Partitioning(count: 256)
        let fine = Partitioning(count: 512)
        for partition in fine.all {
            let parent = PartitionID(rawValue: partition.rawValue / 2)
            #expect(coarse.positions(of: parent).contains(fine.positions(of: partition).lowerBound))
            #expect(coarse.positions(of: parent).contains(fine.positions(of: partition).upperBound))
        }
    }

    @Test func `only powers of two from 64 to 16384 are counts`() {
        let valid = (0...40000).filter(Partitioning.isValid(count:))
        #expect(valid == [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384])
    }
}
