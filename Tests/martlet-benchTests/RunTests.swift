import Essentials
import Platform
import Synchronization
import Testing
import Wire

@testable import martlet_bench

/// Whole runs against servers that are made for the test.
@Suite struct RunTests {
    private func run(
        _ servers: [FakeServer], _ arguments: String..., status: DriverStatus = DriverStatus()
    ) throws -> Report {
        let addresses = servers.flatMap { ["--server", $0.address.description] }
        let options = try Options(addresses + ["--connections", "4"] + arguments)
        var run = try Run(options, status: status, progress: Progress(isWanted: false))
        return try withExtendedLifetime(servers) { try run.perform() }
    }

    @Test(arguments: [1, 8], [1, 2])
    func `exactly the operations asked for are made, and the values read are right`(
        pipeline: Int, threads: Int
    ) throws {
        let keys = FakeKeys()
        let server = try FakeServer(keys.answer)
        let report = try run(
            [server], "--load", "--verify", "--keys", "100", "--operations", "1000", "--pipeline",
            "\(pipeline)", "--threads", "\(threads)", "--value-size", "16-2000", "a")
        #expect(report.measurements.succeeded == 1000)
        #expect(report.measurements.failed == 0)
        #expect(report.measurements.absent == 0)
        #expect(report.measurements.wrong == 0)
        #expect(keys.count == 100)
        #expect(keys.count("GET") + keys.count("SET") == 1100)
        #expect(report.exitStatus == .done)
    }

    @Test func `a read-modify-write reads and then writes, and is one operation`() throws {
        let keys = FakeKeys()
        let report = try run(
            [try FakeServer(keys.answer)], "--keys", "50", "--operations", "500", "--pipeline", "4",
            "f")
        let kinds = report.measurements.latencies
        let changed = kinds[OperationKind.readModifyWrite.rawValue]?.count ?? 0
        #expect(report.measurements.succeeded == 500)
        #expect(keys.count("GET") == 500)
        #expect(keys.count("SET") == Int(changed))
    }

    @Test func `every second is told by itself when that is wanted`() throws {
        let server = try FakeServer(FakeKeys().answer)
        let report = try run([server], "--duration", "2.5", "--seconds", "set")
        #expect(report.intervals.count == 2)
        for (index, interval) in report.intervals.enumerated() {
            #expect(Int(interval.endSeconds) == index + 1)
            #expect(interval.latencies.count > 0)
        }
        let counted = report.intervals.reduce(0) { $0 + $1.latencies.count }
        #expect(counted < report.measurements.succeeded)
        #expect(report.json.text.contains("\"end_seconds\""))
        #expect(try run([server], "--duration", "1.1", "set").intervals.isEmpty)
    }

    @Test func `keys that are not there are absent, not wrong`() throws {
        let report = try run(
            [try FakeServer(FakeKeys().answer)], "--verify", "--operations", "20", "get")
        #expect(report.measurements.absent == 20)
        #expect(report.exitStatus == .done)
    }

    @Test func `a value of another key is wrong`() throws {
        let keys = FakeKeys()
        let server = try FakeServer { name, arguments in
            var changed = arguments
            if name == "GET" { changed[0][changed[0].count - 1] ^= 1 }
            return keys.answer(name, changed)
        }
        let report = try run(
            [server], "--load", "--verify", "--keys", "10", "--operations", "20", "get")
        #expect(report.measurements.wrong == 20)
        #expect(report.exitStatus == .failed)
    }

    @Test func `errors are counted by their code, and not measured`() throws {
        let turn = Atomic(0)
        let server = try FakeServer { _, _ in
            let number = turn.add(1, ordering: .relaxed).newValue
            return .reply(
                number % 4 == 0
                    ? .error("NOQUORUM 1 of 2 replicas answered in 1000 ms") : .integer(1))
        }
        let report = try run([server], "--operations", "100", "incr")
        #expect(report.measurements.succeeded == 75)
        #expect(report.measurements.errors.map(\.code) == ["NOQUORUM"])
        #expect(report.measurements.failed == 25)
    }

    @Test func `connections that the server closes are made again, and what was sent is lost`()
        throws
    {
        let turn = Atomic(0)
        let keys = FakeKeys()
        let server = try FakeServer { name, arguments in
            turn.add(1, ordering: .relaxed).newValue == 10 ? .hangUp : keys.answer(name, arguments)
        }
        let report = try run([server], "--operations", "50", "--pipeline", "2", "ping")
        #expect(report.measurements.succeeded + report.measurements.failed == 50)
        #expect(report.measurements.errors.map(\.code) == ["CONNECTION"])
        #expect((1...2).contains(report.measurements.failed))
    }

    @Test func `a server that does not answer is given up after the time-out`() throws {
        let turn = Atomic(0)
        let keys = FakeKeys()
        let server = try FakeServer { name, arguments in
            turn.add(1, ordering: .relaxed).newValue == 10 ? .nothing : keys.answer(name, arguments)
        }
        let report = try run([server], "--operations", "50", "--timeout", "0.2", "ping")
        #expect(report.measurements.errors.map(\.code) == ["TIMEOUT"])
        #expect(report.measurements.succeeded == 49)
    }

