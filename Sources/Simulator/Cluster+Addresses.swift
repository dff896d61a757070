internal import Engine
internal import Essentials
internal import Membership
internal import Wire

/// Where nodes listen, and how they find each other: a connection is made to an address, and
/// whoever listens there answers.
extension Cluster {
    /// How many places a node tries in one tick of its control plane.
    private static let triesPerTick = 3
    /// How long a node waits before it tells its address again.
    private static let tellAgainNs: UInt64 = 2_000_000_000

    /// Whether the node has a connection that it opened to the other.
    func reaches(_ index: Int, _ other: Int) -> Bool {
        areConnected(index, other) && network.isOpen(Network.Way(from: index, to: other))
    }

    /// What a process knows when it starts.
    func book(_ index: Int, _ topology: Topology) -> AddressBook {
        let addresses = self[index].description.addresses
        var book = AddressBook(
            own: AddressNotice(
                node: self[index].number,
                addresses: MemberAddresses(
                    peer: self[index].listens, client: addresses.client, admin: addresses.admin)))
        book.isStubborn = options.bug == .looksWhereWritten
        book.update(topology)
        return book
    }

    /// Nothing keeps them from each other any more: both try to connect.
    func open(_ one: Int, _ other: Int) {
        seek(other, from: one)
        seek(one, from: other)
    }

    /// One try to connect.
    ///
    /// - Parameter hops: how many others were met on the way. Who looks only where others were once
    ///   may be led around for ever.
    private func seek(_ sought: Int, from index: Int, hops: Int = 0) {
        guard hops < nodes.count, areConnected(index, sought), !reaches(index, sought),
            let process = self[index].process
        else { return }
        let tries = process.tries[sought] ?? 0
        process.tries[sought] = tries + 1
        // Who is no member is found: it has come to ask.
        let place =
            process.book.place(of: self[sought].number, tries: tries, mayRoam: true)
            ?? self[sought].listens
        let found = nodes.first { $0.isRunning && $0.listens == place && $0.index != index }
        guard let found = found?.index, areConnected(index, found) else { return }
        process.book.met(self[found].number, at: place, isConnected: found == sought)
        guard found == sought else {
            process.tries[found] = 0
            return seek(found, from: index, hops: hops + 1)
        }
        process.tries[sought] = 0
        network.open(Network.Way(from: index, to: sought))
        let number = self[sought].number
        for shard in 0..<shardCount(index) {
            post(.linkOpened(number), to: index, shard: shard)
            // The handshake says so.
            hear(now(sought).monotonicNs, of: sought, at: index, shard)
        }
        detect(.linkOpened(number), at: index)
        clock(.linkOpened(number), at: index)
        tell(process.book.notices(for: number), to: sought, from: index)
    }

    /// Searches go on, and what is written down is put right.
    func tickAddresses(_ index: Int) {
        for other in nodes.indices.map({ $0 + 1 }) {
            for _ in 0..<Self.triesPerTick where !reaches(index, other) {
                seek(other, from: index)
            }
        }
        guard let process = self[index].process, timeNs >= process.tellAgainNs else { return }
        process.tellAgainNs = timeNs + Self.tellAgainNs
        // Networks here lose what a real connection would carry once it can again.
        for other in nodes.map(\.index) where other != index && reaches(index, other) {
            tell(process.book.notices(for: self[other].number), to: other, from: index)
        }
        guard let member = process.control.topology?.member(id: self[index].description.id),
            member.peerAddress != self[index].listens
        else { return }
        let written = member.description.addresses
        propose(
            .updateAddresses(
                member.id,
                MemberAddresses(
                    peer: self[index].listens, client: written.client, admin: written.admin)),
            at: index)
    }

    /// The server always tells; here, only what not everybody knows.
    private func tell(_ notices: [AddressNotice], to other: Int, from index: Int) {
        let topology = self[index].process?.control.topology
        let isNews = notices.contains { notice in
            topology?.member(notice.node)?.peerAddress != notice.addresses.peer
        }
        if isNews { send(.addresses(notices), to: other, from: index) }
    }

    func take(
        _ notices: [AddressNotice], from sender: Int, at index: Int, _ connection: Connection
    ) {
        guard let process = self[index].process else { return }
        let (found, passedOn) = process.book.heard(notices, from: self[sender].number)
        for node in found {
            process.tries[Int(node.rawValue)] = 0
            seek(Int(node.rawValue), from: index)
        }
        if connection.opener == sender {
            let answer = ControlMessage.addresses(process.book.notices(for: self[sender].number))
            sendAnswer(.control(answer.encoded()), from: index, shard: 0, on: connection)
        }
        for other in nodes.map(\.index) where other != sender && !passedOn.isEmpty {
            send(.addresses(passedOn), to: other, from: index)
        }
    }

    /// Control planes also answer on the connection that the other side has opened.
    func send(_ message: ControlMessage, to target: Int, from index: Int) {
        let packed = message.encoded()
        if reaches(index, target) {
            send(.control(packed), from: index, shard: 0, to: target)
        } else if reaches(target, index) {
            let connection = Connection(
                opener: target, shard: 0, generation: network.generation(index, target))
            sendAnswer(.control(packed), from: index, shard: 0, on: connection)
        }
    }

    // MARK: Moving

    /// The nodes end, and each is where the next one was when it starts again.
    func exchangeAddresses(of moved: [Int]) {
        for index in moved { crash(index, losesPower: false) }
        let places = moved.map { self[$0].listens }
        for (place, index) in moved.enumerated() {
            self[index].listens = places[(place + 1) % places.count]
        }
    }

    /// Both end; the first is where the second was when it starts again, and that one nowhere
    /// near.
    func takeAddress(of other: Int, by index: Int, elsewhere: String) {
        crash(index, losesPower: false)
        crash(other, losesPower: false)
        self[index].listens = self[other].listens
        self[other].listens = elsewhere
    }
}
