internal import Glibc

extension ListeningSocket {
    /// Another descriptor of the same socket, for a C library that accepts by itself. Whoever gets
    /// it closes it.
    public func duplicateDescriptor() throws(PlatformError) -> Int32 {
        let duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard duplicate >= 0 else {
            throw .last(operation: "duplicating", subject: address.description)
        }
        return duplicate
    }
}
