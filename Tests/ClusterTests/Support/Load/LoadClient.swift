import Foundation
import Wire

/// A client with a list of nodes: it goes on to the next one when its node answers nothing or
/// refuses. It never asks twice. Confined to its thread.
final class LoadClient {
    enum Answer {
        case reply(Reply)
        /// It had no effect and will have none.
        case refused(String)
        /// It may have had an effect, or have one later.
        case unknown(String)
    }

    /// Errors that a node answers before it does anything.
    private static let refusals = [
        "CLUSTERDOWN", "TRYAGAIN", "LOADING", "DISKFULL", "OVERLOADED",
    ]
    /// How an error with such a code ends all the same when something was done.
    private static let unknownEnding = "could not be stored in time"
    /// Before the next node: as clients do it, and so that the clocks that order two writes of one
    /// client at two nodes have gone on.
    private static let pauseUs: UInt32 = 5_000

    private let endpoints: [Endpoint]
    private var place: Int
    private let patience: Duration
    private var connection: RedisConnection?

    init(_ endpoints: [Endpoint], first: Int, patience: Duration) {
        self.endpoints = endpoints
        self.patience = patience
        place = first % endpoints.count
    }

    func call(_ words: [[UInt8]]) -> Answer {
        do {
            if connection == nil {
                connection = try RedisConnection(to: endpoints[place], timeout: patience)
            }
        } catch {
            moveOn()
            return .refused("cannot connect: \(error)")
        }
        do {
            guard let reply = try connection?.call(words) else { return .refused("no connection") }
            guard case .error(let text) = reply else { return .reply(reply) }
            moveOn()
            let isRefusal =
                Self.refusals.contains { text.hasPrefix($0) } && !text.hasSuffix(Self.unknownEnding)
            return isRefusal ? .refused(text) : .unknown(text)
        } catch {
            moveOn()
            return .unknown("no reply: \(error)")
        }
    }

    private func moveOn() {
        connection = nil
        place = (place + 1) % endpoints.count
        usleep(Self.pauseUs)
    }
}
