import Foundation

/// A file system of its own for one node's data, that can be filled.
///
/// It is mounted in a mount namespace of the node's process, so it ends with the process, whatever
/// happens; from outside it is seen below `/proc/PID/root`.
struct SmallDisk {
    /// Mounting needs to be root, in a container that may.
    static let isPossible: Bool = {
        guard geteuid() == 0, Run.find("unshare") != nil else { return false }
        let words = ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        return (try? Run("unshare", words))?.isSuccess ?? false
    }()

    private let server: Server

    /// Gives `server`, which has not started yet, a disk of so many MiB.
    init(of server: Server, mebibytes: Int) throws {
        self.server = server
        let path = server.dataDirectory
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        let script = "mount -t tmpfs -o size=\(mebibytes)m tmpfs \"$0\" && exec \"$@\""
        server.launcher = ["unshare", "--mount", "sh", "-c", script, path]
    }

    private var ballast: String {
        "/proc/\(server.process?.pid ?? 0)/root\(server.dataDirectory)/ballast"
    }

    /// Uses up all the space that is left.
    func fill() throws {
        guard FileManager.default.createFile(atPath: ballast, contents: nil),
            let file = FileHandle(forWritingAtPath: ballast)
        else { throw Failure("no ballast at \(ballast)") }
        // Smaller and smaller, until not a page is left.
        for size in [1 << 20, 1 << 16, 1 << 12] {
            let block = Data(repeating: 1, count: size)
            while (try? file.write(contentsOf: block)) != nil {}
        }
        try file.close()
    }

    func empty() throws { try FileManager.default.removeItem(atPath: ballast) }
}
