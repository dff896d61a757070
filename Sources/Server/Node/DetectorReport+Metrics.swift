internal import Membership

extension Metric {
    /// What the failure detector sees and does.
    static func detector(_ report: DetectorReport) -> [Metric] {
        let totals = counters.map { name, counter, help in
            Metric.total("martlet_detector_\(name)_total", help, report.counters[keyPath: counter])
        }
        return totals + [
            .gauge(
                "martlet_detector_health_score",
                "How far this node distrusts its own probes: 0 is healthy, 8 the worst.",
                Double(report.healthScore)),
            Metric(
                "martlet_peer_liveness", .gauge,
                "What the failure detector says of the member: 0 alive, 1 suspect, 2 dead.",
                report.peers.map {
                    MetricSample(Double($0.liveness.rawValue), ["node": "\($0.node)"])
                }),
        ]
    }

    private static var counters: [(String, KeyPath<DetectorReport.Counters, UInt64>, String)] {
        [
            ("messages", \.messages, "Messages that the failure detector has sent."),
            ("probes", \.probes, "Members that were asked for a sign of life."),
            ("acks", \.acks, "Probes that the member itself answered in time."),
            (
                "indirect_probes", \.indirectProbes,
                "Probes with which other members were asked to help."
            ),
            (
                "indirect_acks", \.indirectAcks,
                "Those of them that reached the member through another."
            ),
            ("nacks", \.nacks, "Helpers that got no answer either."),
            ("accusations", \.accusations, "Suspicions that this node has begun."),
            ("suspicions", \.suspicions, "Suspicions, whoever began them."),
            ("deaths", \.deaths, "Members that were taken for dead."),
            ("returns", \.returns, "Members that came back from the dead."),
            ("refutations", \.refutations, "Suspicions of this node that it has refuted."),
            (
                "pauses", \.pauses,
                "Times that this node stood still for longer than 'probe-period-ms'."
            ),
        ]
    }
}
