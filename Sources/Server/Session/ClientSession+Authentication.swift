internal import Commands
internal import Essentials
internal import Wire

/// HELLO and AUTH: who the client is, and which protocol it speaks.
extension ClientSession {
    /// How long a wrong password keeps its connection from going on. A guesser gets four tries a
    /// second from each connection; somebody who mistyped does not notice.
    private static let failedAuthenticationMs: UInt64 = 250
    /// The only user there is.
    private static let userName = Array("default".utf8)

    private static let wrongPassword =
        "WRONGPASS invalid username-password pair or user is disabled."

    func authenticate(_ arguments: [[UInt8]]) {
        switch arguments.count {
        case 2:
            guard shard.configuration.password.isSet else {
                return answer(
                    .error(
                        "ERR AUTH <password> called without any password configured for the "
                            + "default user. Are you sure your configuration is correct?"))
            }
            admit(Self.userName, arguments[1]) { $0.answer(.ok) }
        case 3: admit(arguments[1], arguments[2]) { $0.answer(.ok) }
        default: answer(.error("ERR syntax error"))
        }
    }

    /// Goes on with `next` when the pair is right; else answers, and not at once.
    ///
    /// Without a password the user `default` needs none, as in Redis, and any is right.
    private func admit(
        _ user: [UInt8], _ password: [UInt8], next: (ClientSession) -> Void
    ) {
        let configured = shard.configuration.password
        let isRight = !configured.isSet || configured.matches(password)
        guard isRight, user == Self.userName else { return refuse() }
        isAuthenticated = true
        parser.limits = Self.limits(shard.configuration, isRestricted: false)
        next(self)
    }

    private func refuse() {
        let sequence = deferReply()
        shard.services.log.warn("a client gave a wrong password", ["client": .text(info.address)])
        shard.after(ms: Self.failedAuthenticationMs) { [weak self] in
            self?.complete(sequence, .error(Self.wrongPassword))
        }
    }

    // MARK: HELLO

    private struct Greeting {
        var version: RESPVersion?
        var user: [UInt8]?
        var password: [UInt8] = []
        var name: [UInt8]?
    }

    func greet(_ arguments: [[UInt8]]) {
        let greeting: Greeting
        do throws(CommandFailure) {
            greeting = try Self.readGreeting(arguments)
        } catch {
            return answer(.error(error.text))
        }
        if let user = greeting.user {
            admit(user, greeting.password) { $0.welcome(greeting) }
        } else if isAuthenticated {
            welcome(greeting)
        } else {
            answer(
                .error(
                    "NOAUTH HELLO must be called with the client already authenticated, "
                        + "otherwise the HELLO <proto> AUTH <user> <pass> option can be used to "
                        + "authenticate the client and select the RESP protocol version at the "
                        + "same time"))
        }
    }

    private static func readGreeting(
        _ arguments: [[UInt8]]
    ) throws(CommandFailure) -> Greeting {
        var greeting = Greeting()
        guard arguments.count > 1 else { return greeting }
        switch Int64(decimal: arguments[1]) {
        case nil:
            throw CommandFailure("ERR Protocol version is not an integer or out of range")
        case 2: greeting.version = .two
        case 3: greeting.version = .three
        default: throw CommandFailure("NOPROTO unsupported protocol version")
        }
        var index = 2
        while index < arguments.count {
            let left = arguments.count - index - 1
            switch Keyword(arguments[index]) {
            case "auth" where left >= 2:
                greeting.user = arguments[index + 1]
                greeting.password = arguments[index + 2]
                index += 3
            case "setname" where left >= 1:
                guard isValidName(arguments[index + 1]) else { throw CommandFailure(invalidName) }
                greeting.name = arguments[index + 1]
                index += 2
            default:
                let option = String(decoding: arguments[index], as: UTF8.self)
                throw CommandFailure("ERR Syntax error in HELLO option '\(option)'")
            }
        }
        return greeting
    }

    private func welcome(_ greeting: Greeting) {
        if let name = greeting.name { info.name = String(decoding: name, as: UTF8.self) }
        if let version = greeting.version { encoder.version = version }
        let mode = shard.configuration.isClusterMode ? "cluster" : "standalone"
        answer(
            .map([
                .bulk("server"), .bulk("redis"),
                .bulk("version"), .bulk(Release.redisVersion),
                .bulk("proto"), .integer(encoder.version == .three ? 3 : 2),
                .bulk("id"), .integer(info.id),
                .bulk("mode"), .bulk(mode),
                .bulk("role"), .bulk("master"),
                .bulk("modules"), .array([]),
            ]))
    }
}
