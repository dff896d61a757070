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
        server.place.launcher = ["unshare", "--mount", "sh", "-c", script, path]
    }

    private var ballast: String {
        "/proc/\(server.process?.pid ?? 0)/root\(server.dataDirectory)/ballast"
    }

    /// Uses up so much of the space, or all that is left.
    func fill(mebibytes: Int = .max) throws {
        guard FileManager.default.createFile(atPath: ballast, contents: nil),
            let file = FileHandle(forWritingAtPath: ballast)
        else { throw Failure("no ballast at \(ballast)") }
        var missing = mebibytes
        let block = Data(repeating: 1, count: 1 << 20)
        while missing > 0, (try? file.write(contentsOf: block)) != nil { missing -= 1 }
        if missing > 0 {
            let page = Data(repeating: 1, count: 1 << 12)
            while (try? file.write(contentsOf: page)) != nil {}
        }
        try file.close()
    }

    /// Gives back what `fill` has taken.
    func empty() throws { try FileManager.default.removeItem(atPath: ballast) }
}
