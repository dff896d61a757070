internal import Engine
internal import Essentials
internal import Placement
internal import Wire

/// One page of a scan, as some replicas show it, until enough of them have.
///
/// Confined to its shard.
final class ScanRound {
    let scan: KeyScan
    private let needed: Int
    private var untried: [NodeNumber]
    private var pages: [KeyScan.Page] = []
    private var underWay = 0
    private var failure: Reply?
    private var done: ((Shard.Scanned) -> Void)?

    /// - Parameter nodes: whom to ask, in this order.
    init(
        _ scan: KeyScan, needed: Int, of nodes: [NodeNumber],
        done: @escaping (Shard.Scanned) -> Void
    ) {
        self.scan = scan
        self.needed = needed
        untried = nodes
        self.done = done
    }

    var isHopeless: Bool { pages.count + underWay + untried.count < needed }

    /// Whom to ask next; nil while enough are asked.
    func nextNode() -> NodeNumber? {
        guard done != nil, pages.count + underWay < needed, !untried.isEmpty else { return nil }
        underWay += 1
        return untried.removeFirst()
    }

    /// One that was asked has answered. The others help out for one that cannot.
    func take(_ scanned: Shard.Scanned) {
        underWay -= 1
        switch scanned {
        case .page(let page): pages.append(page)
        case .failed(let reply): failure = reply
        }
        if pages.count >= needed {
            end(.page(Self.merge(pages, of: scan)))
        } else if isHopeless {
            end(.failed(failure ?? .error("NOQUORUM too few replicas of these keys answered")))
        }
    }

    private func end(_ scanned: Shard.Scanned) {
        let done = done
        self.done = nil
        done?(scanned)
    }

    /// What the pages say together, up to where the first of them ends. In the order of positions,
    /// as far as all agree.
    static func merge(_ pages: [KeyScan.Page], of scan: KeyScan) -> KeyScan.Page {
        guard let first = pages.first else { return KeyScan.Page() }
        let areEqual = pages.allSatisfy { $0.next == first.next && $0.keys == first.keys }
        if areEqual, scan.positions.upperBound == Position(rawValue: .max) { return first }
        var merged = KeyScan.Page()
        merged.next = pages.compactMap(\.next).min()
        let end = merged.next
        // How many show each key, and in which order they came.
        var counts: [[UInt8]: Int] = [:]
        var order: [[UInt8]] = []
        for page in pages {
            for key in page.keys {
                let position = Position(of: key)
                let isInside =
                    end.map { ScanCursor(before: position) < $0 } ?? true
                    && position <= scan.positions.upperBound
                guard isInside else { continue }
                if counts[key] == nil { order.append(key) }
                counts[key, default: 0] += 1
            }
        }
        for key in order {
            if counts[key] == pages.count {
                merged.keys.append(key)
            } else {
                merged.doubtful.append(key)
            }
        }
        if let next = merged.next, next.position > scan.positions.upperBound { merged.next = nil }
        return merged
    }
}
