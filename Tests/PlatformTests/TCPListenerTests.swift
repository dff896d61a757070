import Glibc
import Platform
import Testing

@Suite struct TCPListenerTests {
    @Test func `a process out of descriptors refuses connections and goes on`() async {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop(name: "test")
            loop.start()
            let socket = try ListeningSocket(SocketAddress(host: "127.0.0.1", port: 0))
            // The kernel completes these before anybody accepts.
            let refused = try (0..<3).map { _ in try RawConnection(socket.address) }
            try loop.perform {
                _ = try TCPListener(socket, loop: loop) { accepted in
                    let echo = ClosureHandler()
                    echo.received = { stream, bytes in stream.write(bytes) }
                    _ = try? TCPStream(accepted, loop: loop, handler: echo)
                }
                setOpenFilesLimit(nextDescriptor())
            }
            for connection in refused { #expect(connection.countToEnd() == 0) }
            setOpenFilesLimit(1_024)
            let served = try RawConnection(socket.address)
            served.send("still here")
            served.finishSending()
            #expect(served.countToEnd() == 10)
            loop.stop()
        }
    }

    @Test func `a closed listener accepts no more and frees its port`() throws {
        let test = try TestLoop()
        var socket: ListeningSocket? = try ListeningSocket(
            SocketAddress(host: "127.0.0.1", port: 0))
        let address = try #require(socket?.address)
        try test.loop.perform { [socket] in
            guard let socket else { return }
            let listener = try TCPListener(socket, loop: test.loop) { _ in
                Issue.record("accepted after close")
            }
            listener.close()
            listener.close()
        }
        socket = nil
        // The loop lets go of the listener in the pass after its close.
        test.loop.perform {}
        test.loop.perform {}
        _ = try ListeningSocket(address)
    }
}

private func setOpenFilesLimit(_ count: Int32) {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    unsafe getrlimit(resource, &limit)
    limit.rlim_cur = rlim_t(count)
    unsafe setrlimit(resource, &limit)
}

/// The number that the next opened file would get.
private func nextDescriptor() -> Int32 {
    let descriptor = dup(0)
    close(descriptor)
    return descriptor
}
