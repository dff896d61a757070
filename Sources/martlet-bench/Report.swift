internal import Essentials
internal import Platform

/// What a run has measured, and how it is told.
struct Report: Sendable {
    static let percentiles = [50.0, 90, 99, 99.9]

    let workload: String
    /// From the first operation to the last reply.
    let seconds: Double
    let measurements: Measurements
    /// What each server's process has used in that time, and its memory at the end.
    let servers: [(id: Int32, usage: ServerProcess)]
    /// Processor time of this program.
    let driverSeconds: Double
    let threads: Int
    /// The seconds of the run one by one, if they are wanted.
    var intervals: [Interval] = []

    var operationsPerSecond: Double {
        seconds > 0 ? Double(measurements.succeeded) / seconds : 0
    }

    /// Of all servers together.
    var serverSeconds: Double { servers.reduce(0) { $0 + $1.usage.cpuSeconds } }

    var operationsPerServerSecond: Double? {
        serverSeconds > 0 ? Double(measurements.succeeded) / serverSeconds : nil
    }

    var serverSecondsPerMillion: Double? {
        guard serverSeconds > 0, measurements.succeeded > 0 else { return nil }
        return serverSeconds / Double(measurements.succeeded) * 1e6
    }

    /// Kinds that occurred, in their order.
    private var kinds: [(label: String, histogram: Histogram)] {
        OperationKind.allCases.compactMap { kind in
            measurements.latencies[kind.rawValue].map { (kind.label, $0) }
        }
    }

    /// Whether the driver was too busy to measure the server.
    var isDriverBound: Bool { driverSeconds > 0.9 * seconds * Double(threads) }

    var exitStatus: ExitStatus {
        measurements.wrong == 0 && measurements.succeeded > 0 ? .done : .failed
    }

    // MARK: For people

    var text: String {
        var rows = [["", "operations", "ops/s", "mean", "p50", "p90", "p99", "p99.9", "max ms"]]
        rows += kinds.map { row($0.label, $0.histogram) }
        if kinds.count != 1 { rows.append(row("all", measurements.allLatencies)) }
        return Self.aligned(rows) + "\n" + notes.map { $0 + "\n" }.joined()
    }

    private func row(_ label: String, _ histogram: Histogram) -> [String] {
        let rate = seconds > 0 ? Double(histogram.count) / seconds : 0
        return [label, Figures.grouped(Int(histogram.count)), Figures.decimal(rate, digits: 0)]
            + [Figures.milliseconds(UInt64(histogram.mean))]
            + Self.percentiles.map { Figures.milliseconds(histogram.percentile($0)) }
            + [Figures.milliseconds(histogram.max)]
    }

    /// What the load phase before a run has done.
    var loadLine: String {
        let count = Figures.grouped(Int(measurements.succeeded))
        let line = "loaded \(count) keys in \(Figures.decimal(seconds, digits: 1)) s"
        let failed = measurements.failed
        return failed == 0 ? line : line + ", \(Figures.grouped(Int(failed))) failed"
    }

    /// The lines below the table.
    private var notes: [String] {
        var lines = ["time     \(Figures.decimal(seconds, digits: 2)) s"]
        let failed = measurements.failed
        let codes = measurements.errors.map { "\($0.code) \(Figures.grouped(Int($0.count)))" }
        lines.append(
            failed == 0
                ? "errors   none"
                : "errors   \(Figures.grouped(Int(failed))): " + codes.joined(separator: ", "))
        if measurements.absent > 0 {
            lines.append(
                "absent   \(Figures.grouped(Int(measurements.absent))) reads found nothing")
        }
        if measurements.wrong > 0 {
            lines.append("WRONG    \(Figures.grouped(Int(measurements.wrong))) values read")
        }
        for (id, usage) in servers {
            lines.append(
                "server   \(id): \(Self.cpu(usage)), \(Figures.mebibytes(usage.residentBytes)) resident"
            )
        }
        if let efficiency = operationsPerServerSecond, let cost = serverSecondsPerMillion {
            lines.append(
                "servers  \(Figures.decimal(efficiency, digits: 0)) operations per CPU-second, "
                    + "\(Figures.decimal(cost, digits: 2)) CPU-seconds per million operations")
        }
        lines.append("driver   \(Figures.decimal(driverSeconds, digits: 2)) CPU-seconds")
        if isDriverBound {
            lines.append("         The driver was busy all the time: the servers could do more.")
        }
        return lines
    }

    private static func cpu(_ usage: ServerProcess) -> String {
        let total = Figures.decimal(usage.cpuSeconds, digits: 2)
        let user = Figures.decimal(usage.userSeconds, digits: 2)
        let system = Figures.decimal(usage.systemSeconds, digits: 2)
        return "\(total) CPU-seconds (user \(user), system \(system))"
    }

    /// Lines with columns as wide as they need: the first one to the left, numbers to the right.
    private static func aligned(_ rows: [[String]]) -> String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return column == 0 ? row[column] + padding : padding + row[column]
            }.joined(separator: "  ") + "\n"
        }.joined()
    }

    // MARK: For programs

    /// Latencies are in milliseconds.
    var json: JSON {
        .object([
            .init("workload", .string(workload)),
            .init("seconds", .number(seconds)),
            .init("operations", .exact(measurements.succeeded)),
            .init("operations_per_second", .number(operationsPerSecond)),
            .init("latency_ms", Self.json(measurements.allLatencies)),
            .init(
                "kinds",
                .object(
                    kinds.map { label, histogram in
                        .init(label, Self.json(histogram))
                    })),
            .init("failed", .exact(measurements.failed)),
            .init(
                "errors",
                .object(measurements.errors.map { .init($0.code, .exact($0.count)) })),
            .init("absent", .exact(measurements.absent)),
            .init("wrong", .exact(measurements.wrong)),
            .init("servers", .array(servers.map(Self.json))),
            .init("server_cpu_seconds", servers.isEmpty ? .null : .number(serverSeconds)),
            .init(
                "operations_per_server_cpu_second",
                operationsPerServerSecond.map { .number($0) } ?? .null),
            .init(
                "server_cpu_seconds_per_million_operations",
                serverSecondsPerMillion.map { .number($0) } ?? .null),
            .init("driver_cpu_seconds", .number(driverSeconds)),
            .init("driver_bound", .bool(isDriverBound)),
            .init("intervals", .array(intervals.map(\.json))),
        ])
    }

    private static func json(_ histogram: Histogram) -> JSON {
        var members: [JSON.Member] = [
            .init("count", .exact(histogram.count)), .init("mean", .number(histogram.mean / 1e6)),
        ]
        for percent in percentiles {
            let name = percent == 99.9 ? "p99.9" : "p\(Int(percent))"
            members.append(.init(name, .number(Double(histogram.percentile(percent)) / 1e6)))
        }
        members.append(.init("max", .number(Double(histogram.max) / 1e6)))
        return .object(members)
    }

    private static func json(_ server: (id: Int32, usage: ServerProcess)) -> JSON {
        .object([
            .init("pid", .integer(Int(server.id))),
            .init("user_seconds", .number(server.usage.userSeconds)),
            .init("system_seconds", .number(server.usage.systemSeconds)),
            .init("resident_bytes", .integer(server.usage.residentBytes)),
        ])
    }
}
