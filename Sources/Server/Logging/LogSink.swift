internal import Glibc
internal import Platform

/// Where log lines go, and what time it is there.
public protocol LogSink: Sendable {
    /// Takes one line with its newline, or returns false when it cannot do so at once.
    func write(_ line: [UInt8]) -> Bool

    /// Milliseconds since 1970, and milliseconds of a clock that never goes back.
    func now() -> (wallMs: UInt64, monotonicMs: UInt64)
}

/// The standard error of the process.
public struct StandardErrorSink: LogSink {
    public init() {}

    /// One write(2) a line, and none when the reader is behind: a store does not wait for its log.
    /// A pipe that is writable takes at least PIPE_BUF bytes, so the write does not block either.
    public func write(_ line: [UInt8]) -> Bool {
        var request = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard unsafe poll(&request, 1, 0) == 1, request.revents & Int16(POLLOUT) != 0 else {
            return false
        }
        while true {
            let count = unsafe line.withUnsafeBytes { buffer in
                unsafe Glibc.write(STDERR_FILENO, buffer.baseAddress, buffer.count)
            }
            if count >= 0 || errno != EINTR { return count == line.count }
        }
    }

    public func now() -> (wallMs: UInt64, monotonicMs: UInt64) {
        (SystemClock.wallMs(), SystemClock.monotonicNs() / 1_000_000)
    }
}
