internal import Essentials
internal import Membership
internal import Platform

/// The way of a new node into a cluster: asks the seeds in turn until one answers.
struct Joining {
    /// Seeds may start at the same time as this node; after so long without an answer from any of
    /// them the operator should know.
    private static let patienceNs: UInt64 = 60_000_000_000
    private static let pauseMs: UInt32 = 250

    private let configuration: Configuration
    private let description: MemberDescription
    private let log: Log

    init(_ configuration: Configuration, _ description: MemberDescription, _ log: Log) {
        self.configuration = configuration
        self.description = description
        self.log = log
    }

    /// Blocks until the cluster has decided.
    func run() throws(StartFailure) -> Topology {
        let loop: EventLoop
        do {
            loop = try EventLoop(name: "joining")
        } catch {
            throw StartFailure(error.description)
        }
        loop.start()
        defer { loop.stop() }
        let secret = Array(configuration.clusterSecret.revealed.utf8)
        let deadlineNs = SystemClock.monotonicNs() + Self.patienceNs
        var lastReason = ""
        while SystemClock.monotonicNs() < deadlineNs {
            for seed in configuration.join {
                switch JoinClient.ask(seed, for: description, secret: secret, loop: loop) {
                case .joined(let topology): return topology
                case .refused(let reason):
                    throw StartFailure("cannot join the cluster at \(seed): \(reason)")
                case .failed(let reason):
                    if reason != lastReason {
                        log.warn(
                            "a seed does not let this node in yet; trying on",
                            ["address": .describing(seed), "reason": .text(reason)])
                    }
                    lastReason = reason
                }
            }
            Pause.milliseconds(Self.pauseMs)
        }
        let seeds = configuration.join.map(\.description).joined(separator: ", ")
        throw StartFailure("cannot join the cluster at \(seeds): \(lastReason)")
    }
}
