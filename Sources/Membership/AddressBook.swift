public import Essentials

/// What a member says about where others reach it. Any member passes it on.
public struct AddressNotice: Hashable, Sendable {
    public let node: NodeNumber
    public let addresses: MemberAddresses

    public init(node: NodeNumber, addresses: MemberAddresses) {
        self.node = node
        self.addresses = addresses
    }
}

/// Where a node looks for the other members.
///
/// Who a member is, its identifier says, and the handshake proves it. An address only says where
/// somebody may be found: the one that the topology has may be another member's by now, and two
/// members may be written down with the same one, of which one is not there any more. So whoever
/// answers is asked who it is, and each answer is worth knowing: where one is, another is not.
///
/// What is looked at, likeliest first: where the member was met last, where the topology has it,
/// where it says that it is. Then, where whoever looks may roam, every other place where some
/// member was lately, or may be, except those where one is connected now: with all members up
/// nobody bothers anybody, and with all addresses exchanged all are found.
///
/// A pure machine, confined to whoever owns it. The order of what it says depends on nothing but
/// what it was told.
public struct AddressBook: Sendable {
    /// Addresses that a member has told, newest first; one that moves on is soon found at the
    /// first.
    private static let noticesMax = 4
    /// Places that a member has left, and that are looked at all the same.
    private static let leftMax = 8
    /// Notices of one message. Nobody knows of so many members that have moved.
    public static let noticesPerMessageMax = Topology.membersMax

    private struct Entry: Sendable {
        let node: NodeNumber
        /// As the topology has them.
        var written: MemberAddresses
        /// Where it proved who it is, last.
        var met: String?
        /// Whether it is connected there.
        var isConnected = false
        /// What it has said itself, to this node, since the topology has had what is written.
        var told: MemberAddresses?
        /// Where it has said to be, to anybody, newest first.
        var notices: [String] = []
        /// Where the topology had it before, newest first: somebody else may be there, whom nobody
        /// has heard of since.
        var left: [String] = []

        var likely: [String] { [met, written.peer].compactMap { $0 } + notices }
    }

    private let own: AddressNotice
    /// Where the topology has this node: if it is not there any more, somebody else may be.
    private var ownWritten: String?
    private var ownLeft: [String] = []
    /// Ascending by node.
    private var entries: [Entry] = []
    /// Places to look at besides, whoever may be there: what `join` says.
    public var seeds: [String] = []
    /// For the simulator: looks where the topology says, and nowhere else.
    package var isStubborn = false

    /// - Parameter own: this node, and what others are to dial.
    public init(own: AddressNotice) { self.own = own }

    public mutating func update(_ topology: Topology) {
        let before = entries
        let written = topology.member(own.node)?.peerAddress
        if let ownWritten, written != ownWritten { Self.leave(ownWritten, &ownLeft) }
        ownWritten = written
        entries = topology.members.compactMap { member in
            guard member.number != own.node, !member.isLost else { return nil }
            let written = member.description.addresses
            guard var entry = before.first(where: { $0.node == member.number }) else {
                return Entry(node: member.number, written: written)
            }
            if entry.written != written { entry.told = nil }
            if entry.written.peer != written.peer { Self.leave(entry.written.peer, &entry.left) }
            entry.written = written
            return entry
        }
    }

    // MARK: What is learnt

    /// Somebody proved to be this member, at this address.
    ///
    /// - Parameter isConnected: it was the one that was looked for, and the connection stays.
    public mutating func met(_ node: NodeNumber, at address: String, isConnected: Bool) {
        for index in entries.indices where entries[index].met == address {
            guard entries[index].node != node else { continue }
            entries[index].met = nil
            entries[index].isConnected = false
        }
        guard let index = entries.firstIndex(where: { $0.node == node }) else { return }
        guard isConnected || !entries[index].isConnected else { return }
        entries[index].met = address
        entries[index].isConnected = isConnected
    }

    /// The connection to the member has ended.
    public mutating func lost(_ node: NodeNumber) {
        guard let index = entries.firstIndex(where: { $0.node == node }) else { return }
        entries[index].isConnected = false
    }

