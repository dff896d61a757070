import Essentials
import Platform
import Testing

@testable import martlet_bench

@Suite struct ReportTests {
    private func report(_ measurements: Measurements, driverSeconds: Double = 0.5) -> Report {
        Report(
            workload: "a", seconds: 2, measurements: measurements,
            servers: [
                (7, ServerProcess(userSeconds: 0.25, systemSeconds: 0.75, residentBytes: 3 << 20))
            ],
            driverSeconds: driverSeconds, threads: 1)
    }

    private var measured: Measurements {
        var measurements = Measurements()
        for index in 1...1000 as ClosedRange<UInt64> {
            measurements.succeed(.get, latencyNs: index * 1000)
            measurements.succeed(.set, latencyNs: 2_000_000)
        }
        measurements.fail("NOQUORUM", count: 1234)
        measurements.fail("OVERLOADED")
        return measurements
    }

    @Test func `the table has a row for each kind, and what failed below`() {
        #expect(
            report(measured).text == """
                     operations  ops/s   mean    p50    p90    p99  p99.9  max ms
                get       1,000    500  0.500  0.500  0.900  0.990  0.999   1.000
                set       1,000    500  2.000  2.000  2.000  2.000  2.000   2.000
                all       2,000  1,000  1.250  1.000  2.000  2.000  2.000   2.000

                time     2.00 s
                errors   1,235: NOQUORUM 1,234, OVERLOADED 1
                server   7: 1.00 CPU-seconds (user 0.25, system 0.75), 3.0 MiB resident
                servers  2,000 operations per CPU-second, 500.00 CPU-seconds per million operations
                driver   0.50 CPU-seconds

                """)
    }

    @Test func `a driver without a pause says so`() {
        #expect(report(measured, driverSeconds: 1.9).text.contains("The driver was busy"))
        #expect(!report(measured, driverSeconds: 1.7).text.contains("The driver was busy"))
    }

    @Test func `programs get the same figures`() throws {
        let json = report(measured).json
        #expect(json["operations"]?.integer == 2000)
        #expect(json["operations_per_second"]?.number == 1000)
        #expect(json["operations_per_server_cpu_second"]?.number == 2000)
        #expect(json["errors"]?["NOQUORUM"]?.integer == 1234)
        let p99 = try #require(json["kinds"]?["get"]?["p99"]?.number)
        #expect(abs(p99 - 0.99) < 0.001)
        #expect(json["latency_ms"]?["p99.9"]?.number == 2)
    }

    @Test func `a run is done when something succeeded and nothing was wrong`() {
        #expect(report(measured).exitStatus == .done)
        #expect(report(Measurements()).exitStatus == .failed)
        var wrong = measured
        wrong.countWrong()
        #expect(report(wrong).exitStatus == .failed)
        #expect(report(wrong).text.contains("WRONG    1 values read"))
    }

    @Test func `measurements of threads add up`() {
        var total = measured
        total.merge(measured)
        #expect(total.succeeded == 4000)
        #expect(total.failed == 2470)
        #expect(total.errors.map(\.code) == ["NOQUORUM", "OVERLOADED"])
        #expect(total.allLatencies.count == 4000)
    }

    @Test func `a program's name may look like the end of its name`() throws {
        let stat = "12 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 75 20 5 20 0 1 0 100 4096 3"
        let sample = try #require(
            ServerProcess.parse(
                stat: stat, memory: "9 3 1", ticksPerSecond: 100, pageBytes: 4096))
        #expect(sample == ServerProcess(userSeconds: 2.7, systemSeconds: 0.8, residentBytes: 12288))
        #expect(
            ServerProcess.parse(stat: "1 (x) S", memory: "", ticksPerSecond: 100, pageBytes: 1)
                == nil)
    }

    @Test func `the time used is that between two samples`() {
        let before = ServerProcess(userSeconds: 1, systemSeconds: 2, residentBytes: 9)
        let after = ServerProcess(userSeconds: 1.5, systemSeconds: 4, residentBytes: 7)
        #expect(
            before.used(until: after)
                == ServerProcess(userSeconds: 0.5, systemSeconds: 2, residentBytes: 7))
    }
}
