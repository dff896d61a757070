internal import Essentials
internal import Platform

/// Keeps what all clients together make the node hold within `client-memory`.
extension ClientSession {
    /// Has the client that holds most closed when all together hold too much.
    func boundClientMemory() {
        let clients = shard.services.clients
        let bytesMax = shard.configuration.clientMemoryBytesMax
        guard clients.bufferedBytes > bytesMax, clients.beginRelief() else { return }
        shard.services.gather(origin: shard.index, { $0.sessions.largest }) { host, found in
            host.shard?.closeLargest(of: found)
        }
    }

    var heldBytes: Int { info.inputBytes + info.outputBytes }

    fileprivate func evict() {
        let services = shard.services
        services.log.warn(
            "closed the client that held most: all together reached client-memory",
            [
                "client": .text(info.address), "held_bytes": .integer(heldBytes),
                "all_bytes": .integer(services.clients.bufferedBytes),
            ])
        services.clients.noteEviction()
        services.clients.note(&info.inputBytes, 0)
        services.clients.note(&info.outputBytes, 0)
        close()
    }
}

/// The client of a loop that holds most.
struct LargestClient: Sendable {
    let loop: Int
    let id: Int64
    let bytes: Int
}

extension SessionTable {
    fileprivate var largest: LargestClient? {
        let candidates = all.filter { !$0.isClosing && !$0.info.isExemptFromEviction }
        guard let session = candidates.max(by: { $0.heldBytes < $1.heldBytes }) else { return nil }
        return LargestClient(
            loop: session.shard.index, id: session.info.id, bytes: session.heldBytes)
    }

    fileprivate func evict(id: Int64) { all.first { $0.info.id == id }?.evict() }
}

extension Shard {
    fileprivate func closeLargest(of found: [LargestClient?]) {
        guard let largest = found.compactMap({ $0 }).max(by: { $0.bytes < $1.bytes }) else {
            return services.clients.endRelief()
        }
        let clients = services.clients
        services.mailboxes[largest.loop].send(
            .call { host in
                host.shard?.sessions.evict(id: largest.id)
                clients.endRelief()
            })
    }
}
