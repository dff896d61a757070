internal import Essentials

/// What a run has counted so far.
struct Measurements: Sendable {
    /// Latencies in nanoseconds of what succeeded, by kind. Failures are not in there: they are
    /// often quick, and would make an overloaded server look fast.
    private(set) var latencies: [Histogram?] = Array(
        repeating: nil, count: OperationKind.allCases.count)
    /// Errors by their code, such as `NOQUORUM`, in the order of their first occurrence.
    private(set) var errors: [(code: String, count: UInt64)] = []
    /// Reads that found no value.
    private(set) var absent: UInt64 = 0
    private(set) var succeeded: UInt64 = 0
    /// Read values that were never written so.
    private(set) var wrong: UInt64 = 0

    var failed: UInt64 { errors.reduce(0) { $0 + $1.count } }

    mutating func succeed(_ kind: OperationKind, latencyNs: UInt64) {
        succeeded += 1
        if latencies[kind.rawValue] == nil { latencies[kind.rawValue] = Histogram() }
        latencies[kind.rawValue]?.record(latencyNs)
    }

    mutating func fail(_ code: String, count: UInt64 = 1) {
        if let index = errors.firstIndex(where: { $0.code == code }) {
            errors[index].count += count
        } else {
            errors.append((code, count))
        }
    }

    mutating func countAbsent() { absent += 1 }

    mutating func countWrong() { wrong += 1 }

    mutating func merge(_ other: Measurements) {
        succeeded += other.succeeded
        absent += other.absent
        wrong += other.wrong
        for (code, count) in other.errors { fail(code, count: count) }
        for index in latencies.indices {
            guard let theirs = other.latencies[index] else { continue }
            if latencies[index] == nil { latencies[index] = Histogram() }
            latencies[index]?.merge(theirs)
        }
    }

    /// All kinds together.
    var allLatencies: Histogram {
        latencies.reduce(into: Histogram()) { if let kind = $1 { $0.merge(kind) } }
    }
}
