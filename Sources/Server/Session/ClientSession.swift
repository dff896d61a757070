internal import Commands
internal import Engine
internal import Essentials
internal import Platform
internal import Wire

/// A client's connection: cuts its bytes into commands, brings each to where it is carried out, and
/// writes the replies in the order of the commands.
///
/// Bounds: commands under way (`pendingMax`), bytes of replies not yet taken (past the soft bound
/// no more commands are read, past the hard one the client is closed), bytes of a command (the
/// parser's limits). Confined to its loop.
final class ClientSession: StreamHandler {
    /// Commands of one client under way at once; more wait in its input. A pipeline deeper than
    /// this gains nothing, since replies leave in order.
    static let pendingMax = 1024
    /// Replies, as far as they can be foreseen, of the commands under way: a quarter of the least
    /// `client-output-limit` that leaves room for the largest value.
    private static let repliesUnderWayMax = 16 << 20
    /// Reply bytes waiting for the client at which its commands wait, too.
    static let outputSoftMax = 1 << 20

    let index: Int
    /// Strong: an unowned reference is counted at each use. The cycle ends when the stream closes.
    let shard: Shard
    let info: ClientInfo
    var stream: TCPStream?
    var parser: RequestParser
    var encoder = ReplyEncoder(version: .two)
    var consistency = ConsistencyOverride()
    var isAuthenticated: Bool
    var replyMode = ReplyMode.on
    /// Set by QUIT and by protocol errors: what is queued is written, then the end.
    var isClosing = false
    /// Whether no command is taken until all before it are answered: see `leaveSolitude`.
    var isAlone = false
    /// A command that waits for that.
    var held: (id: CommandID, arguments: [[UInt8]])?

    private(set) var pending: PendingReplies
    private var output: [UInt8] = []
    /// The largest reply lately. New clients are taken for readers of middling values.
    private var replySizeExpected = 64 << 10
    private var isDirty = false
    private let dirty: DirtySessions
    private var isProcessing = false
    private var lastActiveNs: UInt64
    private var resolved: Consistency
    private var resolvedGeneration = -1

    enum ReplyMode { case on, off, skipNext, skipThis }

    init?(
        index: Int, firstSequence: UInt32, _ socket: AcceptedSocket, shard: Shard,
        dirty: DirtySessions
    ) {
        self.index = index
        self.shard = shard
        self.dirty = dirty
        let configuration = shard.configuration
        isAuthenticated = !configuration.password.isSet
        parser = RequestParser(limits: Self.limits(configuration, isRestricted: !isAuthenticated))
        pending = PendingReplies(firstSequence: firstSequence)
        lastActiveNs = shard.loop.now.monotonicNs
        resolved = shard.rules.resolve(consistency)
        info = ClientInfo(id: shard.services.clients.nextID(), now: shard.loop.now)
        guard let stream = try? TCPStream(socket, loop: shard.loop, handler: self) else {
            return nil
        }
        self.stream = stream
        info.address = stream.peer.description
        info.localAddress = stream.local?.description ?? ""
        if configuration.keepaliveSeconds > 0 {
            stream.setKeepAlive(idleSeconds: UInt32(configuration.keepaliveSeconds))
        }
        guard shard.services.clients.add(max: configuration.clientsMax) else {
            stream.write(Array("-ERR max number of clients reached\r\n".utf8))
            info.isCounted = false
            isClosing = true
            stream.closeWhenDrained()
            return
        }
    }

    var nextSequence: UInt32 { pending.nextSequence }

    static func limits(_ configuration: Configuration, isRestricted: Bool) -> RequestLimits {
        var limits = RequestLimits()
        limits.argumentSizeMax = configuration.valueBytesMax + KeyRequest.keySizeMax
        limits.commandSizeMax = configuration.commandBytesMax
        limits.isRestricted = isRestricted
        return limits
    }

    /// An admin has set other limits: they count from the next command on.
    func limitsChanged(_ configuration: Configuration) {
        parser.limits = Self.limits(configuration, isRestricted: !isAuthenticated)
    }

    // MARK: StreamHandler

    func streamReceived(_ stream: TCPStream, _ bytes: Span<UInt8>) {
        guard !isClosing else { return }
        lastActiveNs = shard.loop.now.monotonicNs
        shard.statistics.inputBytes &+= UInt64(bytes.count)
        parser.append(bytes)
        process()
        shard.services.clients.note(&info.inputBytes, parser.bufferedSize)
        boundClientMemory()
    }

    /// The client has said all it will; what is under way is still answered.
    func streamEnded(_ stream: TCPStream) {
        isClosing = true
        if pending.isEmpty { finish() }
    }