    @Test func `connections take turns over the servers`() throws {
        let (first, second) = (FakeKeys(), FakeKeys())
        let servers = [try FakeServer(first.answer), try FakeServer(second.answer)]
        _ = try run(servers, "--operations", "400", "ping")
        #expect(first.count("PING") > 0)
        #expect(second.count("PING") > 0)
        #expect(first.count("PING") + second.count("PING") == 400)
    }

    @Test func `the open loop counts latencies from when operations were due`() throws {
        let turn = Atomic(0)
        let keys = FakeKeys()
        let server = try FakeServer { name, arguments in
            // One stall of 300 ms, in which some 60 operations become due.
            if turn.add(1, ordering: .relaxed).newValue == 20 {
                let start = SystemClock.monotonicNs()
                while SystemClock.monotonicNs() - start < 300_000_000 {}
            }
            return keys.answer(name, arguments)
        }
        let report = try run(
            [server], "--rate", "200", "--arrivals", "even", "--duration", "1", "ping")
        let latencies = report.measurements.allLatencies
        #expect((195...200).contains(latencies.count))
        // A closed loop would have seen four slow operations: no more than it has connections.
        #expect(latencies.percentile(85) > 50_000_000)
    }

    @Test func `keys are sent to the server that has them`() throws {
        let stray = Atomic(0)
        let addresses = Mutex<[SocketAddress]>([])
        let halves = try (0..<2).map { half in
            try FakeServer { name, arguments in
                guard name != "CLUSTER" else {
                    return .reply(Self.slots(addresses.withLock { $0 }))
                }
                if Int(Self.slot(arguments[0])) / 8192 != half { stray.add(1, ordering: .relaxed) }
                return .reply(.ok)
            }
        }
        addresses.withLock { $0 = halves.map(\.address) }
        let report = try run(halves, "--cluster", "--operations", "300", "--pipeline", "4", "set")
        #expect(report.measurements.succeeded == 300)
        #expect(stray.load(ordering: .relaxed) == 0)
    }

    @Test func `a key that has moved is followed, and the next time found at once`() throws {
        let moved = Atomic(0)
        let addresses = Mutex<[SocketAddress]>([])
        let wanted = try FakeServer { _, _ in .reply(.ok) }
        let outdated = try FakeServer { name, arguments in
            let all = addresses.withLock { $0 }
            guard name != "CLUSTER" else { return .reply(Self.slots([all[0], all[0]])) }
            moved.add(1, ordering: .relaxed)
            return .reply(.error("MOVED \(Self.slot(arguments[0])) \(all[1])"))
        }
        addresses.withLock { $0 = [outdated.address, wanted.address] }
        let report = try run(
            [outdated, wanted], "--cluster", "--keys", "5", "--operations", "300", "set")
        #expect(report.measurements.succeeded == 300)
        #expect(report.measurements.failed == 0)
        // Each of five slots, by each of the four clients at most.
        #expect(moved.load(ordering: .relaxed) <= 20)
    }

    @Test func `a server that refuses the greeting ends the run with its words`() throws {
        let server = try FakeServer { _, _ in .reply(.error("ERR unknown command 'CONSISTENCY'")) }
        #expect(
            throws: Failure.failed("\(server.address) refused: ERR unknown command 'CONSISTENCY'")
        ) { try run([server], "--consistency", "r 1", "ping") }
    }

    @Test func `a run that is stopped tells what it has measured`() throws {
        let status = DriverStatus()
        let keys = FakeKeys()
        let server = try FakeServer { name, arguments in
            if keys.count("PING") == 100 { status.requestStop() }
            return keys.answer(name, arguments)
        }
        let report = try run([server], "--duration", "60", "ping", status: status)
        #expect(report.seconds < 10)
        #expect(report.measurements.succeeded > 100)
    }

    @Test func `a run can be stopped before its servers have answered`() throws {
        let status = DriverStatus()
        let server = try FakeServer { _, _ in
            status.requestStop()
            return .nothing
        }
        #expect(throws: Failure.failed("interrupted")) {
            try run([server], "--resp", "3", "ping", status: status)
        }
    }

    /// The reply to CLUSTER SLOTS when each of two servers has half of them.
    private static func slots(_ servers: [SocketAddress]) -> Reply {
        .array(
            servers.enumerated().map { half, server in
                .array([
                    .integer(Int64(half) * 8192), .integer(Int64(half) * 8192 + 8191),
                    .array([.bulk(server.host), .integer(Int64(server.port))]),
                ])
            })
    }

    /// CRC16-XMODEM mod 16384, bit by bit.
    private static func slot(_ key: [UInt8]) -> UInt16 {
        var checksum: UInt16 = 0
        for byte in key {
            checksum ^= UInt16(byte) << 8
            for _ in 0..<8 {
                checksum = checksum & 0x8000 != 0 ? checksum << 1 ^ 0x1021 : checksum << 1
            }
        }
        return checksum % 16384
    }
}
