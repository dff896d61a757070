import Foundation
import Synchronization

/// Ports of the loopback interface that nobody uses, below those that the kernel gives to outgoing
/// connections: a node that comes back must find its own free.
///
/// The tests of one process that run side by side never get the same. Any thread.
public enum Ports {
    private static let range: Range<UInt16> = 20_000..<32_000
    private static let next = Mutex(UInt16.random(in: range))

    public static func take(_ count: Int) -> [UInt16] {
        next.withLock { next in
            var ports: [UInt16] = []
            while ports.count < count {
                next = next + 1 < range.upperBound ? next + 1 : range.lowerBound
                if isFree(next) { ports.append(next) }
            }
            return ports
        }
    }

    /// Whether nothing else listens at `port`, nor may have lately.
    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return status == 0
    }
}
