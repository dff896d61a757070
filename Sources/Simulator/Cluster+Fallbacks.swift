internal import Engine
internal import Objects
internal import Wire

/// When nodes that are no primaries of a key take part in what happens to it: then majorities may
/// miss each other, unless a client asks for primaries.
extension Cluster {
    /// A node asks another one to keep a hint, or what its hints tell.
    func noteFallback(_ message: PeerMessage, to target: Int) {
        let bytes: [UInt8]
        switch message {
        case .hint(_, _, let key, _, _): bytes = key.bytes
        case .check(_, let key, _, _): bytes = key.bytes
        default: return
        }
        let key = ObjectKey(bytes)
        if !replicas(of: key).contains(target) { observer?(.usedFallback(key)) }
    }

    /// A node stands in for the primaries of a key.
    func noteStandIn(_ event: DataPlane.Event) {
        guard case .requested(let request) = event else {
            // Handed over, or waiting for its hints until now: of which key is not told.
            observer?(.usedFallback(nil))
            return
        }
        observer?(.usedFallback(request.key))
    }
}
