import Essentials
import Testing

@testable import Storage

/// What every engine must do: each rule runs for RocksDB and for memory.
@Suite struct ConformanceTests {
    enum Engine: CaseIterable { case rocksDB, memory }

    /// A new engine of that kind and what it lives in.
    final class Subject {
        let storage: any StorageEngine
        private let scratch: Scratch

        init(_ engine: Engine) throws {
            scratch = try Scratch()
            storage =
                switch engine {
                case .memory: MemoryStorage()
                case .rocksDB: try scratch.open()
                }
        }

        func close() { storage.close() }
    }

    @Test(arguments: Engine.allCases)
    func `a key holds what was put last`(_ engine: Engine) throws {
        let subject = try Subject(engine)
        defer { subject.close() }
        let storage = subject.storage
        #expect(try storage.get("a") == nil)
        try storage.put("a", "1")
        try storage.put("a", "2")
        #expect(try storage.get("a") == "2")
    }

    @Test(arguments: Engine.allCases)
    func `changes of a batch apply in their order`(_ engine: Engine) throws {
        let subject = try Subject(engine)
        defer { subject.close() }
        let storage = subject.storage
        var batch = WriteBatch()
        batch.put([1], [1], in: .objects)
        batch.delete([1], in: .objects)
        batch.put([2], [1], in: .objects)
        batch.put([2], [2], in: .objects)
        batch.put([3], [3], in: .objects)
        batch.deleteRange(from: [3], to: [4], in: .objects)
        batch.put([3, 0], [4], in: .objects)
        #expect(batch.count == 7)
        #expect(try storage.write(batch, mayStall: false) == .written)
        #expect(try storage.read([1], from: .objects, mayBlock: true) == .absent)
        #expect(try storage.read([2], from: .objects, mayBlock: true) == .found([2]))
        #expect(try storage.read([3], from: .objects, mayBlock: true) == .absent)
        #expect(try storage.read([3, 0], from: .objects, mayBlock: true) == .found([4]))
    }

    @Test(arguments: Engine.allCases)
    func `families are apart and share batches`(_ engine: Engine) throws {
        let subject = try Subject(engine)
        defer { subject.close() }
        let storage = subject.storage
        var batch = WriteBatch()
        for family in Family.allCases { batch.put([7], Array(family.name.utf8), in: family) }
        _ = try storage.write(batch, mayStall: true)
        for family in Family.allCases {
            let found = try storage.read([7], from: family, mayBlock: true)
            #expect(found == .found(Array(family.name.utf8)))
        }
        batch.clear()
        batch.delete([7], in: .meta)
        batch.deleteRange(from: [0], to: [255], in: .meta)
        _ = try storage.write(batch, mayStall: true)
        #expect(try storage.read([7], from: .meta, mayBlock: true) == .absent)
        #expect(try storage.read([7], from: .objects, mayBlock: true) != .absent)
    }

    @Test(arguments: Engine.allCases)
    func `keys and values may be empty, binary and large`(_ engine: Engine) throws {
        let subject = try Subject(engine)
        defer { subject.close() }
        let storage = subject.storage
        let large = Sample.value(1, size: 3 << 20)
        var batch = WriteBatch()
        batch.put([], [1], in: .objects)
        batch.put([0], [], in: .objects)
        batch.put([0, 0, 255], large, in: .objects)
        batch.put(Array(repeating: 9, count: 65_535), [2], in: .meta)
        _ = try storage.write(batch, mayStall: true)
        #expect(try storage.read([], from: .objects, mayBlock: true) == .found([1]))
        #expect(try storage.read([0], from: .objects, mayBlock: true) == .found([]))
        #expect(try storage.read([0, 0, 255], from: .objects, mayBlock: true) == .found(large))
        let longKey = [UInt8](repeating: 9, count: 65_535)
        #expect(try storage.read(longKey, from: .meta, mayBlock: true) == .found([2]))
    }

    @Test(arguments: Engine.allCases)
    func `an empty batch and a cleared batch change nothing`(_ engine: Engine) throws {
        let subject = try Subject(engine)
        defer { subject.close() }
        let storage = subject.storage
        var batch = WriteBatch()
        #expect(try storage.write(batch, mayStall: false) == .written)
        batch.put([1], [1], in: .objects)
        batch.clear()
        #expect(batch.isEmpty)
        #expect(batch.byteCount == WriteBatch().byteCount)
        #expect(try storage.write(batch, mayStall: false) == .written)
        #expect(try storage.countKeys() == 0)
    }

