public import Essentials

/// `GET /v1/ring`: which nodes replicate each partition, and how even that is.
public struct RingReport: Sendable {
    /// One member's part, and what its weight asks for.
    public struct Node: Sendable {
        public var number: Int
        public var clientAddress: String
        public var zone: String
        public var weight: Int
        public var vnodes: Int
        public var vnodesAsked: Double
        public var firstPlaces: Int
        public var firstPlacesAsked: Double

        public init(
            number: Int, clientAddress: String, zone: String, weight: Int, vnodes: Int,
            vnodesAsked: Double, firstPlaces: Int, firstPlacesAsked: Double
        ) {
            self.number = number
            self.clientAddress = clientAddress
            self.zone = zone
            self.weight = weight
            self.vnodes = vnodes
            self.vnodesAsked = vnodesAsked
            self.firstPlaces = firstPlaces
            self.firstPlacesAsked = firstPlacesAsked
        }
    }

    public var epoch: UInt64
    /// Replicas of a key as configured; partitions have fewer when there are fewer nodes.
    public var n: Int
    /// Partitions whose replicas are spread less over zones than the members permit.
    public var zoneViolations: Int
    public var nodes: [Node]
    /// At a partition's index, its replicas' numbers in order of preference.
    public var table: [[Int]]

    public init(
        epoch: UInt64, n: Int, zoneViolations: Int, nodes: [Node], table: [[Int]]
    ) {
        self.epoch = epoch
        self.n = n
        self.zoneViolations = zoneViolations
        self.nodes = nodes
        self.table = table
    }

    /// Scripted against: names may be added, never changed.
    ///
    ///     {"epoch", "partitions", "n", "zone_violations",
    ///      "nodes": [{"number", "client_address", "zone", "weight", "vnodes", "vnodes_asked",
    ///                 "first_places", "first_places_asked"}],
    ///      "table": [[1, 2, 3], …]}
    ///
    /// The table has an element for each partition, in ring order: partition i holds the slots from
    /// i · 16384 / partitions on.
    public var json: JSON {
        [
            "epoch": .exact(epoch),
            "partitions": .integer(table.count),
            "n": .integer(n),
            "zone_violations": .integer(zoneViolations),
            "nodes": .array(
                nodes.map { node in
                    [
                        "number": .integer(node.number),
                        "client_address": .string(node.clientAddress),
                        "zone": .string(node.zone),
                        "weight": .integer(node.weight),
                        "vnodes": .integer(node.vnodes),
                        "vnodes_asked": .number(node.vnodesAsked),
                        "first_places": .integer(node.firstPlaces),
                        "first_places_asked": .number(node.firstPlacesAsked),
                    ]
                }),
            "table": .array(table.map { .array($0.map(JSON.integer)) }),
        ]
    }
}
