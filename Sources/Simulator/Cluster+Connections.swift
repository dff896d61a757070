internal import Commands
internal import Engine
internal import Essentials
internal import Objects
internal import Wire

/// Clients' connections: what a session of the server makes of their commands.
extension Cluster {
    /// Opens a connection to one of a node's loops; nil if the node takes no clients.
    func connect(
        to index: Int, loop: Int, _ wanted: ConsistencyOverride = ConsistencyOverride(),
        pendingMax: Int = 1024
    ) -> ClientConnection? {
        guard isServing(index), let process = self[index].process else { return nil }
        let connection = ClientConnection(
            place: connections.count, node: index, loop: loop % process.shards.count, wanted,
            pendingMax: pendingMax)
        connections.append(connection)
        return connection
    }

    /// The client writes commands to its connection, all at once.
    func send(_ commands: [(tag: Int, words: [[UInt8]])], on connection: ClientConnection) {
        guard !connection.isBroken else { return }
        for command in commands {
            connection.input.append(
                ClientConnection.Command(
                    words: command.words, sentNs: timeNs, tag: command.tag))
        }
        wake(connection)
    }

    private func wake(_ connection: ClientConnection) {
        guard !connection.isAwaited, !connection.isBroken else { return }
        connection.isAwaited = true
        post(.commands(connection), to: connection.node, shard: connection.loop)
    }

    func breakConnections(at index: Int) {
        for connection in connections where connection.node == index { connection.isBroken = true }
    }

    // MARK: Beginning

    /// Begins the next command, and the others after what follows from it.
    func takeCommand(
        _ connection: ClientConnection, _ process: Process, _ index: Int, _ shard: Int
    ) {
        guard connection.canTakeCommand, let command = connection.input.popFirst() else {
            connection.isAwaited = false
            return
        }
        connection.isAlone = false
        process.shards[shard].work.prepend(.take(.commands(connection)))
        let sequence = connection.takeSequences(1)
        var pending = ClientConnection.Pending(
            sequence: sequence, command: command, request: nil, progress: .waiting)
        switch Invocation.interpret(arguments: command.words) {
        case .key(let request):
            let number = note(request, of: connection, sentNs: command.sentNs)
            pending.request = number
            connection.pending.append(pending)
            submit(request, number, sequence, connection, process, index, shard)
        case .plan(let plan):
            let progress = ClientConnection.PlanProgress(plan)
            pending.progress = .plan(progress)
            connection.pending.append(pending)
            advance(progress, sequence, [], connection, process, shard)
            if plan.writesLate, !connection.pending.isEmpty { connection.isAlone = true }
        case .failure(let reply):
            connection.pending.append(pending)
            complete(connection, sequence, reply, process, shard)
        case .session:
            connection.pending.append(pending)
            let reply = Reply.error("ERR a command that connections do not know here")
            complete(connection, sequence, reply, process, shard)
        }
    }

    /// The request as it is known to checkers.
    private func note(
        _ request: KeyRequest, of connection: ClientConnection, sentNs: UInt64
    ) -> UInt64 {
        let wanted =
            request.consistency.map { connection.wanted.overridden(by: $0) } ?? connection.wanted
        let terms = terms(of: ObjectKey(request.key), wanted, at: connection.node)
        let number = clients.add(
            request.arguments, at: connection.node, terms, sentNs: sentNs, atNs: timeNs,
            connection: connection.place)
        observer?(.submitted(number))
        return number
    }

    /// Brings a request to the shard of its key.
    private func submit(
        _ keyRequest: KeyRequest, _ number: UInt64, _ sequence: UInt32,
        _ connection: ClientConnection, _ process: Process, _ index: Int, _ shard: Int
    ) {
        let wanted =
            keyRequest.consistency.map { connection.wanted.overridden(by: $0) }
            ?? connection.wanted
        let request = request(
            keyRequest, from: connection.origin(of: sequence), wanted, at: index, loop: shard,
            process)
        let target = sharding(of: index).shard(of: request.key.position)
        guard target != shard else { return apply(.requested(request), process, index, shard) }
        guard process.shards[target].inbox.count < options.mailboxMax else {
            let text = "OVERLOADED too many requests wait for the shard's loop"
            return complete(connection, sequence, .error(text), process, shard)
        }
        post(.requested(request), to: index, shard: target)
    }

    /// Takes a plan one step further.
    private func advance(
        _ progress: ClientConnection.PlanProgress, _ sequence: UInt32, _ replies: [Reply],
        _ connection: ClientConnection, _ process: Process, _ shard: Int
    ) {
        switch progress.plan.advance(replies: replies, valueSizeMax: options.valueSizeMax) {
        case .finished(let reply): complete(connection, sequence, reply, process, shard)
        case .requests(let requests):
            progress.replies = [Reply](repeating: .null, count: requests.count)
            progress.missing = requests.count
            progress.firstSequence = connection.takeSequences(requests.count)
            for (offset, request) in requests.enumerated() {
                let part = progress.firstSequence + UInt32(offset)
                let number = note(request, of: connection, sentNs: timeNs)
                connection.parts[part] = number
                submit(request, number, part, connection, process, connection.node, shard)
            }
        }
    }

    // MARK: Answering

    /// A request of this connection was answered.
    func complete(
        _ connection: ClientConnection, _ sequence: UInt32, _ reply: Reply, _ process: Process,
        _ shard: Int
    ) {
        guard !connection.isBroken else { return }
        guard let index = connection.pendingIndex(of: sequence) else {
            return violations.append("a command of a connection was answered twice")
        }
        let pending = connection.pending[index]
        guard pending.sequence != sequence else {
            connection.pending[index].progress = .ready(reply)
            return drain(connection, process, shard)
        }
        guard case .plan(let progress) = pending.progress else { return }
        if let number = connection.parts.removeValue(forKey: sequence) { answer(number, reply) }
        progress.replies[Int(sequence - progress.firstSequence)] = reply
        progress.missing -= 1
        guard progress.missing == 0 else { return }
        let replies = progress.replies
        progress.replies = []
        advance(progress, pending.sequence, replies, connection, process, shard)
    }

    private func drain(_ connection: ClientConnection, _ process: Process, _ shard: Int) {
        var count = 0
        while count < connection.pending.count,
            case .ready(let reply) = connection.pending[count].progress
        {
            connection.output.append((connection.pending[count], reply))
            count += 1
        }
        guard count > 0 else { return }
        connection.pending.removeFirst(count)
        process.shards[shard].dirtyClients.append(connection)
        planPass(connection.node, shard)
    }

    /// Writes the replies of a pass, and goes on with commands that had to wait for room.
    func answerClients(_ process: Process, _ index: Int, _ shard: Int) {
        let dirty = process.shards[shard].dirtyClients
        process.shards[shard].dirtyClients = []
        for connection in dirty where !connection.isBroken {
            let output = connection.output
            connection.output = []
            for (pending, reply) in output {
                if let number = pending.request { answer(number, reply) }
                connection.answered.append((pending.command.tag, pending.command.words, reply))
            }
            if connection.canTakeCommand, !connection.input.isEmpty { wake(connection) }
        }
    }
}
