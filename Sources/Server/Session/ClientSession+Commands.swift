internal import Commands
internal import Essentials
internal import Platform
internal import Wire

/// Commands about the connection, the server or the cluster: when they run, and who runs them.
extension ClientSession {
    static let authenticationRequired = "NOAUTH Authentication required."

    /// Takes a command that the session itself carries out.
    func begin(_ id: CommandID, _ arguments: [[UInt8]]) {
        info.lastCommand = id
        guard Self.runsAlone(id) else { return run(id, arguments) }
        guard pending.isEmpty else {
            isAlone = true
            held = (id, arguments)
            return
        }
        runAlone(id, arguments)
    }

    /// Commands run side by side, but some are not to be overtaken by those after them, nor to
    /// overtake those before: what they change or see is not one key's. That is who the client is
    /// and how it is answered; and the keys as a whole, where a write counts once it is committed.
    private static func runsAlone(_ id: CommandID) -> Bool {
        switch id {
        case .auth, .hello, .reset, .clientReply, .shutdown: true
        case .flushAll, .flushDB, .dbSize, .keys, .scan, .randomKey: true
        case .clusterCountKeysInSlot, .clusterGetKeysInSlot, .info: true
        default: false
        }
    }

    private func runAlone(_ id: CommandID, _ arguments: [[UInt8]]) {
        run(id, arguments)
        if !pending.isEmpty { isAlone = true }
    }

    /// The command after `CLIENT REPLY SKIP`: nothing else is taken until its reply was dropped.
    func beginSkipped() {
        replyMode = .skipThis
        isAlone = true
    }

    /// Everything before is answered: goes on with the command that waited for that, if one did.
    func leaveSolitude() {
        isAlone = false
        if replyMode == .skipThis { replyMode = .on }
        guard let command = held else { return }
        held = nil
        runAlone(command.id, command.arguments)
    }

    /// As in Redis, what cannot be a command at all is said to be none before the password is
    /// asked for; the rest must not tell anything.
    func mustAuthenticate(before invocation: Commands.Invocation) -> Bool {
        guard shard.configuration.password.isSet else {
            // It was taken back meanwhile.
            isAuthenticated = true
            parser.limits = Self.limits(shard.configuration, isRestricted: false)
            return false
        }
        switch invocation {
        case .session(let id, _):
            return id != .auth && id != .hello && id != .quit && id != .reset
        case .failure(.error(let text)):
            return !text.hasPrefix("ERR unknown")
                && !text.hasPrefix("ERR wrong number of arguments")
        case .failure, .key, .plan: return true
        }
    }

    // MARK: Answering later

    /// Keeps the place of a reply that another thread or loop brings: by `SessionTable.complete`,
    /// or by the message `reply`.
    func reserveReply() -> UInt64 {
        RequestNumber(loop: shard.index, session: index, sequence: deferReply()).rawValue
    }

    /// Answers with what is made of what every loop has to say.
    func answerGathered<Part: Sendable>(
        _ collect: @escaping @Sendable (Shard) -> Part,
        _ reply: @escaping @Sendable (Shard, [Part]) -> Reply
    ) {
        let number = reserveReply()
        shard.services.gather(origin: shard.index, collect) { host, parts in
            guard let shard = host.shard else { return }
            shard.sessions.complete(number, reply(shard, parts))
        }
    }

    /// Answers with the result of work that blocks, made by a worker.
    func answerFromWorker(_ work: @escaping @Sendable () -> Reply) {
        let number = reserveReply()
        let mailbox = shard.services.mailboxes[shard.index]
        let isAccepted = shard.services.workers.submit { mailbox.send(.reply(number, work())) }
        guard !isAccepted else { return }
        shard.sessions.complete(number, .error("OVERLOADED too much work waits for the disk"))
    }

    // MARK: The commands

    /// Carries out a command; every command that is not about keys stands in here.
    private func run(_ id: CommandID, _ arguments: [[UInt8]]) {
        if let reply = CommandTable.reply(to: id, arguments) { return answer(reply) }
        switch id {
        case .ping, .echo, .hello, .auth, .select, .reset, .quit, .client, .clientID,
            .clientSetName, .clientGetName, .clientSetInfo, .clientInfo, .clientList, .clientKill,
            .clientReply, .clientNoEvict, .clientNoTouch, .clientHelp, .consistency:
            runConnection(id, arguments)
        case .info, .command, .commandCount, .commandDocs, .commandInfo, .commandGetKeys,
            .commandGetKeysAndFlags, .commandList, .commandHelp, .config, .configGet, .configSet,
            .configResetStat, .configRewrite, .configHelp, .dbSize, .time, .slowlog, .slowlogGet,
            .slowlogLen, .slowlogReset, .slowlogHelp, .latency, .latencyLatest, .latencyHistory,
            .latencyReset, .latencyDoctor, .latencyGraph, .latencyHistogram, .latencyHelp,
            .shutdown, .flushAll, .flushDB:
            runServer(id, arguments)
        case .cluster, .clusterSlots, .clusterShards, .clusterNodes, .clusterInfo, .clusterMyID,
            .clusterKeySlot, .clusterCountKeysInSlot, .clusterGetKeysInSlot, .clusterHelp,
            .readOnly, .readWrite:
            runCluster(id, arguments)
        case .scan: scan(arguments)
        case .keys: listKeys(arguments)
        case .randomKey: pickRandomKey()
        case .del, .unlink, .exists, .type, .touch, .expire, .pexpire, .expireAt, .pexpireAt,
            .ttl, .pttl, .expireTime, .pexpireTime, .persist, .rename, .renameNX, .copy, .object,
            .objectEncoding, .objectRefcount, .objectIdleTime, .objectFreq, .objectHelp, .dump,
            .restore, .get, .set, .getEx, .getDel, .getSet, .setEx, .psetEx, .setNX, .mget, .mset,
            .msetNX, .append, .strlen, .getRange, .substr, .setRange, .incr, .incrBy, .decr,
            .decrBy, .incrByFloat, .lcs, .getBit, .setBit, .bitCount, .bitPos, .bitField,
            .bitFieldReadOnly, .bitOp, .dynamoGet, .dynamoPut, .dynamoDelete, .readEntry,
            .deleteUnchanged:
            invariant(false, "\(id) is about keys and came to a session")
        }
    }
}
