internal import Essentials

/// News that still has to be passed on: the newest about each member, until it was sent so often
/// that everybody has heard it with high probability (SWIM section 4.1).
///
/// Invariant: at most one rumour a member, hence at most as many as there are members.
struct RumourQueue: Sendable {
    /// By how often they were sent; among those sent equally often, the latest last.
    private var bySendings: [[Rumour]] = []

    var isEmpty: Bool { bySendings.allSatisfy(\.isEmpty) }

    mutating func put(_ rumour: Rumour) {
        remove(rumour.subject)
        if bySendings.isEmpty { bySendings.append([]) }
        bySendings[0].append(rumour)
    }

    mutating func remove(_ subject: NodeNumber) {
        for sendings in bySendings.indices {
            guard let index = bySendings[sendings].firstIndex(where: { $0.subject == subject })
            else { continue }
            bySendings[sendings].remove(at: index)
            return
        }
    }

    /// Takes up to `count` rumours for one message: those that were sent least first, and of them
    /// the latest. One that was sent `sendingsMax` times is forgotten.
    mutating func take(
        _ count: Int, sendingsMax: Int, into rumours: inout [Rumour]
    ) {
        var left = count
        var taken: [(sendings: Int, rumours: [Rumour])] = []
        for sendings in bySendings.indices where left > 0 && !bySendings[sendings].isEmpty {
            let part = Array(bySendings[sendings].suffix(left))
            bySendings[sendings].removeLast(part.count)
            left -= part.count
            rumours += part.reversed()
            taken.append((sendings + 1, part))
        }
        for (sendings, part) in taken where sendings < sendingsMax {
            while bySendings.count <= sendings { bySendings.append([]) }
            bySendings[sendings] += part
        }
    }
}