    /// Takes note of what `sender` says, and returns what is new: members to look for at once, and
    /// what to pass on to all others, which is what it says of itself.
    public mutating func heard(
        _ notices: [AddressNotice], from sender: NodeNumber
    ) -> (found: [NodeNumber], passedOn: [AddressNotice]) {
        var found: [NodeNumber] = []
        var passedOn: [AddressNotice] = []
        for notice in notices where notice.addresses.all.allSatisfy(MemberAddresses.isValid) {
            let peer = notice.addresses.peer
            guard let index = entries.firstIndex(where: { $0.node == notice.node }) else {
                continue
            }
            if notice.node == sender, entries[index].told != notice.addresses {
                entries[index].told = notice.addresses
                // Where the topology has it, all others look anyway.
                if entries[index].written != notice.addresses { passedOn.append(notice) }
            }
            guard entries[index].notices.first != peer else { continue }
            entries[index].notices.removeAll { $0 == peer }
            entries[index].notices.insert(peer, at: 0)
            entries[index].notices = Array(entries[index].notices.prefix(Self.noticesMax))
            if !entries[index].isConnected { found.append(notice.node) }
        }
        return (found, passedOn)
    }

    // MARK: What is said and looked for

    /// What a member is told as soon as it can be: where this node is, and where those are that
    /// have said that they are not where the topology has them.
    public func notices(for listener: NodeNumber) -> [AddressNotice] {
        let others = entries.compactMap { entry -> AddressNotice? in
            guard entry.node != listener, let told = entry.told, told != entry.written else {
                return nil
            }
            return AddressNotice(node: entry.node, addresses: told)
        }
        return [own] + others
    }

    /// The topology with the addresses of now, for whoever asks where nodes are: it takes a
    /// majority to write them down.
    public func current(_ topology: Topology) -> Topology {
        var current = topology
        for index in current.members.indices {
            let node = current.members[index].number
            let told =
                node == own.node
                ? own.addresses : entries.first { $0.node == node && $0.told != nil }?.told
            if let told, told != current.members[index].description.addresses {
                current.members[index].description.addresses = told
            }
        }
        return current
    }

    /// Where to try next.
    ///
    /// - Parameter tries: how many have failed since the member was connected last.
    /// - Parameter mayRoam: whether to look also where it is not likely to be; one who looks is
    ///   enough, since what it finds is noted here.
    public func place(of node: NodeNumber, tries: Int, mayRoam: Bool) -> String? {
        guard let entry = entries.first(where: { $0.node == node }) else { return nil }
        guard !isStubborn else { return entry.written.peer }
        let likely = Self.unique(entry.likely).filter { !isTaken($0, for: node) }
        let elsewhere = mayRoam ? elsewhere(than: likely, for: node) : []
        guard !elsewhere.isEmpty else {
            return likely.isEmpty ? entry.written.peer : likely[tries % likely.count]
        }
        guard !likely.isEmpty else { return elsewhere[tries % elsewhere.count] }
        return tries.isMultiple(of: 2)
            ? likely[tries / 2 % likely.count] : elsewhere[tries / 2 % elsewhere.count]
    }

    private func elsewhere(than likely: [String], for node: NodeNumber) -> [String] {
        let others = entries.lazy.filter { $0.node != node }.flatMap(\.likely)
        let left = entries.flatMap(\.left) + ownLeft
        return Self.unique(seeds + others + [ownWritten].compactMap { $0 } + left).filter {
            $0 != own.addresses.peer && !likely.contains($0) && !isTaken($0, for: node)
        }
    }

    /// Whether another member is connected there.
    private func isTaken(_ address: String, for node: NodeNumber) -> Bool {
        entries.contains { $0.isConnected && $0.met == address && $0.node != node }
    }

    private static func leave(_ place: String, _ left: inout [String]) {
        left.removeAll { $0 == place }
        left.insert(place, at: 0)
        left = Array(left.prefix(leftMax))
    }

    private static func unique(_ addresses: [String]) -> [String] {
        var result: [String] = []
        for address in addresses where !result.contains(address) { result.append(address) }
        return result
    }
}
