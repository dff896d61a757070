public import Essentials

/// Where a member listens, as others reach it. Each is `host:port`, at most 255 bytes.
public struct MemberAddresses: Hashable, Sendable {
    /// A host name has at most 253 characters, and the length must fit one byte.
    public static let sizeMax = 255

    public let peer: String
    public let client: String
    public let admin: String

    public init(peer: String, client: String, admin: String) {
        self.peer = peer
        self.client = client
        self.admin = admin
    }

    /// Peers first: that is the one that a member cannot be without.
    public var all: [String] { [peer, client, admin] }

    /// Whether `address` is `host:port`, or `[IPv6]:port`, with a port above 0.
    public static func isValid(_ address: String) -> Bool {
        guard address.utf8.count <= sizeMax, let colon = address.lastIndex(of: ":") else {
            return false
        }
        let host = address[..<colon]
        let port = address[address.index(after: colon)...]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.contains(":")
        let hostIsValid =
            !host.isEmpty && host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            && (isBracketed || !host.contains { $0 == ":" || $0 == "[" || $0 == "]" })
        let portIsValid = port.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        return hostIsValid && portIsValid && (UInt16(port) ?? 0) > 0
    }
}

/// What a node tells about itself when it joins.
public struct MemberDescription: Hashable, Sendable {
    /// As long as a DNS label; people type it.
    public static let zoneSizeMax = 63
    public static let weightRange = 1...10_000
    public static let weightDefault = 100

    /// Drawn at a node's first start, kept with its data: who it is, wherever it listens.
    public let id: UniqueID
    public var addresses: MemberAddresses
    /// Its failure domain. Empty is a zone like any other.
    public var zone: String
    /// Its capacity relative to the other members'.
    public var weight: Int

    public init(id: UniqueID, addresses: MemberAddresses, zone: String, weight: Int) {
        self.id = id
        self.addresses = addresses
        self.zone = zone
        self.weight = weight
    }

    /// What keeps this from being a member, in words; nil when nothing does.
    public var defect: String? {
        for address in addresses.all where !MemberAddresses.isValid(address) {
            return "not an address of the form host:port: \(address)"
        }
        for (index, address) in addresses.all.enumerated()
        where addresses.all[..<index].contains(address) {
            return "the same address is given twice: \(address)"
        }
        guard zone.utf8.count <= Self.zoneSizeMax else {
            return "a zone has at most \(Self.zoneSizeMax) bytes"
        }
        guard Self.weightRange.contains(weight) else {
            return "a weight is \(Self.weightRange.lowerBound) to \(Self.weightRange.upperBound)"
        }
        return nil
    }
}

/// A node as the topology knows it.
public struct Member: Hashable, Sendable {
    /// Given by the topology, never reused, above 0.
    public let number: NodeNumber
    public var description: MemberDescription
    /// Given up when the cluster was recovered without it: should it come back, it is refused.
    public internal(set) var isLost = false

    public init(number: NodeNumber, description: MemberDescription) {
        self.number = number
        self.description = description
    }

    public var id: UniqueID { description.id }
    public var peerAddress: String { description.addresses.peer }
    public var clientAddress: String { description.addresses.client }
    public var adminAddress: String { description.addresses.admin }
    public var zone: String { description.zone }
    public var weight: Int { description.weight }
}