    @Test(arguments: Engine.allCases)
    func `a batch can take in another`(_ engine: Engine) throws {
        let subject = try Subject(engine)
        defer { subject.close() }
        let storage = subject.storage
        var batch = Sample.batch(0..<3)
        batch.append(Sample.batch(3..<5))
        #expect(batch.count == 5)
        _ = try storage.write(batch, mayStall: true)
        #expect(try storage.countKeys() == 5)
    }

    @Test(arguments: Engine.allCases)
    func `a scan visits its range in order`(_ engine: Engine) throws {
        let subject = try Subject(engine)
        defer { subject.close() }
        let storage = subject.storage
        for key in ["b", "a", "c", "ab", "d"] { try storage.put(key, key) }
        #expect(try storage.keys() == ["a", "ab", "b", "c", "d"])
        #expect(try storage.keys(from: "ab", to: "c") == ["ab", "b"])
        #expect(try storage.keys(from: "aa") == ["ab", "b", "c", "d"])
        #expect(try storage.keys(from: "c", to: "c") == [])
        #expect(try storage.keys(from: "d", to: "a") == [])
        #expect(try storage.keys(from: "e") == [])
    }

    @Test(arguments: Engine.allCases)
    func `a scan in steps visits every entry once`(_ engine: Engine) throws {
        let subject = try Subject(engine)
        defer { subject.close() }
        let storage = subject.storage
        _ = try storage.write(Sample.batch(0..<100), mayStall: true)
        let steps = [
            ScanLimits(entriesMax: 7, bytesMax: .max),
            ScanLimits(entriesMax: .max, bytesMax: 1),
            ScanLimits(entriesMax: .max, bytesMax: 1000),
        ]
        for limits in steps {
            var seen: [[UInt8]] = []
            var start: [UInt8] = []
            while case .more(let next) = try storage.scan(
                .objects, from: start, to: nil, limits: limits,
                visit: { key, _ in
                    seen.append(Array(key))
                    return true
                })
            {
                start = next
            }
            #expect(seen == (0..<100).map(Sample.key))
        }
    }

    @Test(arguments: Engine.allCases)
    func `a scan stops when its visitor says so`(_ engine: Engine) throws {
        let subject = try Subject(engine)
        defer { subject.close() }
        let storage = subject.storage
        for key in ["a", "b", "c"] { try storage.put(key, key) }
        var values: [UInt8] = []
        let end = try storage.scan(.objects, from: [], to: nil, limits: .unlimited) { _, value in
            values.append(contentsOf: Array(value))
            return values.count < 2
        }
        #expect(end == .more(next: Array("c".utf8)))
        #expect(values == Array("ab".utf8))
        let last = try storage.scan(
            .objects, from: Array("c".utf8), to: nil, limits: .unlimited
        ) { _, _ in false }
        #expect(last == .finished)
    }

    @Test(arguments: Engine.allCases)
    func `a scan does not see what is written during it`(_ engine: Engine) throws {
        let subject = try Subject(engine)
        defer { subject.close() }
        let storage = subject.storage
        for key in ["a", "b"] { try storage.put(key, key) }
        var seen = 0
        _ = try storage.scan(.objects, from: [], to: nil, limits: .unlimited) { _, _ in
            seen += 1
            var batch = WriteBatch()
            batch.put(Array("z\(seen)".utf8), [1], in: .objects)
            #expect(throws: Never.self) { try storage.write(batch, mayStall: true) }
            return true
        }
        #expect(seen == 2)
        #expect(try storage.keys() == ["a", "b", "z1", "z2"])
    }

    @Test(arguments: Engine.allCases)
    func `a range delete leaves what is outside`(_ engine: Engine) throws {
        let subject = try Subject(engine)
        defer { subject.close() }
        let storage = subject.storage
        _ = try storage.write(Sample.batch(0..<50), mayStall: true)
        var batch = WriteBatch()
        batch.deleteRange(from: Sample.key(10), to: Sample.key(40), in: .objects)
        batch.deleteRange(from: Sample.key(45), to: Sample.key(45), in: .objects)
        _ = try storage.write(batch, mayStall: true)
        #expect(try storage.countKeys() == 20)
        #expect(try storage.read(Sample.key(9), from: .objects, mayBlock: true) != .absent)
        #expect(try storage.read(Sample.key(10), from: .objects, mayBlock: true) == .absent)
        #expect(try storage.read(Sample.key(40), from: .objects, mayBlock: true) != .absent)
    }