    func streamDrained(_ stream: TCPStream) {
        shard.services.clients.note(&info.outputBytes, 0)
        guard !isClosing else { return }
        stream.resumeReading()
        process()
    }

    func streamClosed(_ stream: TCPStream, error: PlatformError?) {
        self.stream = nil
        isClosing = true
        shard.services.clients.note(&info.inputBytes, 0)
        shard.services.clients.note(&info.outputBytes, 0)
        if info.isCounted { shard.services.clients.remove() }
        shard.sessions.forget(self)
    }

    // MARK: Commands

    /// Reads commands until the input ends or something must be waited for.
    func process() {
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        while !isClosing {
            guard canTakeCommand else {
                stream?.pauseReading()
                return
            }
            if isAlone {
                leaveSolitude()
                continue
            }
            switch parser.next() {
            case .needMore: return
            case .command: begin()
            case .failed(let text):
                shard.services.log.debug("protocol error", ["client": .text(info.address)])
                answer(.error(text))
                isClosing = true
                if pending.isEmpty { finish() }
            case .crossProtocolAttack:
                shard.services.log.warn(
                    "closed a connection that speaks HTTP on the clients' port",
                    ["client": .text(info.address)])
                isClosing = true
                stream?.close()
            }
        }
    }

    private var canTakeCommand: Bool {
        pending.count < Self.pendingMax && output.count < Self.outputSoftMax
            && (pending.isEmpty || canRunBeside) && (stream?.queuedBytes ?? 0) < Self.outputSoftMax
            && shard.acceptsCommands
    }

    /// Whether one more command may run beside those under way: not when their replies, if they are
    /// like those before, are as much as the client may leave unread.
    private var canRunBeside: Bool {
        !isAlone && pending.count * replySizeExpected < Self.repliesUnderWayMax
    }

    private func begin() {
        info.commands &+= 1
        let (name, invocation) = parser.interpret()
        info.lastName = name
        if replyMode == .skipNext { beginSkipped() }
        if !isAuthenticated, mustAuthenticate(before: invocation) {
            return answer(.error(Self.authenticationRequired))
        }
        switch invocation {
        case .key(let request):
            let sequence = pending.append(
                .waiting, request, startedNs: shard.loop.now.monotonicNs)
            submit(request, sequence)
        case .plan(let plan):
            let progress = PendingReplies.PlanProgress(plan)
            let command = pending.append(
                .plan(progress), startedNs: shard.loop.now.monotonicNs)
            let writesLate = plan.writesLate
            advance(progress, command, [])
            if writesLate, !pending.isEmpty { isAlone = true }
        case .session(let id, let arguments): begin(id, arguments)
        case .failure(let reply): answer(reply)
        }
    }

    /// Sends one request to the shard of its key.
    private func submit(_ request: KeyRequest, _ sequence: UInt32) {
        let key = ObjectKey(request.key)
        let number = RequestNumber(loop: shard.index, session: index, sequence: sequence)
        let arguments = shard.isReplica(of: key) ? [] : request.arguments
        shard.submit(
            Request(
                origin: .client(number.rawValue), key: key, operation: request.operation,
                consistency: resolve(request), arguments: arguments))
    }

    /// Takes a plan one step further.
    private func advance(
        _ progress: PendingReplies.PlanProgress, _ command: UInt32, _ replies: [Reply]
    ) {
        let valueSizeMax = shard.configuration.valueBytesMax
        switch progress.plan.advance(replies: replies, valueSizeMax: valueSizeMax) {
        case .finished(let reply):
            _ = pending.complete(command, reply)
            drain()
        case .requests(let requests):
            progress.replies = [Reply](repeating: .null, count: requests.count)
            progress.missing = requests.count
            progress.firstSequence = pending.takeSequences(requests.count)
            let first = progress.firstSequence
            for (offset, request) in requests.enumerated() {
                submit(request, first &+ UInt32(truncatingIfNeeded: offset))
            }
        }
    }

    // MARK: Replies

    /// A request of this session was answered.
    func complete(_ sequence: UInt32, _ reply: Reply) {
        if pending.complete(sequence, reply) { return drain() }
        guard let (command, progress) = pending.plan(with: sequence) else { return }
        progress.replies[Int(sequence &- progress.firstSequence)] = reply
        progress.missing -= 1
        guard progress.missing == 0 else { return }
        let replies = progress.replies
        progress.replies = []
        advance(progress, command, replies)
    }

    /// Answers a command that needs nobody else, in its turn.
    func answer(_ reply: Reply) {
        let sequence = pending.append(.waiting, startedNs: shard.loop.now.monotonicNs)
        complete(sequence, reply)
    }

    /// Keeps a place for a reply that comes later, by `complete`.
    func deferReply() -> UInt32 {
        pending.append(.waiting, startedNs: shard.loop.now.monotonicNs)
    }

