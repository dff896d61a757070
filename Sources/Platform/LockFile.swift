internal import Glibc

/// Keeps a directory to one process: two stores over the same files would destroy them.
///
/// The system drops the lock when the process ends, however it ends, so there is no stale lock to
/// remove by hand. The file holds the owner's process id, for the message to the second one.
public struct LockFile: ~Copyable, Sendable {
    private let file: OpenFile

    /// Takes the lock, or throws `PlatformError.locked`.
    public init(_ path: String) throws(PlatformError) {
        let file = try OpenFile(path, O_RDWR | O_CREAT)
        guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw .last(operation: "locking", subject: path) }
            throw .locked(path: path, processID: Int32(FileSystem.line(path)) ?? 0)
        }
        let owner = Array("\(getpid())\n".utf8)
        guard ftruncate(file.descriptor, 0) == 0,
            unsafe pwrite(file.descriptor, owner, owner.count, 0) == owner.count
        else { throw .last(operation: "writing", subject: path) }
        self.file = file
    }
}
