internal import Engine

/// What the node refuses because it has too much to do, and how it holds background work back.
struct OverloadMetrics {
    private let readings: [ShardReading]
    private let total: ShardFigures

    init(_ readings: [ShardReading], total: ShardFigures) {
        self.readings = readings
        self.total = total
    }

    var all: [Metric] { refusals + states }

    private var refusals: [Metric] {
        [
            Metric(
                "martlet_overload_refusals_total", .counter,
                "Requests refused, by cause: the loop or the disk was too far behind, too many "
                    + "requests were under way, or waited for another loop.",
                total.overloadRefusals.map { MetricSample(Double($0.count), ["cause": $0.cause]) })
        ]
    }

    private var states: [Metric] {
        [
            Metric(
                "martlet_shard_behind", .gauge,
                "1 while the shard refuses new commands, since its loop or the disk is behind.",
                perShard { $0.isLoopBehind || $0.isDiskBehind ? 1 : 0 }),
            Metric(
                "martlet_write_bytes_in_flight", .gauge,
                "Bytes of the writes that some replica has not answered.",
                perShard { Double($0.figures.writeBytes) }),
            Metric(
                "martlet_background_share", .gauge,
                "The part of full speed that background work is held to, from 0 to 1.",
                perShard(\.pacerShare)),
        ]
    }

    private func perShard(_ value: (ShardReading) -> Double) -> [MetricSample] {
        readings.enumerated().map { index, reading in
            MetricSample(value(reading), ["shard": "\(index)"])
        }
    }
}
