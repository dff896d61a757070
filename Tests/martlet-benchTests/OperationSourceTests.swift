import Testing

@testable import martlet_bench

@Suite struct OperationSourceTests {
    private func source(
        _ name: String, keyCount: Int = 1000, seed: UInt64 = 1, thread: Int = 0, of threads: Int = 1
    ) throws -> OperationSource {
        let workload = try #require(Workload.named(name))
        return OperationSource(
            workload, distribution: workload.distribution, keyCount: keyCount, seed: seed,
            share: .init(index: thread, count: threads))
    }

    @Test func `the parts of every workload make a whole`() {
        for workload in Workload.all {
            #expect(workload.mix.reduce(0) { $0 + $1.percent } == 100)
        }
    }

    @Test func `the same seed gives the same operations`() throws {
        var (left, right) = (try source("a", seed: 4), try source("a", seed: 4))
        var other = try source("a", seed: 5)
        let operations = (0..<100).map { _ in left.next() }
        #expect(operations == (0..<100).map { _ in right.next() })
        #expect(operations != (0..<100).map { _ in other.next() })
    }

    @Test(arguments: ["a", "b", "c", "d", "f"])
    func `operations come in the shares of the workload`(name: String) throws {
        var source = try source(name)
        var seen = [OperationKind: Int]()
        for _ in 0..<20_000 {
            let next = source.next()
            let operation = try #require(next)
            seen[operation.kind, default: 0] += 1
        }
        for part in try #require(Workload.named(name)).mix {
            #expect(abs(seen[part.kind, default: 0] - part.percent * 200) < 400)
        }
    }

    @Test(arguments: [1, 3]) func `loading writes each key once`(threads: Int) {
        var written: [Int] = []
        for index in 0..<threads {
            var source = OperationSource.loading(
                keyCount: 1000, share: .init(index: index, count: threads))
            while let operation = source.next() { written.append(operation.key) }
        }
        #expect(written.sorted() == Array(0..<1000))
    }

    @Test func `threads insert keys of their own`() throws {
        var inserted: [Int] = []
        for thread in 0..<3 {
            var source = try source("d", thread: thread, of: 3)
            for _ in 0..<5000 {
                guard let operation = source.next(), operation.kind == .insert else { continue }
                inserted.append(operation.key)
                source.acknowledgeInsert()
            }
        }
        #expect(inserted.count > 500)
        #expect(Set(inserted).count == inserted.count)
        #expect(inserted.allSatisfy { $0 >= 1000 })
    }

    @Test func `only acknowledged inserts are read`() throws {
        var source = try source("d")
        var inserted: [Int] = []
        for _ in 0..<2000 {
            let next = source.next()
            let operation = try #require(next)
            if operation.kind == .insert {
                inserted.append(operation.key)
            } else {
                #expect(operation.key < 1000)
            }
        }
        for _ in inserted { source.acknowledgeInsert() }
        let reads = (0..<100).compactMap { _ in source.next() }.filter { $0.kind == .get }
        #expect(reads.contains { inserted.contains($0.key) })
    }

    @Test func `no two writes have the same version`() throws {
        var versions: [UInt64] = []
        for thread in 0..<2 {
            var source = try source("set", thread: thread, of: 2)
            for _ in 0..<1000 {
                let next = source.next()
                versions.append(try #require(next).version)
            }
        }
        #expect(Set(versions).count == 2000)
        #expect(!versions.contains(0))
    }
}
