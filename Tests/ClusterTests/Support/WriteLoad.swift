import Essentials
import Foundation
import Synchronization
import Wire

/// Clients that write until they are told to stop or their node dies, and remember what was
/// acknowledged.
///
/// Every key has one writer, which writes versions 1, 2, 3, … of it; what a version's value is
/// follows from a seed, the key and the number. So any later read can be checked by itself: it must
/// show a value that was written, and none older than the last one acknowledged.
final class WriteLoad: Sendable {
    /// What one writer knows at its end.
    struct Ledger: Sendable {
        var acknowledged: [String: Int] = [:]
        var attempted: [String: Int] = [:]
        var errors: [String] = []
    }

    private let seed: UInt64
    private let isStopped = Atomic(false)
    private let acknowledged = Atomic(0)
    private let ledgers = Mutex<[Background<Ledger>]>([])

    private static let keysPerWriter = 20
    /// Commands that a writer has under way at once.
    private static let depth = 8

    /// Starts writers, spread over the nodes.
    init(on nodes: [Server], writers: Int, seed: UInt64) {
        self.seed = seed
        let ports = nodes.map(\.port)
        let threads = (0..<writers).map { index in
            Background { [self] in write(index, port: ports[index % ports.count]) }
        }
        ledgers.withLock { $0 = threads }
    }

    /// How many writes were acknowledged so far.
    var count: Int { acknowledged.load(ordering: .relaxed) }

    func waitFor(writes count: Int) throws {
        try wait(for: "\(count) acknowledged writes", within: .seconds(60)) { self.count >= count }
    }

    /// Ends the writers and returns all that they know.
    func stop() -> Ledger {
        isStopped.store(true, ordering: .relaxed)
        var all = Ledger()
        for thread in ledgers.withLock({ $0 }) {
            let ledger = thread.join()
            all.acknowledged.merge(ledger.acknowledged) { max($0, $1) }
            all.attempted.merge(ledger.attempted) { max($0, $1) }
            all.errors += ledger.errors
        }
        return all
    }

    /// What is wrong with the values that `connection` reads; empty when nothing was lost.
    func defects(_ ledger: Ledger, at connection: RedisConnection) throws -> [String] {
        var defects: [String] = []
        for (key, attempted) in ledger.attempted.sorted(by: { $0.key < $1.key }) {
            let oldest = ledger.acknowledged[key] ?? 0
            let reply = try connection.call("GET", key)
            if reply == .null, oldest == 0 { continue }
            guard let text = reply.text, let version = Self.version(of: text),
                text == value(key, version), oldest <= version, version <= attempted
            else {
                defects.append(
                    "\(key): \(reply.text?.prefix(60) ?? "nothing"), not version \(oldest)"
                        + " to \(attempted)")
                continue
            }
        }
        return defects
    }

    // MARK: One writer

    private func write(_ index: Int, port: UInt16) -> Ledger {
        var ledger = Ledger()
        do {
            let connection = try RedisConnection(port: port)
            var version = 0
            while !isStopped.load(ordering: .relaxed) {
                version += 1
                for first in stride(from: 0, to: Self.keysPerWriter, by: Self.depth) {
                    let keys = (first..<min(first + Self.depth, Self.keysPerWriter)).map {
                        "writer:\(index):\($0)"
                    }
                    try write(keys, version, connection, &ledger)
                }
            }
        } catch {
            // The node is dead: what was under way is neither acknowledged nor known to have
            // failed.
        }
        return ledger
    }

    private func write(
        _ keys: [String], _ version: Int, _ connection: RedisConnection, _ ledger: inout Ledger
    ) throws {
        for key in keys { ledger.attempted[key] = version }
        let commands = keys.map { ["SET", $0, value($0, version)] }
        try connection.send(
            commands.flatMap { RedisConnection.encode($0.map { Array($0.utf8) }) })
        for key in keys {
            let reply = try connection.receive()
            if reply == .ok {
                ledger.acknowledged[key] = version
                acknowledged.add(1, ordering: .relaxed)
            } else {
                ledger.errors.append("\(key): \(reply.text ?? "\(reply)")")
            }
        }
    }

    // MARK: Values

    private func value(_ key: String, _ version: Int) -> String {
        var hash = seed
        for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        var random = SeededRandom(seed: hash &+ UInt64(version))
        let digits = String(random.next(), radix: 16)
        let size = Int(random.next() % 8)
        return "\(version) \(key) " + String(repeating: digits, count: size)
    }

    private static func version(of text: String) -> Int? {
        text.split(separator: " ").first.flatMap { Int($0) }
    }
}
