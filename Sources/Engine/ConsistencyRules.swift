public import Commands
public import Membership
internal import Placement

/// Who has a say in the quorums of a request, and who goes before whom: the words of the command,
/// those of the connection, the keyspace of the key, the settings of the node.
///
/// A request is resolved once, by the node that its client is connected to, key by key; what comes
/// of it are numbers, which travel with the request when another node coordinates it. So a request
/// that is tried at two replicas, be it since one is late or since one has failed, runs under the
/// same numbers at both, whichever topologies they know, and whatever settings they have.
///
/// While a change of a keyspace spreads, nodes resolve by different epochs. No request is under two
/// policies for that, and each is acknowledged, or refused, under the numbers that it was begun
/// with: what was stored says nothing of the policy it was stored under, so there is nothing that
/// nodes of two epochs could disagree about. What a change cannot do is to make up for requests
/// that were begun before it, here or elsewhere: whoever goes from one way to have r + w > n to
/// another raises the one first, and lowers the other when every node has adopted that.
public struct ConsistencyRules: Sendable {
    /// What the node's settings say.
    private let settings: Consistency
    private let keyspaces: Keyspaces
    private let n: Int
    /// A mistake to make, for the simulator to find.
    package var bug = DeliberateBug.none

    public init(settings: Consistency, topology: Topology) {
        self.settings = settings
        keyspaces = topology.keyspaces
        n = topology.n
    }

    /// Whether it depends on the key.
    public var dependsOnKey: Bool { !keyspaces.isEmpty }

    /// The numbers for a request on a key, of which its command and its connection together ask
    /// for `wanted`.
    public func resolve(_ wanted: ConsistencyOverride, for key: [UInt8]) -> Consistency {
        guard var quorums = keyspaces.quorums(of: key) else { return resolve(wanted) }
        if bug == .ignoresKeyspaceW { quorums.w = nil }
        return settings.replaced(by: quorums, n: n).replaced(by: wanted, n: n)
    }

    /// How many replicas have to tell which keys they hold, for a command about all keys of a
    /// connection that asks for `wanted`: as many as a read of any of the keys needs.
    public func replicasOfScan(_ wanted: ConsistencyOverride) -> Int {
        var count = max(resolve(wanted).r, resolve(wanted).pr)
        for keyspace in keyspaces.all {
            let numbers = settings.replaced(by: keyspace.quorums, n: n).replaced(by: wanted, n: n)
            count = max(count, numbers.r, numbers.pr)
        }
        return count
    }

    /// The numbers for keys of no keyspace.
    public func resolve(_ wanted: ConsistencyOverride) -> Consistency {
        settings.replaced(by: wanted, n: n)
    }
}

extension Consistency {
    /// What `wanted` asks for where that says something.
    fileprivate func replaced(by wanted: ConsistencyOverride, n: Int) -> Consistency {
        var result = replaced(by: wanted.quorums, n: n)
        if let timeoutMs = wanted.timeoutMs { result.timeoutMs = UInt32(clamping: timeoutMs) }
        return result
    }

    fileprivate func replaced(by quorums: Quorums, n: Int) -> Consistency {
        Consistency(
            r: quorums.r?.count(of: n) ?? r, w: quorums.w?.count(of: n) ?? w,
            pr: quorums.pr?.count(of: n) ?? pr, pw: quorums.pw?.count(of: n) ?? pw,
            dw: quorums.dw?.count(of: n) ?? dw, timeoutMs: timeoutMs)
    }
}
