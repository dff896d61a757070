import Foundation

/// Interfaces, addresses and packet filters that nobody else sees.
///
/// It has no name: a process holds it, and all of it is gone with that process, which does not
/// outlive the tests. Any thread.
final class NetworkNamespace: Sendable {
    /// CLONE_NEWNET of <sched.h>, which Swift does not see.
    private static let kind: Int32 = 0x4000_0000

    private static let enter: @Sendable (Int32) -> Bool = {
        typealias Function = @convention(c) (Int32, Int32) -> Int32
        guard let symbol = unsafe dlsym(nil, "setns") else { return { _ in false } }
        let function = unsafe unsafeBitCast(symbol, to: Function.self)
        return { function($0, kind) == 0 }
    }()

    private let folder: TemporaryFolder
    private let holder: ChildProcess

    /// Begins to make one; `waitUntilReady` before it is used.
    init() throws {
        folder = try TemporaryFolder()
        holder = try ChildProcess(
            "unshare", ["--net", "sh", "-c", "echo ready; exec sleep infinity"],
            output: folder.path("out"), errors: folder.path("err"))
    }

    func waitUntilReady() throws {
        try wait(for: "a network namespace") {
            if holder.poll() != nil { throw Failure("no namespace: \(folder.text("err"))") }
            return folder.text("out") == "ready\n"
        }
    }

    var pid: Int32 { holder.pid }

    private var path: String { "/proc/\(holder.pid)/ns/net" }

    /// Starts a program inside when put before its words.
    var launcher: [String] { ["nsenter", "--net=\(path)"] }

    /// Runs a shell script inside, to its end.
    func run(_ script: String) throws {
        let run = try Run(
            launcher[0], launcher.dropFirst() + ["sh", "-euc", script], within: .seconds(10))
        guard run.isSuccess else { throw Failure("\(run.errors) of: \(script)") }
    }

    /// Does `work` inside: a socket that is made there stays there. It must not start threads.
    func inside<Result>(_ work: () throws -> Result) throws -> Result {
        let home = unsafe open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
        let there = unsafe open(path, O_RDONLY | O_CLOEXEC)
        defer {
            close(there)
            close(home)
        }
        guard home >= 0, there >= 0, Self.enter(there) else {
            throw Failure("cannot enter a network namespace")
        }
        defer {
            // Whatever this thread did next would be in the wrong place.
            precondition(Self.enter(home), "cannot leave a network namespace")
        }
        return try work()
    }
}