    private func drain() {
        while let ready = pending.popReady() {
            write(ready.reply)
            let durationNs = shard.loop.now.monotonicNs &- ready.startedNs
            shard.noteAnswered(ns: durationNs)
            if durationNs >= shard.slowNs { noteSlow(ready.request, durationNs) }
        }
        if isClosing, pending.isEmpty { finish() }
    }

    private func noteSlow(_ request: KeyRequest?, _ durationNs: UInt64) {
        guard let request, shard.slowlogBudget > 0 else { return }
        shard.slowlogBudget -= 1
        let words = request.arguments.prefix(Slowlog.argumentsMax)
        shard.services.slowlog.add(
            at: Int64(shard.loop.now.wallMs / 1000), durationUs: Int64(durationNs / 1000),
            arguments: words.map { Array($0.prefix(Slowlog.argumentSizeMax)) },
            client: info.address, clientName: info.name,
            countMax: shard.configuration.slowlogEntriesMax)
    }

    private func write(_ reply: Reply) {
        if case .error(let text) = reply { shard.statistics.noteError(text) }
        switch replyMode {
        case .off, .skipThis: break
        case .on, .skipNext:
            let size = output.count
            encoder.encode(reply, into: &output)
            // Forgets an eighth with each reply: a pipeline of small ones is soon at full depth.
            replySizeExpected = max(output.count - size, replySizeExpected - replySizeExpected >> 3)
        }
        // Also without output: commands may have waited for this one's end.
        markDirty()
    }

    func markDirty() {
        guard !isDirty else { return }
        isDirty = true
        dirty.add(self)
    }

    /// Writes the pass's replies, and goes on with commands that had to wait for room.
    func flush() {
        isDirty = false
        guard let stream else { return }
        if !output.isEmpty {
            shard.statistics.outputBytes &+= UInt64(output.count)
            stream.write(output)
            output.removeAll(keepingCapacity: output.count <= 64 << 10)
        }
        shard.services.clients.note(&info.outputBytes, stream.queuedBytes)
        if info.outputBytes > 0 { boundClientMemory() }
        let hardMax = shard.configuration.clientOutputBytesMax
        if stream.queuedBytes > hardMax {
            shard.services.log.warn(
                "closed a client that does not read its replies",
                [
                    "client": .text(info.address),
                    "queued_bytes": .integer(stream.queuedBytes),
                ])
            return close()
        }
        if !isClosing, stream.isReadingPaused, canTakeCommand {
            stream.resumeReading()
            process()
        }
    }

    // MARK: The end

    func close() {
        isClosing = true
        stream?.close()
    }

    /// Writes what is left and closes.
    func finish() {
        flush()
        stream?.closeWhenDrained()
    }

    /// Since the client last sent something.
    var idleSeconds: UInt64 { (shard.loop.now.monotonicNs - lastActiveNs) / 1_000_000_000 }

    func secondPassed() {
        let configuration = shard.configuration
        let idleSeconds = idleSeconds
        if configuration.idleTimeoutSeconds > 0,
            idleSeconds >= UInt64(configuration.idleTimeoutSeconds), pending.isEmpty
        {
            shard.services.log.info("closed an idle client", ["client": .text(info.address)])
            return close()
        }
        if isClosing, idleSeconds >= Self.closingSecondsMax { stream?.close() }
        if !isClosing, canTakeCommand, let stream, stream.isReadingPaused {
            stream.resumeReading()
            process()
        }
    }

    /// What a client that is being closed gets to read its last replies.
    private static let closingSecondsMax: UInt64 = 30

    /// The numbers under which a request runs: see `ConsistencyRules`. Known in advance where they
    /// depend neither on the command nor on the key.
    private func resolve(_ request: KeyRequest) -> Consistency {
        if request.consistency != nil || shard.hasKeyspaces {
            let wanted = request.consistency.map { consistency.overridden(by: $0) } ?? consistency
            return shard.rules.resolve(wanted, for: request.key)
        }
        if resolvedGeneration != shard.rulesGeneration {
            resolved = shard.rules.resolve(consistency)
            resolvedGeneration = shard.rulesGeneration
        }
        return resolved
    }

    /// Sets what this connection asks for from now on.
    func setConsistency(_ wanted: ConsistencyOverride) {
        consistency = wanted
        resolvedGeneration = -1
    }
}

extension RequestParser {
    /// The command that stands ready, and its name. Mutating, so that a session's parser is read
    /// where it is: it would be copied else, since nobody can know that it stays the same.
    fileprivate mutating func interpret() -> (Keyword, Commands.Invocation) {
        (keyword(0), Commands.Invocation.interpret(self))
    }
}
