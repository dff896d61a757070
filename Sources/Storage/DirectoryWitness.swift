internal import Essentials
internal import Glibc

/// Tells a directory that is where the last run has left it from one that was put there since: a
/// copy, a backup, another one moved to its place.
///
/// A small file, `identity`, is rewritten at each start, and the database remembers how the file
/// system knows it then: by its inode and its last change, a time that nobody can set. A copy has
/// another, and so has a file that was copied into in place. A directory that was moved away and
/// back is told by itself: moving it changes its status, while what is made and removed in it
/// changes its content at the same time.
///
/// It does not tell a whole file system that was set back, nor directories above that were
/// exchanged.
enum DirectoryWitness {
    /// What the database remembers, as in its record: inode, change in s and ns, each 8 bytes,
    /// big-endian. On disk.
    static let key = Array("directory-witness".utf8)

    /// The file's identity as it is now, before anything is changed in the directory; nil when
    /// there is none, or the directory was moved.
    static func look(_ directory: String) -> [UInt8]? {
        var whole = stat()
        guard unsafe stat(directory, &whole) == 0,
            whole.st_mtim.tv_sec == whole.st_ctim.tv_sec,
            whole.st_mtim.tv_nsec == whole.st_ctim.tv_nsec
        else { return nil }
        return identity(of: directory + "/identity")
    }

    /// Rewrites the file, durably, and returns its new identity.
    static func renew(_ directory: String) throws(StorageError) -> [UInt8] {
        let path = directory + "/identity"
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw .io(reason: DataDirectory.failure("open", path)) }
        defer { _ = close(descriptor) }
        let text = Array("Where it is, and since when, tells a data directory from a copy.\n".utf8)
        let count = unsafe text.withUnsafeBytes { bytes in
            unsafe pwrite(descriptor, bytes.baseAddress, bytes.count, 0)
        }
        guard count == text.count, fsync(descriptor) == 0, let identity = identity(of: path) else {
            throw .io(reason: DataDirectory.failure("write", path))
        }
        return identity
    }

    private static func identity(of path: String) -> [UInt8]? {
        var facts = stat()
        guard unsafe stat(path, &facts) == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.appendBigEndian(UInt64(facts.st_ino))
        bytes.appendBigEndian(UInt64(bitPattern: Int64(facts.st_ctim.tv_sec)))
        bytes.appendBigEndian(UInt64(bitPattern: Int64(facts.st_ctim.tv_nsec)))
        return bytes
    }
}
