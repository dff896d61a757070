import Essentials
import Membership
import Placement

/// The description of a member as it would run on loopback, told apart by `index`.
func description(
    _ index: Int, zone: String = "", weight: Int = MemberDescription.weightDefault
) -> MemberDescription {
    MemberDescription(
        id: UniqueID(high: 0xA, low: UInt64(index)), addresses: addresses(index), zone: zone,
        weight: weight)
}

func addresses(_ index: Int) -> MemberAddresses {
    MemberAddresses(
        peer: "127.0.0.1:\(7000 + 10 * index)", client: "127.0.0.1:\(7001 + 10 * index)",
        admin: "127.0.0.1:\(7002 + 10 * index)")
}

let clusterID = UniqueID(high: 0xC1, low: 0x05)

/// A cluster of members 1 to `count`, all joined while it was empty.
func cluster(_ count: Int, n: Int = 3, partitions: Int = 64) throws -> Topology {
    var topology = Topology.founded(
        by: description(1), clusterID: clusterID, n: n, partitions: partitions)
    for index in 2..<max(2, count + 1) {
        topology = try topology.applying(.join(description(index)), clusterIsEmpty: true)
    }
    return topology
}

/// Three members and two keyspaces.
func clusterWithKeyspaces() throws -> Topology {
    try cluster(3)
        .applying(
            .setKeyspace(prefix: Array("b:".utf8), quorums(w: .all, pw: .quorum)),
            clusterIsEmpty: false
        )
        .applying(
            .setKeyspace(prefix: [0xFF], quorums(r: .number(1), w: .one)), clusterIsEmpty: false)
}

func quorums(
    r: Quorum? = nil, w: Quorum? = nil, pr: Quorum? = nil, pw: Quorum? = nil, dw: Quorum? = nil
) -> Quorums {
    var quorums = Quorums()
    quorums.r = r
    quorums.w = w
    quorums.pr = pr
    quorums.pw = pw
    quorums.dw = dw
    return quorums
}

func node(_ number: Int) -> NodeNumber { NodeNumber(rawValue: UInt16(number)) }

func at(_ seconds: Double) -> Now {
    Now(monotonicNs: UInt64(seconds * 1e9), wallMs: 1_000_000 + UInt64(seconds * 1e3))
}
