internal import Commands
internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Wire

/// Messages between nodes: through real frames, over a network that a test controls.
extension Cluster {
    /// On the connection that the shard opened to the node; false if there is none.
    @discardableResult
    func send(_ message: PeerMessage, from index: Int, shard: Int, to target: Int) -> Bool {
        guard reaches(index, target) else { return false }
        let connection = Connection(
            opener: index, shard: shard, generation: network.generation(index, target))
        transmit(message, from: index, shard, to: target, connection, isAnswer: false)
        return true
    }

    /// On a connection that a peer opened.
    func sendAnswer(
        _ message: PeerMessage, from index: Int, shard: Int, on connection: Connection
    ) {
        transmit(message, from: index, shard, to: connection.opener, connection, isAnswer: true)
    }

    func areConnected(_ one: Int, _ other: Int) -> Bool {
        one != other && one <= nodes.count && other <= nodes.count && self[one].isRunning
            && self[other].isRunning && !network.isCut(one, other)
    }

    private func transmit(
        _ message: PeerMessage, from index: Int, _ shard: Int, to target: Int,
        _ connection: Connection, isAnswer: Bool
    ) {
        guard let process = self[index].process else { return }
        trace.note(message, from: index, to: target)
        noteFallback(message, to: target)
        if let place = process.shards[shard].outbox.firstIndex(where: {
            $0.target == target && $0.connection == connection && $0.isAnswer == isAnswer
        }) {
            process.shards[shard].outbox[place].messages.append(message)
        } else {
            process.shards[shard].outbox.append(
                Process.Shard.Outgoing(
                    target: target, connection: connection, isAnswer: isAnswer,
                    messages: [message]))
        }
        planPass(index, shard)
    }

    /// What a pass has sent leaves, one frame a connection.
    func flushOutbox(_ index: Int, _ shard: Int) {
        guard let process = self[index].process else { return }
        let outbox = process.shards[shard].outbox
        process.shards[shard].outbox = []
        guard !outbox.isEmpty else { return }
        let header = header(
            index, epoch: process.shards[shard].plane.epoch,
            fence: process.shards[shard].plane.fence)
        for outgoing in outbox {
            guard step(index) else { return }
            var writer = PeerFrameWriter()
            for message in outgoing.messages { writer.append(message) }
            let envelope = Network.Envelope(
                from: index, to: outgoing.target, connection: outgoing.connection,
                isAnswer: outgoing.isAnswer, messages: outgoing.messages,
                frame: writer.take(header: header))
            mix(envelope.frame)
            dispatch(envelope)
            for trap in self[index].traps where outgoing.messages.contains(where: trap.isSprung) {
                spring(trap, at: index, towards: outgoing.target)
            }
        }
    }

    func dispatch(_ envelope: Network.Envelope) {
        switch network.rules[Network.Way(from: envelope.from, to: envelope.to)] {
        case .lose: return
        case .hold: return network.hold(envelope)
        case .double: planArrival(envelope)
        case nil: break
        }
        guard !random.happens(oneIn: weather.lossOneIn) else { return }
        planArrival(envelope)
        guard random.happens(oneIn: weather.duplicateOneIn) else { return }
        planArrival(envelope)
    }

    func planArrival(_ envelope: Network.Envelope) {
        let isStraggler = random.happens(oneIn: weather.stragglerOneIn)
        let ms = isStraggler ? Weather.stragglerMsMax : weather.messageMs
        let delayNs = random.durationNs(upToMs: ms)
        slowestMessageNs = max(slowestMessageNs, delayNs)
        plan(.arrival(envelope), inNs: delayNs)
    }

    func arrive(_ envelope: Network.Envelope) {
        let (from, to) = (envelope.from, envelope.to)
        guard network.arrives(envelope) else { return }
        guard self[to].isRunning else {
            for case .control(let bytes) in envelope.messages { takeJoinAnswer(bytes, to: to) }
            return
        }
        do {
            var reader = PeerFrameReader(sizeMax: PeerFrameReader.payloadSizeMax)
            reader.append(envelope.frame.span)
            guard case .payload(let bytes) = reader.next() else {
                return violations.append("a frame was not whole")
            }
            var payload = try PeerPayloadReader(bytes)
            control(.heard(epoch: payload.header.epoch, from: self[from].number), at: to)
            if envelope.isAnswer, !envelope.isControl {
                let clockNs = payload.header.clocks.monotonicNs
                hear(clockNs, of: from, at: to, envelope.connection.shard)
            }
            while let message = try payload.next() {
                take(message, payload.header, envelope)
            }
        } catch {
            violations.append("a frame could not be read: \(error)")
        }
    }

    func hear(_ clockNs: UInt64, of peer: Int, at index: Int, _ shard: Int) {
        post(
            .clockHeard(
                self[peer].number, remoteNs: clockNs, atNs: now(index).monotonicNs),
            to: index, shard: shard)
    }

    private func take(
        _ message: PeerMessage, _ header: PeerFrameHeader, _ envelope: Network.Envelope
    ) {
        let (from, to) = (envelope.from, envelope.to)
        if case .control(let bytes) = message {
            return takeControl(bytes, from: from, to: to, envelope.connection)
        }
        guard envelope.isAnswer else {
            let loop = acceptingLoop(of: envelope.connection, at: to)
            return post(
                .arrived(message, from: from, envelope.connection, header), to: to, shard: loop)
        }
        let event = DataPlane.Event.received(
            message, from: self[from].number, link: envelope.connection.link, header)
        post(event, to: to, shard: envelope.connection.shard)
    }

    /// The loop that has taken in a peer's connection.
    func acceptingLoop(of connection: Connection, at index: Int) -> Int {
        (connection.opener + connection.shard + Int(connection.generation)) % shardCount(index)
    }

    func shard(of request: PeerMessage, at index: Int) -> Int {
        let sharding = sharding(of: index)
        switch request {
        case .write(_, let key, _, _, _, _), .check(_, let key, _, _), .hint(_, _, let key, _, _),
            .hintsWanted(_, let key):
            return sharding.shard(of: Position(rawValue: key.position))
        case .handoff(_, let entries):
            return entries.first.map {
                sharding.shard(of: Position(rawValue: $0.key.position))
            } ?? 0
        case .forward(_, _, let arguments):
            guard case .key(let request) = Invocation.interpret(arguments: arguments) else {
                return 0
            }
            return sharding.shard(of: Position(of: request.key))
        default: return 0
        }
    }

    // MARK: Connections

    /// Tells both sides that they cannot reach each other any more.
    func close(_ one: Int, _ other: Int) {
        for (index, peer) in [(one, other), (other, one)] {
            let number = self[peer].number
            for shard in 0..<shardCount(index) {
                post(.linkClosed(number), to: index, shard: shard)
            }
            detect(.linkClosed(number), at: index)
            self[index].process?.book.lost(number)
        }
    }

    func cut(_ one: Int, _ other: Int) {
        guard !network.isCut(one, other) else { return }
        network.cut(one, other)
        close(one, other)
    }

    func heal(_ one: Int, _ other: Int) {
        guard network.isCut(one, other) else { return }
        network.heal(one, other)
        open(one, other)
    }

    /// Connections that break and are opened again at once: what was under way is lost.
    func reconnect(_ one: Int, _ other: Int) {
        guard areConnected(one, other) else { return }
        network.breakConnections(one, other)
        close(one, other)
        open(one, other)
    }
}
