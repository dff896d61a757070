import Commands
import Essentials
import Objects
import Testing
import Wire

@Suite struct DumpTests {
    private static let values: [[UInt8]] = [
        [], [0], Array("hello".utf8), Array("12".utf8), Array("-129".utf8), Array("70000".utf8),
        Array("-2147483648".utf8), Array("2147483648".utf8), Array("9223372036854775807".utf8),
        [UInt8](repeating: 97, count: 63), [UInt8](repeating: 97, count: 64),
        [UInt8](repeating: 97, count: 20_000),
        (0..<70_000).map { UInt8(truncatingIfNeeded: $0 * 7919 >> 3) },
        Array(String(repeating: "abcabcabd", count: 500).utf8),
    ]

    private func restore(_ payload: [UInt8], valueSizeMax: Int = 1 << 20) -> Outcome {
        Operation.restore(RestoreRequest(payload: payload, timeToLive: 0))
            .evaluate(current: nil, nowMs: 1, valueSizeMax: valueSizeMax)
    }

    private func dump(_ value: [UInt8]) -> [UInt8] {
        let outcome = Operation.dump.evaluate(current: StringView(bytes: value), nowMs: 1)
        guard case .bulk(let payload) = outcome.reply else { return [] }
        return payload
    }

    @Test(arguments: values)
    func `a dump restores to the same value`(value: [UInt8]) {
        #expect(restore(dump(value)) == Outcome(.ok, .assign(value, deadline: .remove)))
    }

    @Test(
        .enabled(if: RedisOracle.isInstalled, "needs redis-server from Debian"), arguments: values)
    func `Redis and Martlet read each other's dumps`(value: [UInt8]) throws {
        let redis = try RedisOracle.shared.get()
        let key = Array("dumped \(value.hashValue)".utf8)
        let command = { (name: String) in Array(name.utf8) }
        _ = try redis.answer([command("SET"), key, value])
        guard case .bulk(let theirs) = try redis.answer([command("DUMP"), key]) else {
            Issue.record("Redis gives no dump")
            return
        }
        #expect(restore(theirs) == Outcome(.ok, .assign(value, deadline: .remove)))
        let answer = try redis.answer(
            [command("RESTORE"), key, command("0"), dump(value), command("REPLACE")])
        #expect(answer == .ok)
        #expect(try redis.answer([command("GET"), key]) == .bulk(value))
    }

    @Test func `a damaged dump is refused`() {
        let payload = dump(Array("hello".utf8))
        let wrong = Reply.error("ERR DUMP payload version or checksum are wrong")
        for index in payload.indices {
            var damaged = payload
            damaged[index] ^= 1
            #expect(restore(damaged).reply == wrong)
            #expect(restore(Array(payload[..<index])).reply == wrong)
        }
    }

    @Test func `restoring checks in Redis' order`() {
        let view = StringView(bytes: [1])
        var request = RestoreRequest(payload: [], timeToLive: -1)
        let operation = Operation.restore(request)
        #expect(
            operation.evaluate(current: view, nowMs: 1).reply
                == .error("BUSYKEY Target key name already exists."))
        #expect(
            operation.evaluate(current: nil, nowMs: 1).reply
                == .error("ERR Invalid TTL value, must be >= 0"))
        request = RestoreRequest(payload: dump([1, 2]), timeToLive: 500)
        #expect(
            Operation.restore(request).evaluate(current: nil, nowMs: 1000)
                == Outcome(.ok, .assign([1, 2], deadline: .set(1500))))
        request.isAbsolute = true
        request.replaces = true
        #expect(
            Operation.restore(request).evaluate(current: view, nowMs: 1000)
                == Outcome(.ok, .delete))
    }

    @Test func `a dump larger than a value may be is refused`() {
        let payload = dump([UInt8](repeating: 1, count: 200))
        #expect(
            restore(payload, valueSizeMax: 100).reply
                == .error("ERR string exceeds maximum allowed size (proto-max-bulk-len)"))
    }
}
