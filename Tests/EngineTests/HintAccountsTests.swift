import Essentials
import Placement
import Testing

@testable import Engine

@Suite struct HintAccountsTests {
    private static let one = NodeNumber(rawValue: 1)
    private static let two = NodeNumber(rawValue: 2)

    private func accounts(
        _ entries: [(target: NodeNumber, partition: UInt16, records: Int, oldestMs: Int64)]
    ) -> HintAccounts {
        var accounts = HintAccounts()
        for entry in entries {
            accounts.update(
                entry.target, PartitionID(rawValue: entry.partition), partitions: 64
            ) { account in
                account.records = entry.records
                account.bytes = 10 * entry.records
                account.oldestMs = entry.oldestMs
            }
        }
        return accounts
    }

    @Test func `sums are those of the accounts`() {
        var accounts = accounts([(Self.two, 5, 3, 30), (Self.one, 6, 1, 40), (Self.two, 9, 2, 20)])
        #expect(accounts.records == 6 && accounts.bytes == 60)
        #expect(accounts.records(of: Self.two) == 5)
        let sum = accounts.summary(of: Self.two)
        #expect(sum.records == 5 && sum.bytes == 50 && sum.oldestMs == 20 && sum.dirty == 0)
        accounts.update(Self.two, PartitionID(rawValue: 5), partitions: 64) {
            $0 = HintAccounts.Account()
        }
        #expect(accounts.records == 3 && accounts.bytes == 30)
        #expect(accounts.summary(of: Self.two).oldestMs == 20)
    }

    @Test func `targets come in their order, and only those that have hints`() {
        let accounts = accounts([(Self.two, 5, 3, 30), (Self.one, 5, 1, 40), (Self.one, 6, 0, 0)])
        #expect(accounts.targets(in: PartitionID(rawValue: 5)) == [Self.one, Self.two])
        #expect(accounts.targets(in: PartitionID(rawValue: 6)) == [])
    }

    @Test func `a pass goes from one partition that has hints to the next`() {
        let accounts = accounts([(Self.one, 5, 3, 30), (Self.one, 63, 1, 40), (Self.two, 7, 1, 1)])
        #expect(accounts.next(Self.one, from: 0) == PartitionID(rawValue: 5))
        #expect(accounts.next(Self.one, from: 6) == PartitionID(rawValue: 63))
        #expect(accounts.next(Self.one, from: 64) == nil)
        #expect(accounts.next(NodeNumber(rawValue: 3), from: 0) == nil)
    }

    @Test func `the oldest is the one that waits longest, over all targets`() {
        let accounts = accounts([(Self.one, 5, 3, 30), (Self.two, 7, 1, 20), (Self.two, 8, 0, 1)])
        #expect(accounts.oldest?.target == Self.two)
        #expect(accounts.oldest?.partition == PartitionID(rawValue: 7))
        #expect(HintAccounts().oldest == nil)
    }
}
