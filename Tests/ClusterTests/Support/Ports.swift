import Foundation
import Synchronization

/// Ports that nobody uses, below those that the kernel gives to outgoing connections: a node that
/// comes back must find its own free.
enum Ports {
    private static let range: Range<UInt16> = 20_000..<32_000
    private static let next = Mutex(UInt16.random(in: range))

    static func take(_ count: Int) -> [UInt16] {
        next.withLock { next in
            var ports: [UInt16] = []
            while ports.count < count {
                next = next + 1 < range.upperBound ? next + 1 : range.lowerBound
                if Socket.isFree(next) { ports.append(next) }
            }
            return ports
        }
    }
}
