internal import Engine
internal import Essentials

extension Metric {
    /// How the members agree on the topology.
    static func consensus(_ status: ConsensusStatus) -> [Metric] {
        [
            .gauge(
                "martlet_consensus_term", "The term of the newest leader or election.",
                Double(status.term)),
            .gauge(
                "martlet_consensus_leader", "The number of the member that leads; 0 when unknown.",
                Double(status.leader?.rawValue ?? 0)),
            .gauge(
                "martlet_consensus_is_leader", "1 when this node leads, else 0.",
                status.isLeader ? 1 : 0),
            .gauge(
                "martlet_consensus_voters", "Members that decide by majority.",
                Double(status.voters.count)),
            .gauge(
                "martlet_consensus_voters_heard",
                "Those of them that this node has heard lately, itself included.",
                Double(status.votersHeard)),
            .gauge(
                "martlet_consensus_commit_index", "The last step of the log that is committed.",
                Double(status.commitIndex)),
            .gauge(
                "martlet_consensus_applied_index",
                "The last step of the log that this node goes by.", Double(status.commitIndex)),
            .gauge(
                "martlet_consensus_last_index", "The last step of the log that this node has.",
                Double(status.lastIndex)),
            .gauge(
                "martlet_consensus_log_bytes", "What the log takes, without its snapshot.",
                Double(status.logBytes)),
            .gauge(
                "martlet_consensus_sure",
                "0 while this node's data directory may be an earlier state of it.",
                status.isSure ? 1 : 0),
            .total(
                "martlet_consensus_elections_total", "Elections that this node has started.",
                status.elections),
        ]
    }
}
