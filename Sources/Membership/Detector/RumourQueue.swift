internal import Essentials

/// News that still has to be passed on: the newest about each member, until it was sent so often
/// that everybody has heard it with high probability (SWIM section 4.1).
///
/// Invariant: at most one rumour a member, hence at most as many as there are members.
struct RumourQueue: Sendable {
    private struct Item {
        var rumour: Rumour
        var sendings = 0
    }

    /// In the order of their coming: what was sent equally often leaves the latest first.
    private var items: [Item] = []

    var isEmpty: Bool { items.isEmpty }

    mutating func put(_ rumour: Rumour) {
        remove(rumour.subject)
        items.append(Item(rumour: rumour))
    }

    mutating func remove(_ subject: NodeNumber) {
        items.removeAll { $0.rumour.subject == subject }
    }

    /// Takes up to `count` rumours for one message, those that were sent least first; those that
    /// were sent `sendingsMax` times are forgotten.
    mutating func take(
        _ count: Int, sendingsMax: Int, into rumours: inout [Rumour]
    ) {
        guard !items.isEmpty, count > 0 else { return }
        let order = items.indices.sorted { one, other in
            (items[one].sendings, -one) < (items[other].sendings, -other)
        }
        for index in order.prefix(count) {
            items[index].sendings += 1
            rumours.append(items[index].rumour)
        }
        items.removeAll { $0.sendings >= sendingsMax }
    }
}
