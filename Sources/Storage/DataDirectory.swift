// What the storage asks of the file system itself: a directory, its free space, its WAL's size.

internal import Glibc

enum DataDirectory {
    /// Creates `path` with its parents; one that exists is fine.
    static func create(_ path: String) throws(StorageError) {
        var parent = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            parent += part + "/"
            guard unsafe mkdir(parent, 0o750) != 0, errno != EEXIST else { continue }
            throw .io(reason: "cannot create directory \(parent): \(lastError())")
        }
        guard unsafe access(path, R_OK | W_OK | X_OK) == 0 else {
            throw .io(reason: "directory \(path) cannot be written: \(lastError())")
        }
    }

    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// What this process may still write to the file system of `path`. None when it has no inode
    /// left: a new file fails with ENOSPC just the same.
    static func freeBytes(_ path: String) throws(StorageError) -> UInt64 {
        var facts = statvfs()
        guard unsafe statvfs(path, &facts) == 0 else {
            throw .io(reason: "cannot measure the free space of \(path): \(lastError())")
        }
        let isOutOfInodes = facts.f_files > 0 && facts.f_favail < inodesMin
        return isOutOfInodes ? 0 : UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
    }

    /// A flush or compaction makes a few files at a time.
    private static let inodesMin: fsfilcnt_t = 64

    /// The bytes of the WAL files in `path`, which opening it writes anew as tables.
    static func walBytes(_ path: String) -> UInt64 {
        LogFile.all(in: path).reduce(0) { $0 + $1.size }
    }

    /// The files in `path` whose names end with `suffix`, and their sizes; none where there is no
    /// such directory.
    static func files(_ path: String, suffix: String) -> [(name: String, size: UInt64)] {
        guard let directory = unsafe opendir(path) else { return [] }
        defer { unsafe _ = closedir(directory) }
        var found: [(name: String, size: UInt64)] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            var facts = stat()
            guard name.hasSuffix(suffix), unsafe stat(path + "/" + name, &facts) == 0 else {
                continue
            }
            found.append((name, UInt64(facts.st_size)))
        }
        return found
    }

    /// The first line of a small file; empty where it cannot be read.
    static func text(of path: String) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { _ = close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = unsafe bytes.withUnsafeMutableBytes { bytes in
            unsafe Glibc.read(descriptor, bytes.baseAddress, bytes.count)
        }
        return String(decoding: bytes.prefix(max(0, count)).prefix { $0 != 0x0A }, as: UTF8.self)
    }

    /// What the system says of a call that has failed just now.
    static func failure(_ what: String, _ path: String) -> String {
        "cannot \(what) \(path): \(lastError())"
    }

    private static func lastError() -> String { unsafe String(cString: strerror(errno)) }
}
