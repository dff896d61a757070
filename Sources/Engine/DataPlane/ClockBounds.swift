internal import Essentials

/// What other nodes' monotonic clocks show at least, told by the frames that came from them.
///
/// A frame says what its sender's clock showed when it was closed. Added to the time since, that is
/// less than the clock shows now, by what the frame was under way. So a coordinator can be given a
/// deadline by its own clock that has passed for certain when this node's has, without anybody's
/// wall clock: `DataPlane+Lanes.swift` says what for.
///
/// It holds for one process on one machine: a connection's end makes it void.
struct ClockBounds: Sendable {
    private struct Bound {
        /// By how much the other clock is ahead, at least.
        var aheadNs: Int64
        /// When that was heard.
        var atNs: UInt64

        func aheadNs(atNs nowNs: UInt64) -> Int64 {
            let sinceNs = Int64(clamping: nowNs - min(atNs, nowNs))
            return aheadNs - sinceNs >> ClockBounds.driftShift
        }
    }

    /// Clocks run no more than so much apart: 2^-10, about 1000 ppm. The kernel corrects one by
    /// 500 ppm at most.
    private static let driftShift: Int64 = 10

    /// By node number.
    private var bounds: [Bound?] = []

    /// - Parameter atNs: by this node's clock, when the frame was here: not earlier.
    mutating func note(_ node: NodeNumber, remoteNs: UInt64, atNs: UInt64) {
        guard remoteNs > 0 else { return }
        let index = Int(node.rawValue)
        while bounds.count <= index { bounds.append(nil) }
        let heardNs = Int64(clamping: remoteNs) - Int64(clamping: atNs)
        let knownNs = bounds[index].map { $0.aheadNs(atNs: atNs) } ?? .min
        bounds[index] = Bound(aheadNs: max(heardNs, knownNs), atNs: atNs)
    }

    mutating func forget(_ node: NodeNumber) {
        let index = Int(node.rawValue)
        if index < bounds.count { bounds[index] = nil }
    }

    /// What the node's clock shows at least; nil before anything was heard on this connection.
    func leastNs(_ node: NodeNumber, nowNs: UInt64) -> UInt64? {
        let index = Int(node.rawValue)
        guard index < bounds.count, let bound = bounds[index] else { return nil }
        return UInt64(clamping: Int64(clamping: nowNs) + bound.aheadNs(atNs: nowNs))
    }
}
