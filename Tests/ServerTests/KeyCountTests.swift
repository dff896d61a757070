import Testing

@testable import Server

@Suite struct KeyCountTests {
    private func count(_ counted: Int, change: Int, of held: Int, seen: Int) -> KeyCount {
        KeyCount(
            counted: counted, expiring: counted / 2, change: change, partitionsCounted: seen,
            partitionsHeld: held)
    }

    @Test func `a node that has counted all partitions knows`() {
        let keys = count(1000, change: -7, of: 64, seen: 64).estimate(partitions: 64)
        #expect(keys.live == 993)
        #expect(keys.expiring == 500)
    }

    @Test func `partitions that were not counted yet are taken for like the others`() {
        #expect(count(100, change: 0, of: 64, seen: 16).estimate(partitions: 64).live == 400)
        #expect(count(100, change: 9, of: 64, seen: 16).estimate(partitions: 64).live == 409)
    }

    @Test func `before anything was counted, what came since the start is there`() {
        #expect(count(0, change: 12, of: 64, seen: 0).estimate(partitions: 64).live == 12)
        #expect(count(0, change: -3, of: 64, seen: 0).estimate(partitions: 64).live == 0)
    }

    @Test func `partitions that the node does not hold are taken for like its own`() {
        #expect(count(300, change: 20, of: 32, seen: 32).estimate(partitions: 64).live == 640)
        #expect(KeyCount().estimate(partitions: 64).live == 0)
    }

    @Test func `the counts of shards add up`() {
        var sum = count(10, change: 1, of: 32, seen: 32)
        sum.add(count(20, change: 2, of: 32, seen: 32))
        #expect(sum == count(30, change: 3, of: 64, seen: 64))
    }
}
