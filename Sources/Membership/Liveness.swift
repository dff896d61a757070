/// What a node believes about a member right now. It steers routing, hints and hedging, and never
/// changes who is a member.
public enum Liveness: UInt8, Sendable, CaseIterable {
    /// It answers, or nothing speaks against it yet.
    case alive = 0
    /// It has not answered, nor was it reached through others. Most of those that are suspected
    /// are slow, and come back: it still gets writes, and is asked last for reads.
    case suspect = 1
    /// It was suspected for so long that it would have objected. Nothing is sent to it but probes.
    case dead = 2
}

extension Liveness: CustomStringConvertible {
    public var description: String {
        switch self {
        case .alive: "alive"
        case .suspect: "suspect"
        case .dead: "dead"
        }
    }
}
