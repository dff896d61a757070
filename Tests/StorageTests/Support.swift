import Essentials
import Foundation

@testable import Storage

/// A directory of its own for one test, removed at the end.
final class Scratch {
    let path: String

    init(in parent: String = NSTemporaryDirectory()) throws {
        path = parent + "/martlet-storage-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            print("left behind \(path): \(error)")
        }
    }

    /// Small budgets, so that tests reach the limits.
    var options: StorageOptions {
        StorageOptions(
            directory: path + "/db", blockCacheBytes: 4 << 20, memtableBytes: 6 << 20,
            backgroundThreads: 2)
    }

    func open() throws -> RocksDBStorage { try RocksDBStorage(options) }

    /// The database's files whose names end so, oldest first.
    func files(_ suffix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path + "/db")
            .filter { $0.hasSuffix(suffix) }.sorted().map { path + "/db/" + $0 }
    }
}

/// Changes bytes of files that nobody has open.
enum Damage {
    static func flipBit(_ file: String, at fraction: Double) throws {
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: file)))
        let offset = Int(Double(bytes.count) * fraction)
        bytes[offset] ^= 0x10
        try Data(bytes).write(to: URL(fileURLWithPath: file))
    }

    static func truncate(_ file: String, by count: Int) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        try bytes.prefix(bytes.count - count).write(to: URL(fileURLWithPath: file))
    }

    static func size(_ file: String) throws -> Int {
        try Data(contentsOf: URL(fileURLWithPath: file)).count
    }
}

/// Keys that sort as their numbers do, and values that tell them apart.
enum Sample {
    static func key(_ number: Int) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    }

    /// The first hundred bytes are such that no compressor shrinks them.
    static func value(_ number: Int, size: Int = 100) -> [UInt8] {
        var random = SeededRandom(seed: UInt64(number))
        let head = (0..<min(size, 100)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        return head + [UInt8](repeating: 7, count: size - head.count)
    }

    static func batch(_ numbers: Range<Int>, valueSize: Int = 100) -> WriteBatch {
        var batch = WriteBatch()
        for number in numbers {
            batch.put(key(number), value(number, size: valueSize), in: .objects)
        }
        return batch
    }
}

extension StorageEngine {
    func put(_ key: String, _ value: String, in family: Family = .objects) throws {
        var batch = WriteBatch()
        batch.put(Array(key.utf8), Array(value.utf8), in: family)
        _ = try write(batch, mayStall: true)
    }

    func get(_ key: String, in family: Family = .objects) throws -> String? {
        guard case .found(let bytes) = try read(Array(key.utf8), from: family, mayBlock: true)
        else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    func keys(
        _ family: Family = .objects, from start: String = "", to end: String? = nil
    ) throws -> [String] {
        var keys: [String] = []
        _ = try scan(
            family, from: Array(start.utf8), to: end.map { Array($0.utf8) }, limits: .unlimited
        ) { key, _ in
            keys.append(String(decoding: Array(key), as: UTF8.self))
            return true
        }
        return keys
    }

    func countKeys() throws -> Int {
        var count = 0
        _ = try scan(.objects, from: [], to: nil, limits: .unlimited) { _, _ in
            count += 1
            return true
        }
        return count
    }
}

extension Array where Element == UInt8 {
    init(_ span: Span<UInt8>) {
        self = []
        reserveCapacity(span.count)
        for index in span.indices { append(span[index]) }
    }
}

/// Runs `body`, which must throw a storage error, and returns that.
func failure(_ body: () throws -> Void) throws -> StorageError {
    do {
        try body()
    } catch let error as StorageError {
        return error
    }
    throw NothingThrown()
}

struct NothingThrown: Error {}

extension StorageError {
    /// The case without its payload.
    var name: String { Mirror(reflecting: self).children.first?.label ?? "" }

    func mentions(_ text: String) -> Bool { description.contains(text) }
}
