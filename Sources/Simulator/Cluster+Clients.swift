internal import Causality
internal import Commands
internal import Engine
internal import Essentials
internal import Objects
internal import Wire

/// Clients: what they send to a node, and what they are answered.
extension Cluster {
    /// Sends a command on one key to a node; returns its number.
    ///
    /// - Parameter wanted: what its connection asks for.
    /// - Parameter connection: on which it comes with others; nil: on one of its own.
    @discardableResult
    func submit(
        _ words: [[UInt8]], at index: Int, _ wanted: ConsistencyOverride = ConsistencyOverride(),
        on connection: UInt64? = nil
    ) -> UInt64 {
        let key = ObjectKey(words.count > 1 ? words[1] : [])
        let number = clients.add(words, at: index, terms(of: key, wanted, at: index), atNs: timeNs)
        observer?(.submitted(number))
        switch Invocation.interpret(arguments: words) {
        case .key(let keyRequest): send(keyRequest, number, wanted, connection, to: index)
        case .failure(let reply): answer(number, reply)
        case .plan, .session: answer(number, .error("not a command on one key"))
        }
        return number
    }

    /// As a session of the server does it.
    private func send(
        _ keyRequest: KeyRequest, _ number: UInt64, _ wanted: ConsistencyOverride,
        _ connection: UInt64?, to index: Int
    ) {
        let key = ObjectKey(keyRequest.key)
        let shard = sharding.shard(of: key.position)
        guard let rules = self[index].process?.shards[shard].rules else {
            return clients.lose(at: index)
        }
        let request = Request(
            origin: .client(Clients.origin(of: number, on: connection)), key: key,
            operation: keyRequest.operation, consistency: rules.resolve(wanted, for: key.bytes),
            arguments: clients[number].words)
        post(.requested(request), to: index, shard: shard)
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
