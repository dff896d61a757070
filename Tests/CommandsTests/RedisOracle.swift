import Foundation
import Glibc
import Synchronization
import TestSupport
import Wire

/// A real Redis on a loopback port of its own, to compare answers with.
final class RedisOracle: Sendable {
    /// One for all tests that only ask: each of its answers is one exchange.
    static let shared = Result { try RedisOracle() }

    static let programPath = "/usr/bin/redis-server"

    static var isInstalled: Bool {
        FileManager.default.isExecutableFile(atPath: programPath)
    }

    private let process: Process
    private let socket: Int32
    /// Held while a question is asked and answered.
    private let parser = Mutex(ReplyParser())

    struct Failure: Error { var text: String }

    init() throws {
        let port = try Self.freePort()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.programPath)
        process.arguments = [
            "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--proto-max-bulk-len", "\(ModelStore.valueSizeMax)",
            "--dir", NSTemporaryDirectory(),
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        ProcessGuard.shared.watch(process.processIdentifier)
        self.process = process
        socket = try Self.connect(to: port)
    }

    deinit {
        close(socket)
        // It has nothing to save, and the test runner's threads may have blocked gentler signals.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        ProcessGuard.shared.forget(process.processIdentifier)
    }

    /// Sends `bytes` and returns as many replies, with the bytes in which they came.
    func answer(_ bytes: [UInt8], replies count: Int) throws -> (replies: [Reply], bytes: [UInt8]) {
        try parser.withLock { parser in
            try ask(bytes)
            return try receive(count, &parser)
        }
    }

    private func ask(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { buffer in
                unsafe send(
                    socket, UnsafeRawBufferPointer(rebasing: buffer[sent...]).baseAddress,
                    buffer.count - sent, 0)
            }
            guard written > 0 else { throw Failure(text: "Redis closed the connection") }
            sent += written
        }
    }

    private func receive(
        _ count: Int, _ parser: inout ReplyParser
    ) throws -> (replies: [Reply], bytes: [UInt8]) {
        var replies: [Reply] = []
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while replies.count < count {
            switch parser.next() {
            case .reply(let reply): replies.append(reply)
            case .failed(let text): throw Failure(text: text)
            case .needMore:
                let size = unsafe chunk.withUnsafeMutableBytes {
                    unsafe recv(socket, $0.baseAddress, $0.count, 0)
                }
                guard size > 0 else { throw Failure(text: "Redis closed the connection") }
                received += chunk[..<size]
                parser.append(Array(chunk[..<size]))
            }
        }
        return (replies, received)
    }

    func answer(_ words: [[UInt8]]) throws -> Reply {
        try answer(encodeCommand(words), replies: 1).replies[0]
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func freePort() throws -> UInt16 {
        let probe = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(probe) }
        var address = loopback(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let failed = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(probe, generic, size) != 0 || getsockname(probe, generic, &size) != 0
            }
        }
        guard !failed else { throw Failure(text: "no free port") }
        return UInt16(bigEndian: address.sin_port)
    }

    private static func connect(to port: UInt16) throws -> Int32 {
        for _ in 0..<500 {
            let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = loopback(port)
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let failed = unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    unsafe Glibc.connect(socket, generic, size) != 0
                }
            }
            if !failed { return socket }
            close(socket)
            usleep(10_000)
        }
        throw Failure(text: "Redis did not start")
    }
}

/// A command as clients send it.
func encodeCommand(_ words: [[UInt8]]) -> [UInt8] {
    var bytes = Array("*\(words.count)\r\n".utf8)
    for word in words { bytes += Array("$\(word.count)\r\n".utf8) + word + [13, 10] }
    return bytes
}
