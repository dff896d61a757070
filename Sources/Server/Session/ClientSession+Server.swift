internal import Commands
internal import Engine
internal import Essentials
internal import Membership
internal import Platform
internal import Wire

/// Commands about the whole server.
extension ClientSession {
    func runServer(_ id: CommandID, _ arguments: [[UInt8]]) {
        switch id {
        case .info: report(arguments)
        case .configGet: getConfiguration(arguments)
        case .configSet: setConfiguration(arguments)
        case .configResetStat: resetStatistics()
        case .configRewrite: rewriteConfiguration()
        case .dbSize: countKeys()
        case .time: tellTime()
        case .slowlogGet: getSlowlog(arguments)
        case .slowlogLen: answer(.integer(Int64(shard.services.slowlog.count)))
        case .slowlogReset:
            shard.services.slowlog.clear()
            answer(.ok)
        case .latencyLatest, .latencyHistory: answer(.array([]))
        case .latencyReset: answer(.integer(0))
        case .latencyDoctor: answer(.verbatim(Array(Self.latencyAdvice.utf8)))
        case .latencyGraph:
            let event = String(decoding: arguments[2], as: UTF8.self)
            answer(.error("ERR No samples available for event '\(event)'"))
        case .latencyHistogram: answer(.map([]))
        case .shutdown: shutDown(arguments)
        case .flushAll, .flushDB: flushKeys(arguments)
        default: invariant(false, "\(id) is not about the server")
        }
    }

    /// No latency events are sampled.
    private static let latencyAdvice =
        "Latency events are not sampled. The admin port's /metrics has latency histograms, and "
        + "SLOWLOG the slowest commands.\n"

    private func tellTime() {
        let us = SystemClock.wallUs()
        answer(.array([.bulk("\(us / 1_000_000)"), .bulk("\(us % 1_000_000)")]))
    }

    // MARK: SLOWLOG

    /// As many entries as Redis shows when it is not told.
    private static let slowlogShownDefault = 10

    private func getSlowlog(_ arguments: [[UInt8]]) {
        var count = Self.slowlogShownDefault
        if arguments.count > 2 {
            guard arguments.count == 3, let wanted = Int64(decimal: arguments[2]), wanted >= -1
            else { return answer(.error("ERR count should be greater than or equal to -1")) }
            count = wanted < 0 ? .max : Int(wanted)
        }
        answer(.array(shard.services.slowlog.newest(count).map(Self.describe)))
    }

    private static func describe(_ entry: Slowlog.Entry) -> Reply {
        .array([
            .integer(entry.id), .integer(entry.at), .integer(entry.durationUs),
            .array(entry.arguments.map { .bulk($0) }),
            .bulk(entry.client), .bulk(entry.clientName),
        ])
    }

    // MARK: SHUTDOWN

    /// Asks the node to stop; there is no reply but the end of the connection. What to save is no
    /// question here: all that was acknowledged is in the log already.
    private func shutDown(_ arguments: [[UInt8]]) {
        var isAbort = false
        var saves: Bool?
        for word in arguments.dropFirst() {
            switch Keyword(word) {
            case "save" where saves == nil: saves = true
            case "nosave" where saves == nil: saves = false
            case "now", "force": break
            case "abort" where arguments.count == 2: isAbort = true
            default: return answer(.error("ERR syntax error"))
            }
        }
        guard !isAbort else { return answer(.error("ERR No shutdown in progress.")) }
        shard.services.log.info("a client asked for the shutdown", ["client": .text(info.address)])
        // A reply that never comes: nothing more of this client is run.
        _ = deferReply()
        shard.services.requestStop()
    }

    // MARK: FLUSHALL

    /// Without a leader, and with one that members do not answer, the change is refused sooner.
    private static let flushMsMax: UInt64 = 15_000

    private func flushKeys(_ arguments: [[UInt8]]) {
        switch (arguments.count, arguments.last.map { Keyword($0) }) {
        case (1, _), (2, "sync"), (2, "async"): break
        default: return answer(.error("ERR syntax error"))
        }
        guard shard.configuration.allowsFlush else {
            return answer(
                .error(
                    "ERR this would delete all data of all nodes, and is off: "
                        + "CONFIG SET flush yes allows it"))
        }
        if let defect = shard.dataPlane.clockJudgement.defect {
            return answer(.error("CLOCK \(defect): nothing is flushed through it"))
        }
        // The clocks of the nodes that adopt it go on behind it.
        let stamp = FlushStamp.next(
            nowMs: shard.now.wallMs, boundMs: UInt64(shard.configuration.clockDriftMsMax),
            after: shard.topology.flushStamp)
        let number = reserveReply()
        let target = shard.services.mailboxes[shard.index]
        let patience = Patience { target.send(.reply(number, $0)) }
        shard.services.mailboxes[0].send(.call { $0.shard?.flush(stamp: stamp, patience) })
        shard.after(ms: Self.flushMsMax) {
            patience.end(.error("ERR the node that leads does not answer: it may flush later"))
        }
    }
}

extension Shard {
    fileprivate func flush(stamp: UInt64, _ patience: Patience) {
        control?.propose(.flush(stamp: stamp)) { reason in
            patience.end(reason.map { .error("ERR \($0)") } ?? .ok)
        }
    }
}
