internal import Commands
internal import Essentials
internal import Placement
internal import Wire

/// CLUSTER COUNTKEYSINSLOT and CLUSTER GETKEYSINSLOT: the live keys of one hash slot, which are one
/// range of positions.
struct SlotQuery {
    let slot: UInt16
    /// Keys to be answered; nil when they are only to be counted.
    private let keysMax: Int?

    init(_ command: CommandID, _ arguments: [[UInt8]]) throws(CommandFailure) {
        guard let number = Int64(decimal: arguments[2]) else { throw Self.notAnInteger }
        let isSlot = 0..<Int64(slotCount) ~= number
        switch command {
        case .clusterGetKeysInSlot:
            guard let count = Int64(decimal: arguments[3]) else { throw Self.notAnInteger }
            guard isSlot, count >= 0 else {
                throw CommandFailure("ERR Invalid slot or number of keys")
            }
            keysMax = Int(count)
        default:
            guard isSlot else { throw CommandFailure("ERR Invalid slot") }
            keysMax = nil
        }
        slot = UInt16(number)
    }

    private static let notAnInteger = CommandFailure(
        "ERR value is not an integer or out of range")

    /// Answers from what `shard`'s node holds, page after page.
    func run(on shard: Shard, _ answer: @escaping (Reply) -> Void) {
        let width: UInt64 = 1 << 50
        let first = UInt64(slot) * width
        let positions = Position(rawValue: first)...Position(rawValue: first + (width - 1))
        step(on: shard, positions, found: [], count: 0, answer)
    }

    private func step(
        on shard: Shard, _ positions: ClosedRange<Position>, found: [[UInt8]], count: Int,
        _ answer: @escaping (Reply) -> Void
    ) {
        let wanted = keysMax.map { $0 - found.count } ?? .max
        guard wanted > 0 else { return answer(reply(found, count)) }
        let scan = KeyScan(
            positions: positions, recordsMax: KeyScan.pageRecordsMax, keysMax: wanted)
        shard.scanHere(scan) { [weak shard] scanned in
            switch scanned {
            case .failed(let reply): answer(reply)
            case .page(let page):
                let all = keysMax == nil ? [] : found + page.keys
                let count = count + page.keys.count
                guard let next = page.next, let shard else { return answer(reply(all, count)) }
                step(
                    on: shard, next.position...positions.upperBound, found: all, count: count,
                    answer)
            }
        }
    }

    private func reply(_ found: [[UInt8]], _ count: Int) -> Reply {
        guard let keysMax else { return .integer(Int64(count)) }
        return .array(found.prefix(keysMax).map { .bulk($0) })
    }
}
