import Foundation
import Synchronization
import TestSupport

/// A program that a scenario started. It does not outlive the scenario, nor the tests if they
/// crash. Any thread.
final class ChildProcess: Sendable {
    enum Ending: Equatable {
        case exited(Int32)
        case killed(bySignal: Int32)
    }

    /// Sockets and pipes of other tests must not stay open in the child: they would never end.
    private static let descriptorsMax: Int32 = 1024

    let pid: pid_t
    private let ending = Mutex<Ending?>(nil)

    /// Starts `program`, which is looked for in the path unless it has a slash. Both outputs are
    /// appended to the files of these names.
    init(_ program: String, _ arguments: [String], output: String, errors: String) throws {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT | O_APPEND
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, output, flags, 0o644)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, errors, flags, 0o644)
        for descriptor in 3..<Self.descriptorsMax {
            unsafe posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        // The threads of the tests block signals, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var words = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        var pid: pid_t = 0
        let status = unsafe posix_spawnp(&pid, program, &actions, &attributes, &words, environ)
        guard status == 0 else {
            throw Failure("cannot start \(program): \(unsafe String(cString: strerror(status)))")
        }
        self.pid = pid
        ProcessGuard.shared.watch(pid)
        Scenario.own(self)
    }

    /// SIGKILL, and nothing is left of it when this returns.
    func end() {
        signal(SIGKILL)
        while poll() == nil { usleep(1_000) }
    }

    func signal(_ number: Int32) {
        ending.withLock { ending in
            if ending == nil { kill(pid, number) }
        }
    }

    /// Nil while it runs.
    func poll() -> Ending? {
        ending.withLock { ending in
            if let ending { return ending }
            var status: Int32 = 0
            guard unsafe waitpid(pid, &status, WNOHANG) == pid else { return nil }
            ProcessGuard.shared.forget(pid)
            let signal = status & 0x7F
            ending = signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(bySignal: signal)
            return ending
        }
    }

    func wait(within limit: Duration = .seconds(30)) throws -> Ending {
        try ClusterTests.wait(for: "the end of process \(pid)", within: limit) { poll() != nil }
        guard let ending = poll() else { throw Failure("process \(pid) did not end") }
        return ending
    }

    /// Whether every thread of it has been stopped by a signal.
    var isStopped: Bool {
        let tasks = "/proc/\(pid)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
        return threads.allSatisfy { thread in
            let path = "\(tasks)/\(thread)/stat"
            let status = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            // The state follows the name, which stands in parentheses and may hold any others.
            return status.split(separator: ")").last?.hasPrefix(" T") ?? false
        }
    }

    /// What it has in memory now.
    var residentBytes: Int {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line.flatMap { Int($0.split(separator: " ").dropLast().last ?? "") }.map { $0 << 10 }
            ?? 0
    }
}
