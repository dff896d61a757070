internal import Causality
internal import Commands
internal import Engine
internal import Essentials
internal import Objects
internal import Wire

/// Clients: what they send to a node, and what they are answered.
extension Cluster {
    /// What requests ask for unless they say something else.
    static let consistency = Consistency(r: 2, w: 2, timeoutMs: 1000)

    /// Sends a command on one key to a node; returns its number.
    @discardableResult
    func submit(
        _ words: [[UInt8]], at index: Int, _ consistency: Consistency = Cluster.consistency
    ) -> UInt64 {
        let number = clients.add(words, at: index, consistency, atNs: timeNs)
        observer?(.submitted(number))
        switch Invocation.interpret(arguments: words) {
        case .key(let keyRequest):
            let key = ObjectKey(keyRequest.key)
            let request = Request(
                origin: .client(Clients.origin(of: number)), key: key,
                operation: keyRequest.operation,
                consistency: consistency, arguments: words)
            if self[index].isRunning {
                post(.requested(request), to: index, shard: sharding.shard(of: key.position))
            } else {
                clients.lose(at: index)
            }
        case .failure(let reply): answer(number, reply)
        case .plan, .session: answer(number, .error("not a command on one key"))
        }
        return number
    }

    @discardableResult
    func submit(
        _ text: String, at index: Int, _ consistency: Consistency = Cluster.consistency
    ) -> UInt64 {
        submit(text.split(separator: " ").map { Array($0.utf8) }, at: index, consistency)
    }

    /// Sends a command, lets happen what takes no time, and returns the answer.
    func ask(
        _ text: String, at index: Int, _ consistency: Consistency = Cluster.consistency
    ) -> Reply? {
        let number = submit(text, at: index, consistency)
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
