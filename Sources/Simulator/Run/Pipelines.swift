internal import Commands
internal import Engine
internal import Essentials
internal import Placement
internal import Wire

/// The clients of a run that send many commands at once, each on one connection.
final class Pipelines {
    private let scene: Scene
    private var cluster: Cluster { scene.cluster }
    private let plan: PipelinePlan
    private var random: SeededRandom
    private var words: PipelineWords
    private var clients: [PipelineClient]
    private(set) var requests = Tally()
    private var sent = 0
    /// What they ask for: so that each reads what it has written, whoever is away.
    private let wanted: ConsistencyOverride

    init(_ scene: Scene, _ plan: PipelinePlan, _ random: inout SeededRandom) {
        self.scene = scene
        self.plan = plan
        self.random = SeededRandom(seed: random.next())
        words = PipelineWords(plan)
        clients = (0..<plan.clients).map { PipelineClient(index: $0, ownKeys: plan.ownKeys) }
        let options = scene.cluster.options
        let majority = min(options.n, options.nodes) / 2 + 1
        wanted = ConsistencyOverride(
            exactly: Consistency(
                r: majority, w: majority, pr: majority, pw: majority,
                timeoutMs: options.consistency.timeoutMs))
    }

    /// Replies that no client has yet.
    var openCount: Int {
        clients.reduce(0) { count, client in
            guard let connection = client.connection, !connection.isBroken else { return count }
            return count + connection.openCount
        }
    }

    func step() {
        for client in clients {
            takeReplies(client)
            reconnect(client)
            send(client)
        }
    }

    private func takeReplies(_ client: PipelineClient) {
        guard let connection = client.connection else { return }
        for (_, words, reply) in connection.answered {
            requests.add("in pipelines")
            requests.add(String(decoding: words[0], as: UTF8.self))
            if case .error(let text) = reply {
                requests.add("answered \(text.prefix { $0 != " " })")
            }
            if case .array(let parts) = reply, words[0] == Array("DGET".utf8),
                case .bulk(let context)? = parts.first
            {
                self.words.remember(context: context, of: words[1])
            }
            if case .bulk(let payload) = reply, words[0] == Array("DUMP".utf8) {
                self.words.remember(payload: payload)
            }
        }
        connection.answered = []
        for key in client.ownKeys where scene.isSpoilt(key) { client.giveUp(key) }
    }

    /// A client whose connection has broken opens another one; so do many that have all their
    /// replies, to go on at a node that may not have heard of what they did.
    private func reconnect(_ client: PipelineClient) {
        if let connection = client.connection, !connection.isBroken {
            guard connection.openCount == 0, random.oneIn(2) else { return }
        }
        let node = Int.random(in: 1...cluster.nodes.count, using: &random)
        let loop = Int.random(in: 0..<8, using: &random)
        client.connection = cluster.connect(
            to: node, loop: loop, wanted, pendingMax: plan.pendingMax)
    }

    private func send(_ client: PipelineClient) {
        guard sent < plan.commandsMax, let connection = client.connection, !connection.isBroken,
            random.oneIn(2)
        else { return }
        let room = min(plan.depth - connection.openCount, plan.commandsMax - sent)
        guard room > 0 else { return }
        let count = Int.random(in: 1...min(room, plan.burstMax), using: &random)
        var commands: [(tag: Int, words: [[UInt8]])] = []
        for _ in 0..<count { commands.append((client.takeTag(), draw(client))) }
        sent += count
        cluster.send(commands, on: connection)
    }

    private func draw(_ client: PipelineClient) -> [[UInt8]] {
        if random.oneIn(12) { return words.drawSibling(&random) }
        guard random.oneIn(2) else { return words.drawShared(&random) }
        let place = Int.random(in: 0..<client.ownKeys.count, using: &random)
        return words.drawOwn(client.ownKeys[place], &random)
    }
}
