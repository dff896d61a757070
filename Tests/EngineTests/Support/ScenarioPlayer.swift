import Commands
import Essentials
import Membership
import Objects
import Placement
import Wire

@testable import Engine
@testable import Simulator

/// Carries out the commands of scenario files:
///
///     cluster [nodes=3] [n=3] [shards=1] [wal-sync=always|relaxed] [cache=BYTES] [actors=50]
///             [drift=MS] [hint-bytes=BYTES] [hint-age=MS]
///             [show=messages,control,storage,hints]
///     NODE COMMAND… [r=2 w=2 pr=0 pw=0 dw=0 timeout=1000] [as NAME]
///                                 a client's command; NAME is then the context it was answered
///                                 with, and is written <NAME> in later commands; '' is an empty
///                                 argument
///     cut NODE NODE               both notice at once
///     heal NODE NODE
///     lose|hold|double NODE NODE  what the first sends to the second: nobody notices
///     pass NODE NODE              what is held arrives; `turned`: the last one first
///     drop NODE NODE              what is held is lost
///     clear NODE NODE             the way is as it was; what is held arrives
///     crash NODE [power]          with `power`, what was not synced is lost
///     stop NODE                   in order
///     pause NODE                  it stands still; `resume`: it goes on
///     judge NODE NODE LIVENESS    the first one's failure detector says so of the second
///     start NODE
///     new                         a node that is no member yet
///     join NODE NODE              the first asks the second to let it in
///     flush NODE                  everything written so far is to be dropped
///     leave NODE                  the node is to be no member any more
///     keyspace NODE PREFIX [r=1]…    an admin sets a keyspace at this node, or unsets it when
///                                 no quorum is given
///     disk NODE hold|write|sync|free    batches wait; are written; are synced; wait no more
///     space NODE low|ample
///     forget NODE [KEY]           the disk of a stopped node loses a record, or all
///     damage NODE KEY             the same, but one bit is flipped
///     skew NODE MS                its wall clock is ahead by so much
///     suspend NODE MS             its machine stood still for so long without knowing: what it
///                                 takes for the members' common time is behind, until it hears
///     sweep NODE                  the sweeper looks at every key
///     wait MS
///     show KEY                    what the nodes hold
///     stored KEY                  what their disks hold
///     hints NODE                  what it keeps for whom
///     damage-hints NODE           a bit of every hint on its disk is flipped
///     count NODE COUNTER…
///
/// All that takes no time happens at the end of each line.
struct ScenarioPlayer {
    struct Misuse: Error, CustomStringConvertible {
        let description: String
    }

    private(set) var cluster: Cluster
    private var contexts: [String: [UInt8]] = [:]
    /// Requests whose answer gives a name to a context.
    private var naming: [(number: UInt64, name: String)] = []

    init() throws { cluster = try Cluster() }

    /// Carries out one block and returns what it prints.
    mutating func play(_ lines: [String]) throws -> [String] {
        var printed: [String] = []
        for line in lines {
            try play(line.split(separator: " ").map(String.init), into: &printed)
            cluster.settle()
            printed += cluster.trace.take()
            takeContexts()
        }
        return printed + takeViolations()
    }

    private mutating func play(_ words: [String], into printed: inout [String]) throws {
        switch words[0] {
        case "cluster": try makeCluster(words.dropFirst())
        case "wait": cluster.wait(ms: UInt64(try number(words, 1)))
        case "show": printed += try show(words)
        case "stored": printed += try stored(words)
        case "hints": printed += try hints(words)
        case "damage-hints": cluster[try node(words, 1)].disk.tamperHints { $0[$0.count - 1] ^= 1 }
        case "count":
            let node = try node(words, 1)
            printed.append("\(words[1]): " + counts(node, Array(words.dropFirst(2))))
        case "cut": cluster.cut(try node(words, 1), try node(words, 2))
        case "heal": cluster.heal(try node(words, 1), try node(words, 2))
        case "lose", "hold", "double", "pass", "drop", "clear": try rule(words)
        case "crash", "stop", "start", "pause", "resume", "judge", "new", "join", "flush", "leave",
            "keyspace":
            try live(words)
        case "disk", "space", "forget", "damage", "skew", "suspend", "sweep": try handle(words)
        default:
            guard Node.index(words[0]) != nil else { throw misuse(words) }
            try ask(words)
        }
    }

