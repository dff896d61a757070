internal import CLinux
internal import Essentials
internal import Glibc

/// What wakes a loop that sleeps: an eventfd(2), which the loop polls.
///
/// Not libuv's `uv_async_t`: there the loop spins until whoever has woken it has left the call, and
/// that thread, which may be one of low priority, has just lost its processor to the loop.
///
/// It lives as long as somebody may signal it, be the loop closed or not.
final class WakeEvent: Sendable {
    /// Readable once it was signalled, until `reset`.
    let descriptor: Int32

    init() throws(PlatformError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else {
            throw PlatformError(
                status: -errno, operation: "creating an event", subject: "to wake a loop")
        }
    }

    deinit { close(descriptor) }

    /// From any thread. A signal that was not reset yet is one with this.
    func signal() {
        var one: UInt64 = 1
        // It fails only where the counter is full, and then the descriptor is readable.
        _ = unsafe write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    func reset() {
        var count: UInt64 = 0
        _ = unsafe read(descriptor, &count, MemoryLayout<UInt64>.size)
    }
}
