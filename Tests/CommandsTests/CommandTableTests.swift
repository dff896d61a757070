import Commands
import Placement
import Testing
import Wire

@Suite struct CommandTableTests {
    private func words(_ text: String) -> [[UInt8]] {
        text.split(separator: " ").map { Array($0.utf8) }
    }

    private func failure(_ command: String) -> String? {
        guard case .failure(.error(let text)) = Invocation.interpret(arguments: words(command))
        else { return nil }
        return text
    }

    @Test func `every command is found by its name in any case`() {
        for spec in CommandTable.all where spec.subcommands.isEmpty {
            for name in [spec.name, spec.name.uppercased()] {
                #expect(failure("\(name)")?.contains("unknown") != true)
            }
        }
        #expect(CommandTable.spec(.clientSetName).name == "client|setname")
        #expect(CommandID.allCases.allSatisfy { CommandTable.spec($0).id == $0 })
    }

    @Test(arguments: [
        ("get", "ERR wrong number of arguments for 'get' command"),
        ("GET a b", "ERR wrong number of arguments for 'get' command"),
        ("client", "ERR wrong number of arguments for 'client' command"),
        ("client setname", "ERR wrong number of arguments for 'client|setname' command"),
        ("CLIENT foo bar", "ERR unknown subcommand 'foo'. Try CLIENT HELP."),
        ("foo", "ERR unknown command 'foo', with args beginning with: "),
        ("foo a b", "ERR unknown command 'foo', with args beginning with: 'a' 'b' "),
        ("lpush a b", "ERR unknown command 'lpush', with args beginning with: 'a' 'b' "),
        ("dget", "ERR wrong number of arguments for 'dget' command"),
        ("dget k R", "ERR syntax error"),
        ("dget k W 1", "ERR syntax error"),
        ("dget k R 0", "ERR R and W must be at least 1"),
        ("dput k c v TIMEOUT 0", "ERR TIMEOUT must be between 1 and 3600000 milliseconds"),
        (
            "dput k c v W many",
            "ERR a quorum is an integer from 0 to 16, ONE, QUORUM, ALL or DEFAULT"
        ),
    ])
    func `wrong commands are refused in Redis' words`(command: String, text: String) {
        #expect(failure(command) == text)
    }

    @Test func `steps between nodes are unknown to clients`() {
        var parser = RequestParser()
        parser.append(Array("martlet.read k\r\n".utf8))
        #expect(parser.next() == .command)
        guard case .failure = Invocation.interpret(parser) else {
            Issue.record("a client may name a step")
            return
        }
    }

    @Test func `other commands go to the session with all their words`() {
        guard
            case .session(.clientSetName, let arguments) =
                Invocation.interpret(arguments: words("CLIENT SETNAME x"))
        else {
            Issue.record("not for the session")
            return
        }
        #expect(arguments == words("CLIENT SETNAME x"))
    }

    @Test func `keys are bounded`() {
        let key = String(repeating: "k", count: 65_537)
        let text = "ERR key exceeds maximum allowed size (65536 bytes)"
        for command in ["get \(key)", "set \(key) v", "mget a \(key)", "rename a \(key)"] {
            #expect(failure(command) == text)
        }
        #expect(failure("get \(key.dropLast())") == nil)
    }

    @Test func `quorums are read in any spelling`() {
        guard
            case .key(let request) = Invocation.interpret(
                arguments: words("dput k c v w quorum PW 2 dw ALL timeout 50"))
        else {
            Issue.record("not a key request")
            return
        }
        var expected = ConsistencyOverride()
        expected.quorums.w = .quorum
        expected.quorums.pw = .number(2)
        expected.quorums.dw = .all
        expected.timeoutMs = 50
        #expect(request.consistency == expected)
        #expect(request.operation == .dynamoPut(context: [99], [118]))
    }

    @Test func `a request's wishes go before its connection's`() throws {
        let connection = try ConsistencyOverride(
            arguments: words("CONSISTENCY R ONE W 2"), before: ConsistencyOverride())
        let request = try ConsistencyOverride(
            arguments: words("CONSISTENCY R ALL"), before: ConsistencyOverride())
        let both = connection.overridden(by: request)
        #expect(both.quorums.r == .all)
        #expect(both.quorums.w == .number(2))
        #expect(both.quorums.pr == nil)
    }

    @Test(
        arguments: CommandTable.all.filter {
            !["dget", "dput", "ddel", "consistency"].contains($0.name)
        }.map(\.name))
    func `the table says what Redis says`(name: String) throws {
        guard RedisOracle.isInstalled else { return }
        let redis = try RedisOracle.shared.get()
        let spec = try #require(CommandTable.all.first { $0.name == name })
        // A container's own reply lists its subcommands, and Redis has more of them.
        let names = spec.subcommands.isEmpty ? [name] : spec.subcommands.map(\.name)
        for name in names where !["client|setinfo", "client|no-touch"].contains(name) {
            for command in ["COMMAND INFO \(name)", "COMMAND DOCS \(name)"] {
                let id: CommandID = command.contains("INFO") ? .commandInfo : .commandDocs
                let ours = CommandTable.reply(to: id, words(command))
                let theirs = try redis.answer(words(command))
                #expect(Self.comparable(ours) == Self.comparable(theirs), "\(command)")
            }
        }
    }

    /// As RESP2, and without the documentation of arguments, which Martlet does not have.
    private static func comparable(_ reply: Reply?) -> Reply {
        switch reply {
        case .array(let items), .set(let items), .map(let items):
            let cut = items.firstIndex(of: .bulk("arguments")) ?? items.count
            let history = items.firstIndex(of: .bulk("history")) ?? items.count
            return .array(items[..<min(cut, history)].map { comparable($0) })
        default: return reply ?? .null
        }
    }
}