    @Test(arguments: Engine.allCases)
    func `what was just written is in memory`(_ engine: Engine) throws {
        let subject = try Subject(engine)
        defer { subject.close() }
        let storage = subject.storage
        try storage.put("a", "1")
        let found = try storage.read(Array("a".utf8), from: .objects, mayBlock: false)
        #expect(found == .found(Array("1".utf8)))
    }

    @Test(arguments: Engine.allCases)
    func `a scrub reads every family`(_ engine: Engine) throws {
        let subject = try Subject(engine)
        defer { subject.close() }
        let storage = subject.storage
        _ = try storage.write(Sample.batch(0..<50), mayStall: true)
        try storage.put("fact", "1", in: .meta)
        let done = try storage.scrub { _ in true }
        #expect(done.isComplete)
        // The format version is a fact too.
        #expect(done.entries == 52)
        #expect(done.bytes > 5000)
    }

    @Test(arguments: Engine.allCases)
    func `estimates and statistics answer`(_ engine: Engine) throws {
        let subject = try Subject(engine)
        defer { subject.close() }
        let storage = subject.storage
        _ = try storage.write(Sample.batch(0..<50), mayStall: true)
        #expect(storage.estimatedKeyCount(.objects) == 50)
        #expect(storage.statistics.memtableBytes > 50 * 100)
        #expect(storage.statistics.isWriteStopped == false)
        #expect(try storage.checkSpace() == .ample)
        #expect(storage.spaceState == .ample)
    }

    @Test(arguments: Engine.allCases)
    func `the marker tells an end in order from a crash`(_ engine: Engine) throws {
        let subject = try Subject(engine)
        defer { subject.close() }
        let storage = subject.storage
        #expect(try ShutdownMarker.begin(storage) == .none)
        #expect(try ShutdownMarker.begin(storage) == .unclean)
        try ShutdownMarker.end(storage)
        #expect(try ShutdownMarker.begin(storage) == .clean)
        #expect(try ShutdownMarker.begin(storage) == .unclean)
    }

    @Test(arguments: Engine.allCases)
    func `threads write, sync, read and scan at once`(_ engine: Engine) async throws {
        let subject = try Subject(engine)
        defer { subject.close() }
        let storage = subject.storage
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    for number in writer * 200..<(writer + 1) * 200 {
                        let batch = Sample.batch(number..<number + 1)
                        _ = try storage.write(batch, mayStall: true)
                        if number % 20 == 0 { try storage.sync() }
                        let found = try storage.read(
                            Sample.key(number), from: .objects, mayBlock: true)
                        #expect(found == .found(Sample.value(number)))
                    }
                }
            }
            group.addTask { for _ in 0..<20 { _ = try storage.countKeys() } }
            try await group.waitForAll()
        }
        #expect(try storage.countKeys() == 800)
    }

    @Test(arguments: Engine.allCases)
    func `random batches leave what a dictionary holds`(_ engine: Engine) throws {
        let subject = try Subject(engine)
        defer { subject.close() }
        let storage = subject.storage
        var random = SeededRandom(seed: 7)
        var model: [[UInt8]: [UInt8]] = [:]
        for round in 0..<200 {
            var batch = WriteBatch()
            for _ in 0..<Int.random(in: 0..<20, using: &random) {
                let key = Sample.key(Int.random(in: 0..<60, using: &random))
                switch Int.random(in: 0..<10, using: &random) {
                case 0:
                    let end = Sample.key(Int.random(in: 0..<60, using: &random))
                    guard !end.lexicographicallyPrecedes(key) else { continue }
                    batch.deleteRange(from: key, to: end, in: .objects)
                    model = model.filter {
                        $0.key.lexicographicallyPrecedes(key)
                            || !$0.key.lexicographicallyPrecedes(end)
                    }
                case 1...3:
                    batch.delete(key, in: .objects)
                    model[key] = nil
                default:
                    batch.put(key, Sample.value(round), in: .objects)
                    model[key] = Sample.value(round)
                }
            }
            _ = try storage.write(batch, mayStall: true)
            if round % 50 == 0, let rocksDB = storage as? RocksDBStorage { try rocksDB.flush() }
        }
        var scanned: [[UInt8]: [UInt8]] = [:]
        _ = try storage.scan(.objects, from: [], to: nil, limits: .unlimited) { key, value in
            scanned[Array(key)] = Array(value)
            return true
        }
        #expect(scanned == model)
        for number in 0..<60 {
            let found = try storage.read(Sample.key(number), from: .objects, mayBlock: true)
            #expect(found == model[Sample.key(number)].map(ReadResult.found) ?? .absent)
        }
    }
}
