internal import Engine
internal import Essentials
internal import Membership
internal import Objects
internal import Wire

/// What data planes want done, carried out as the server does it.
extension Cluster {
    func carryOut(
        _ effect: DataPlane.Effect, _ process: Process, _ index: Int, _ shard: Int
    ) {
        let hold = effect.hold
        guard process.shards[shard].isReached(hold) else {
            let nowNs = loopNow(process, index, shard).monotonicNs
            if hold.isDurable {
                process.shards[shard].heldForDurable.append(
                    effect, batch: hold.batch, nowNs: nowNs)
            } else {
                process.shards[shard].heldForWritten.append(
                    effect, batch: hold.batch, nowNs: nowNs)
            }
            return
        }
        switch effect {
        case .load(let key, let token): load(key, token, process, index, shard)
        case .store(let key, let record):
            process.shards[shard].changes.append(.put(key, record: record))
        case .dropAll:
            trace.note(.storage, self[index].name, "drop all")
            process.shards[shard].changes.append(.dropAll(shard: shard, of: sharding(of: index)))
        case .storeHint(let key, let value):
            process.shards[shard].changes.append(.putHint(key: key, value: value))
        case .dropHint(let key): process.shards[shard].changes.append(.dropHint(key: key))
        case .dropHints(let start, let end):
            process.shards[shard].changes.append(.dropHints(from: start, to: end))
        case .reply, .send, .answer, .loadHints, .scanHints:
            leave(effect, process, index, shard)
        case .tellOfHints(let notice): note(notice, at: index)
        case .requestSync: process.shards[shard].wantsSync = true
        case .describe(let token, let description): descriptions[token] = description
        case .peerTimedOut(let node): detect(.peerTimedOut(node), at: index)
        case .horizonMoved: observer?(.doubted(node: index))
        }
    }

    /// What can be read at once is an event of the same pass.
    private func load(
        _ key: ObjectKey, _ token: UInt64, _ process: Process, _ index: Int, _ shard: Int
    ) {
        let slowness = self[index].diskSlowness
        let isSlow = slowness > 1
        if !isSlow, weather.loadMs == 0 || random.oneIn(2) {
            apply(.loaded(key, token: token, read(key, index)), process, index, shard)
        } else if isSlow, random.oneIn(8) {
            // As much as may wait for it does.
            apply(.loaded(key, token: token, .overloaded), process, index, shard)
        } else {
            let place = Place(node: index, life: self[index].life, shard: shard)
            let leastNs = isSlow ? UInt64(slowness) * 2_000_000 : 0
            let delayNs = random.durationNs(upToMs: weather.loadMs * slowness)
            plan(.loaded(place, key, token: token), inNs: leastNs + delayNs)
        }
    }

    func read(_ key: ObjectKey, _ index: Int) -> DataPlane.LoadResult {
        self[index].disk.records[key].map { .record($0) } ?? .absent
    }

    /// An effect's time has come.
    func leave(_ effect: DataPlane.Effect, _ process: Process, _ index: Int, _ shard: Int) {
        switch effect {
        case .reply(let origin, let reply, _): deliver(reply, to: origin, process, index, shard)
        case .send(let node, let message, _):
            if !send(message, from: index, shard: shard, to: Int(node.rawValue)) {
                refuse(message, of: node, process, index, shard)
            }
        case .answer(let link, let message, _):
            let connection = Connection(link)
            let loop = acceptingLoop(of: connection, at: index)
            if loop == shard {
                sendAnswer(message, from: index, shard: shard, on: connection)
            } else {
                post(.answer(connection, message), to: index, shard: loop)
            }
        case .loadHints(let keys, let token, _):
            let values = keys.map { self[index].disk.hints[$0] }
            planHintEvent(.hintsLoaded(token: token, .values(values)), index, shard)
        case .scanHints(let start, let end, let limit, let token, _):
            let found = self[index].disk.scanHints(from: start, to: end, limit)
            planHintEvent(
                .hintsScanned(token: token, .chunk(found.records, next: found.next)), index, shard)
        case .load, .store, .requestSync, .dropAll, .describe, .horizonMoved, .peerTimedOut,
            .storeHint, .dropHint, .dropHints, .tellOfHints:
            break
        }
    }

    /// To who waits for it: a request on its own, or one of a client's connection.
    private func deliver(
        _ reply: Reply, to origin: UInt64, _ process: Process, _ index: Int, _ shard: Int
    ) {
        guard let place = ClientConnection.place(of: origin) else {
            return answer(Clients.number(of: origin), reply)
        }
        let connection = connections[place.connection]
        guard connection.loop != shard else {
            return complete(connection, place.sequence, reply, process, shard)
        }
        post(
            .reply(connection, sequence: place.sequence, reply), to: index, shard: connection.loop)
    }

    /// The connection has broken: the same as a refusal of whoever was asked.
    private func refuse(
        _ message: PeerMessage, of node: NodeNumber, _ process: Process, _ index: Int,
        _ shard: Int
    ) {
        guard let id = message.requestID else { return }
        let header = PeerFrameHeader(epoch: process.shards[shard].plane.epoch, fence: 0)
        let refusal = PeerMessage.refused(id: id, .overloaded)
        let link = LinkID(rawValue: 0)
        apply(.received(refusal, from: node, link: link, header), process, index, shard)
    }

    /// No client waits longer for the disk than it would for replicas.
    func giveUpReplies(_ process: Process, _ index: Int, _ shard: Int) {
        let patienceNs = UInt64(options.consistency.timeoutMs) * 1_000_000
        let nowNs = loopNow(process, index, shard).monotonicNs
        guard nowNs > patienceNs else { return }
        let sinceNs = nowNs - patienceNs
        let origins =
            process.shards[shard].heldForWritten.giveUpReplies(since: sinceNs)
            + process.shards[shard].heldForDurable.giveUpReplies(since: sinceNs)
        let text = "OVERLOADED the disk lags: the answer could not be stored in time"
        for origin in origins { deliver(.error(text), to: origin, process, index, shard) }
    }

    /// What a worker has read comes back in a later pass.
    private func planHintEvent(_ event: DataPlane.Event, _ index: Int, _ shard: Int) {
        let place = Place(node: index, life: self[index].life, shard: shard)
        let delayNs = random.durationNs(upToMs: weather.loadMs * self[index].diskSlowness)
        plan(.hintsRead(place, event), inNs: delayNs)
    }

    private func note(_ notice: HintNotice, at index: Int) {
        switch notice {
        case .delivered(let target, let records, let left):
            let target = Node.name(Int(target.rawValue))
            trace.note(.hints, self[index].name, "gave \(target) \(records) hints, \(left) left")
        case .dropped(let target, let partition, let records, let bound):
            let target = Node.name(Int(target.rawValue))
            trace.note(
                .hints, self[index].name, "dropped \(records) hints for \(target), \(bound)")
            observer?(.hintsEvicted(node: index, partition))
        }
    }
}
