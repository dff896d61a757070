internal import Commands
internal import Engine
internal import Essentials
internal import Wire

/// What a client says about its own connection.
extension ClientSession {
    func runConnection(_ id: CommandID, _ arguments: [[UInt8]]) {
        switch id {
        case .ping: ping(arguments)
        case .echo: answer(.bulk(arguments[1]))
        case .hello: greet(arguments)
        case .auth: authenticate(arguments)
        case .select: select(arguments[1])
        case .reset: reset()
        case .quit:
            isClosing = true
            answer(.ok)
        case .clientID: answer(.integer(info.id))
        case .clientSetName: setName(arguments[2])
        case .clientGetName: answer(info.name.isEmpty ? .null : .bulk(info.name))
        case .clientSetInfo: setInfo(arguments[2], arguments[3])
        case .clientInfo: answer(.verbatim(Array((listLine + "\n").utf8)))
        case .clientList: listClients(arguments)
        case .clientKill: killClients(arguments)
        case .clientReply: setReplyMode(arguments[2])
        case .clientNoEvict: setFlag(arguments[2]) { $0.isExemptFromEviction = $1 }
        case .clientNoTouch: setFlag(arguments[2]) { $0.leavesUseUnchanged = $1 }
        case .consistency: changeConsistency(arguments)
        default: invariant(false, "\(id) is not about the connection")
        }
    }

    private func ping(_ arguments: [[UInt8]]) {
        switch arguments.count {
        case 1: answer(.simple("PONG"))
        case 2: answer(.bulk(arguments[1]))
        default: answer(.error("ERR wrong number of arguments for 'ping' command"))
        }
    }

    /// There is one database, as in Redis Cluster.
    private func select(_ text: [UInt8]) {
        switch Int64(decimal: text) {
        case nil: answer(.error("ERR value is not an integer or out of range"))
        case 0: answer(.ok)
        default: answer(.error("ERR DB index is out of range"))
        }
    }

    /// As if the client had just connected, except for its id and what it says it is.
    private func reset() {
        encoder.version = .two
        replyMode = .on
        info.name = ""
        info.isExemptFromEviction = false
        info.leavesUseUnchanged = false
        setConsistency(ConsistencyOverride())
        isAuthenticated = !shard.configuration.password.isSet
        parser.limits = Self.limits(shard.configuration, isRestricted: !isAuthenticated)
        answer(.simple("RESET"))
    }

    // MARK: Names

    /// Whether a name can stand in a line of CLIENT LIST.
    static func isValidName(_ name: [UInt8]) -> Bool {
        name.allSatisfy { UInt8(ascii: "!")...UInt8(ascii: "~") ~= $0 }
    }

    static let invalidName =
        "ERR Client names cannot contain spaces, newlines or special characters."

    private func setName(_ name: [UInt8]) {
        guard Self.isValidName(name) else { return answer(.error(Self.invalidName)) }
        info.name = String(decoding: name, as: UTF8.self)
        answer(.ok)
    }

    private func setInfo(_ attribute: [UInt8], _ value: [UInt8]) {
        let text = String(decoding: value, as: UTF8.self)
        let name = Keyword(attribute)
        guard name == "lib-name" || name == "lib-ver" else {
            let shown = String(decoding: attribute, as: UTF8.self)
            return answer(.error("ERR Unrecognized option '\(shown)'"))
        }
        guard Self.isValidName(value) else {
            let shown = String(decoding: attribute, as: UTF8.self).lowercased()
            return answer(
                .error("ERR \(shown) cannot contain spaces, newlines or special characters."))
        }
        if name == "lib-name" { info.libraryName = text } else { info.libraryVersion = text }
        answer(.ok)
    }

    // MARK: Switches

    /// ON answers; OFF and SKIP do not, and silence what follows: all of it, or one command.
    private func setReplyMode(_ text: [UInt8]) {
        switch Keyword(text) {
        case "on":
            replyMode = .on
            answer(.ok)
        case "off": replyMode = .off
        case "skip": if replyMode != .off { replyMode = .skipNext }
        default: answer(.error("ERR syntax error"))
        }
    }

    private func setFlag(_ text: [UInt8], _ set: (ClientInfo, Bool) -> Void) {
        switch Keyword(text) {
        case "on": set(info, true)
        case "off": set(info, false)
        default: return answer(.error("ERR syntax error"))
        }
        answer(.ok)
    }

    /// Sets what is named, and answers everything as it is then, in numbers: for keys of no
    /// keyspace.
    private func changeConsistency(_ arguments: [[UInt8]]) {
        do throws(CommandFailure) {
            setConsistency(try ConsistencyOverride(arguments: arguments, before: consistency))
        } catch {
            return answer(.error(error.text))
        }
        let now = shard.rules.resolve(consistency)
        let numbers = [
            ("r", now.r), ("w", now.w), ("pr", now.pr), ("pw", now.pw), ("dw", now.dw),
            ("timeout", Int(now.timeoutMs)),
        ]
        answer(.map(numbers.flatMap { [.bulk($0), .integer(Int64($1))] }))
    }
}
