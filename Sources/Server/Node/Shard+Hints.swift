internal import Engine
internal import Essentials
internal import Placement
internal import Platform

/// Hints: reading them, and telling operators what becomes of them.
extension Shard {
    func loadHints(_ keys: [[UInt8]], token: UInt64) {
        if let found = HintReading.load(keys, mayBlock: false, services) {
            return apply(.hintsLoaded(token: token, found))
        }
        let services = services
        let mailbox = services.mailboxes[index]
        let isAccepted = services.workers.submit {
            let found = HintReading.load(keys, mayBlock: true, services)
            mailbox.send(.hintsLoaded(token: token, found ?? .unreadable))
        }
        if !isAccepted { apply(.hintsLoaded(token: token, .overloaded)) }
    }

    func scanHints(from start: [UInt8], to end: [UInt8], _ limit: HintScanLimit, token: UInt64) {
        let services = services
        let mailbox = services.mailboxes[index]
        let isAccepted = services.backgroundWorkers.submit {
            let found = HintReading.scan(from: start, to: end, limit, services)
            mailbox.send(.hintsScanned(token: token, found))
        }
        // Nothing is lost: the delivery tries again later.
        if !isAccepted { apply(.hintsScanned(token: token, .overloaded)) }
    }

    func tell(_ notice: HintNotice) {
        switch notice {
        case .delivered(let target, let records, let left):
            services.log.info(
                "handed over what a member had missed",
                [
                    "node": .integer(Int(target.rawValue)), "shard": .integer(index),
                    "hints": .integer(records), "left": .integer(left),
                ])
        case .dropped(let target, let partition, let records, let bound):
            services.log.warn(
                "hints for a member were dropped: it stays behind until it is repaired",
                [
                    "node": .integer(Int(target.rawValue)),
                    "partition": .integer(partition.index), "hints": .integer(records),
                    "bound": .text(bound == .bytes ? "hint-bytes-max" : "hint-age-max"),
                ])
        }
    }
}
