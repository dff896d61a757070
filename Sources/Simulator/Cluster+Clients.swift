internal import Causality
internal import Commands
internal import Engine
internal import Essentials
internal import Membership
internal import Objects
internal import Placement
internal import Wire

/// Clients: what they send to a node, and what they are answered.
extension Cluster {
    /// Sends a command on one key to a node; returns its number.
    ///
    /// - Parameter wanted: what its connection asks for.
    @discardableResult
    func submit(
        _ words: [[UInt8]], at index: Int, _ wanted: ConsistencyOverride = ConsistencyOverride()
    ) -> UInt64 {
        let key = ObjectKey(words.count > 1 ? words[1] : [])
        let number = clients.add(
            words, at: index, terms(of: key, wanted, at: index), sentNs: timeNs, atNs: timeNs)
        observer?(.submitted(number))
        switch Invocation.interpret(arguments: words) {
        case .key(let keyRequest): send(keyRequest, number, wanted, to: index)
        case .failure(let reply): answer(number, reply)
        case .plan, .session: answer(number, .error("not a command on one key"))
        }
        return number
    }

    /// On a connection of its own, to the loop of its key.
    private func send(
        _ keyRequest: KeyRequest, _ number: UInt64, _ wanted: ConsistencyOverride, to index: Int
    ) {
        guard let process = self[index].process else {
            clients.lose(at: index)
            return
        }
        let key = ObjectKey(keyRequest.key)
        let shard = sharding(of: index).shard(of: key.position)
        let origin = Clients.origin(of: number)
        let request = request(
            keyRequest, from: origin, wanted, at: index, loop: shard, process)
        post(.requested(request), to: index, shard: shard)
    }

    /// As a session on a loop of the server hands it over: where the node does not hold the key,
    /// the command travels in its own words.
    func request(
        _ keyRequest: KeyRequest, from origin: UInt64, _ wanted: ConsistencyOverride,
        at index: Int, loop: Int, _ process: Process
    ) -> Request {
        let key = ObjectKey(keyRequest.key)
        let topology = process.shards[loop].topology
        let partition = topology.partitioning.partition(of: key.position)
        let isReplica = topology.placement.place(of: self[index].number, in: partition) != nil
        return Request(
            origin: .client(origin), key: key, operation: keyRequest.operation,
            consistency: process.shards[loop].rules.resolve(wanted, for: key.bytes),
            arguments: isReplica ? [] : keyRequest.arguments)
    }

    @discardableResult
    func submit(
        _ text: String, at index: Int, _ wanted: ConsistencyOverride = ConsistencyOverride()
    ) -> UInt64 {
        submit(text.split(separator: " ").map { Array($0.utf8) }, at: index, wanted)
    }

    /// Sends a command, lets happen what takes no time, and returns the answer.
    func ask(
        _ text: String, at index: Int, _ wanted: ConsistencyOverride = ConsistencyOverride()
    ) -> Reply? {
        let number = submit(text, at: index, wanted)
        settle()
        return clients[number].reply
    }

    func answer(_ number: UInt64, _ reply: Reply) {
        guard clients.answer(number, reply) else {
            return violations.append("request \(number) was answered twice")
        }
        mix(number)
        if case .error(let text) = reply { mix(UInt64(text.utf8.count)) }
        observer?(.answered(number, reply))
        let request = clients[number]
        guard trace.topics.contains(.replies) else { return }
        let command = request.words.map { word in
            request.words[0] == Array("DPUT".utf8) || request.words[0] == Array("DDEL".utf8)
                ? Text.showToken(word) : Text.show(word)
        }.joined(separator: " ")
        let text = text(of: reply, key: request.words.count > 1 ? request.words[1] : [])
        trace.note(.replies, self[request.node].name, "\(command) → \(text)")
    }

    private func text(of reply: Reply, key: [UInt8]) -> String {
        switch reply {
        case .simple(let text), .error(let text): return text
        case .integer(let value): return "\(value)"
        case .null, .nullArray: return "nothing"
        case .array(let parts):
            return "[" + parts.map { text(of: $0, key: key) }.joined(separator: ", ") + "]"
        case .bulk(let bytes):
            if let seen = try? ContextToken.decode(bytes, of: key), !bytes.isEmpty {
                return trace.names.text(seen.context, key: key)
            }
            return Text.show(bytes)
        default: return "\(reply)"
        }
    }
}

extension Text {
    /// A causal context is long and means nothing to people.
    static func showToken(_ bytes: [UInt8]) -> String {
        bytes.first == 1 ? "<context>" : show(bytes)
    }
}
