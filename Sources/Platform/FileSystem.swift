internal import Glibc

/// The few operations on files that a server needs besides its storage engine. They block: not
/// for a loop that serves.
public enum FileSystem {
    /// Bytes that an unprivileged process may still write where `path` is.
    public static func freeBytes(at path: String) throws(PlatformError) -> Int {
        var facts = statvfs()
        guard unsafe statvfs(path, &facts) == 0 else {
            throw .last(operation: "asking for free space", subject: path)
        }
        return Int(facts.f_bavail) * Int(facts.f_frsize)
    }

    public static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    public static func isDirectory(_ path: String) -> Bool {
        var facts = stat()
        return unsafe stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
    }

    /// Makes a directory and those above it that are missing; an existing one is fine.
    public static func createDirectory(_ path: String) throws(PlatformError) {
        if unsafe mkdir(path, 0o755) == 0 { return }
        if errno == ENOENT, let parent = parent(of: path), parent != path {
            try createDirectory(parent)
            if unsafe mkdir(path, 0o755) == 0 { return }
        }
        guard errno == EEXIST else { throw .last(operation: "creating", subject: path) }
        try checkWritableDirectory(path)
    }

    /// Throws unless files can be made in the directory.
    public static func checkWritableDirectory(_ path: String) throws(PlatformError) {
        guard unsafe access(path + "/.", W_OK | X_OK) == 0 else {
            throw .last(operation: "writing to", subject: path)
        }
    }

    /// Reads a whole file. Files that announce no size, as those of the proc file system, too.
    public static func read(_ path: String) throws(PlatformError) -> [UInt8] {
        let file = try OpenFile(path, O_RDONLY)
        var bytes: [UInt8] = []
        let step = 64 * 1024
        while true {
            let before = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: step))
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(file.descriptor, buffer.baseAddress?.advanced(by: before), step)
            }
            if count < 0, errno != EINTR { throw .last(operation: "reading", subject: path) }
            bytes.removeLast(step - max(count, 0))
            if count == 0 { return bytes }
        }
    }

    /// Reads a whole file as UTF-8, repairing what is not.
    public static func readText(_ path: String) throws(PlatformError) -> String {
        String(decoding: try read(path), as: UTF8.self)
    }

    /// The first line of a small file; empty when it cannot be read.
    static func line(_ path: String) -> String {
        guard let text = try? readText(path) else { return "" }
        return String(text.prefix { $0 != "\n" })
    }

    /// Replaces a file so that a crash leaves the old content or the new one, never a mixture:
    /// the new content is durable before it takes the name, and the name before this returns.
    public static func writeAtomically(
        _ bytes: [UInt8], to path: String
    ) throws(PlatformError) {
        let temporary = path + ".new"
        try write(bytes, to: temporary)
        guard unsafe rename(temporary, path) == 0 else {
            throw .last(operation: "renaming", subject: temporary)
        }
        try synchronize(parent(of: path) ?? ".")
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(PlatformError) {
        let file = try OpenFile(path, O_WRONLY | O_CREAT | O_TRUNC)
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe buffer.baseAddress?.advanced(by: written)
                return unsafe Glibc.write(file.descriptor, rest, bytes.count - written)
            }
            if count < 0, errno != EINTR { throw .last(operation: "writing", subject: path) }
            written += max(count, 0)
        }
        try file.synchronize()
    }

    /// Makes a file's content, or a directory's names, durable. After a failure the system may
    /// have dropped what it could not write: nothing may be taken for durable any more.
    public static func synchronize(_ path: String) throws(PlatformError) {
        try OpenFile(path, O_RDONLY).synchronize()
    }

    /// Removes a file; one that is not there is fine.
    public static func removeFile(_ path: String) throws(PlatformError) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else {
            throw .last(operation: "removing", subject: path)
        }
    }

    /// The directory that holds `path`; nil for a single name.
    private static func parent(of path: String) -> String? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// An open file, closed at the end of its scope.
struct OpenFile: ~Copyable {
    let path: String
    let descriptor: Int32

    /// Opens `path`; a file that is created can be read by its owner and group.
    init(_ path: String, _ flags: Int32) throws(PlatformError) {
        self.path = path
        descriptor = unsafe open(path, flags | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw .last(operation: "opening", subject: path) }
    }

    deinit { close(descriptor) }

    borrowing func synchronize() throws(PlatformError) {
        guard fsync(descriptor) == 0 else { throw .last(operation: "fsync", subject: path) }
    }
}
