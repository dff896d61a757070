internal import Glibc
internal import Platform

/// Reading and replacing the configuration file.
enum FileAccess {
    static func read(_ path: String) throws(ConfigurationError) -> [UInt8] {
        do throws(PlatformError) {
            return try FileSystem.read(path)
        } catch {
            throw .file(error.description)
        }
    }

    /// Replaces the file: a new one is written beside it, synced, and renamed over it.
    ///
    /// The new file has the old one's permissions, since it may hold a password. A symbolic link
    /// stays one: what it points to is replaced.
    static func replace(_ path: String, with contents: [UInt8]) throws(ConfigurationError) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw failure(path) }
        guard let resolved = unsafe realpath(path, nil) else { throw failure(path) }
        let target = unsafe String(cString: resolved)
        unsafe free(resolved)

        var template = Array("\(target).XXXXXX".utf8CString)
        let descriptor = unsafe template.withUnsafeMutableBufferPointer { buffer in
            unsafe buffer.baseAddress.map { unsafe mkstemp($0) } ?? -1
        }
        guard descriptor >= 0 else { throw failure(path) }
        let temporary = String(
            decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        let isWritten =
            writeAll(contents, to: descriptor)
            && fchmod(descriptor, status.st_mode & 0o7777) == 0
            && fsync(descriptor) == 0
        let error = errno
        close(descriptor)
        guard isWritten, unsafe rename(temporary, target) == 0 else {
            let error = isWritten ? errno : error
            unsafe unlink(temporary)
            throw failure(path, error)
        }
        syncDirectory(of: target)
    }

    private static func writeAll(_ contents: [UInt8], to descriptor: Int32) -> Bool {
        var written = 0
        while written < contents.count {
            let count = unsafe contents.withUnsafeBytes { buffer in
                unsafe write(
                    descriptor, buffer.baseAddress.map { unsafe $0 + written },
                    buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }

    /// Makes the rename itself durable. When it fails the new file is in place all the same.
    private static func syncDirectory(of path: String) {
        let parent = path.lastIndex(of: "/").map { path[...$0] } ?? "."
        let descriptor = unsafe open(String(parent), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func failure(_ path: String, _ error: Int32 = errno) -> ConfigurationError {
        .file("\(path): \(unsafe String(cString: strerror(error)))")
    }
}
