internal import Glibc

// The few things that a node asks of its process, where no loop runs.

enum StandardOutput {
    static func write(_ text: String) { writeAll(STDOUT_FILENO, text) }
}

enum StandardError {
    static func write(_ text: String) { writeAll(STDERR_FILENO, text) }
}

enum Pause {
    static func milliseconds(_ ms: UInt32) { usleep(ms * 1000) }
}

enum ProcessExit {
    /// Ends the process without running anything else: what is in memory may not be trusted.
    static func now(status: Int32) -> Never { _exit(status) }
}

private func writeAll(_ descriptor: Int32, _ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        let count = unsafe bytes.withUnsafeBytes {
            unsafe write(descriptor, $0.baseAddress, $0.count)
        }
        guard count > 0 else { return }
        bytes = bytes.dropFirst(count)
    }
}