    private mutating func makeCluster(_ words: ArraySlice<String>) throws {
        var options = Cluster.Options()
        var topics: Trace.Topics = .replies
        for word in words {
            let parts = word.split(separator: "=").map(String.init)
            guard parts.count == 2 else { throw misuse([word]) }
            switch parts[0] {
            case "nodes": options.nodes = try number(parts, 1)
            case "n": options.n = try number(parts, 1)
            case "shards": options.shards = try number(parts, 1)
            case "wal-sync": options.acknowledgesDurable = parts[1] == "always"
            case "cache": options.cacheBytesMax = try number(parts, 1)
            case "actors": options.contextActorsMax = try number(parts, 1)
            case "hint-bytes": options.hintBytesMax = try number(parts, 1)
            case "hint-age": options.hintAgeMsMax = UInt64(try number(parts, 1))
            case "drift": options.driftMsMax = UInt64(try number(parts, 1))
            case "show":
                let names = parts[1].split(separator: ",")
                if names.contains("messages") { topics.insert(.messages) }
                if names.contains("control") { topics.insert(.control) }
                if names.contains("storage") { topics.insert(.storage) }
                if names.contains("hints") { topics.insert(.hints) }
            default: throw misuse([word])
            }
        }
        cluster = try Cluster(options)
        cluster.trace.topics = topics
    }

    // MARK: Clients

    private mutating func ask(_ words: [String]) throws {
        let node = try node(words, 0)
        var wanted = ConsistencyOverride()
        var command: [[UInt8]] = []
        var name: String?
        var index = 1
        while index < words.count {
            let word = words[index]
            index += 1
            if word == "as", index < words.count {
                name = words[index]
                index += 1
            } else if word == "''" {
                command.append([])
            } else if word.hasPrefix("<"), word.hasSuffix(">"), word.count > 2 {
                guard let context = contexts[String(word.dropFirst().dropLast())] else {
                    throw misuse([word])
                }
                command.append(context)
            } else if try !take(word, into: &wanted) {
                command.append(Array(word.utf8))
            }
        }
        let number = cluster.submit(command, at: node, wanted)
        if let name { naming.append((number, name)) }
    }

    /// Whether `word` is one of a request's numbers.
    private func take(_ word: String, into wanted: inout ConsistencyOverride) throws -> Bool {
        let parts = word.split(separator: "=").map(String.init)
        guard parts.count == 2, parts[0] == "timeout" else {
            return try take(word, into: &wanted.quorums)
        }
        wanted.timeoutMs = try number(parts, 1)
        return true
    }

    /// Whether `word` is a quorum: `w=ALL`.
    func take(_ word: String, into quorums: inout Quorums) throws -> Bool {
        let parts = word.split(separator: "=").map(String.init)
        guard parts.count == 2,
            let name = Quorums.Name.allCases.first(where: { $0.text == parts[0] })
        else { return false }
        guard let quorum = Quorum(Array(parts[1].utf8)) else { throw misuse([word]) }
        quorums[name] = quorum
        return true
    }

    private mutating func takeContexts() {
        for (number, name) in naming {
            switch cluster.clients[number].reply {
            case .bulk(let context): contexts[name] = context
            case .array(let parts):
                if case .bulk(let context)? = parts.first { contexts[name] = context }
            default: continue
            }
        }
        naming.removeAll { cluster.clients[$0.number].reply != nil }
    }

    private mutating func takeViolations() -> [String] {
        let promises = cluster.agreement.takeViolations().map { "\($0.promise.name): \($0.text)" }
        let found = cluster.violations + cluster.ledger.takeViolations() + promises
        cluster.violations = []
        return found.map { "VIOLATION: \($0)" }
    }

    // MARK: Words

    func misuse(_ words: [String]) -> Misuse {
        Misuse(description: "not understood: \(words.joined(separator: " "))")
    }

    func node(_ words: [String], _ index: Int) throws -> Int {
        guard words.count > index, let node = Node.index(words[index]), node <= cluster.nodes.count
        else { throw misuse(words) }
        return node
    }

    func number(_ words: [String], _ index: Int) throws -> Int {
        guard words.count > index, let number = Int(words[index]) else { throw misuse(words) }
        return number
    }
}
