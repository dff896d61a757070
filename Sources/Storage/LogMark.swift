internal import Essentials
internal import Glibc
internal import Synchronization

/// What a database's log consisted of when it was looked at last: kept beside it, since a log does
/// not tell what it lacks.
///
///     file "log-mark" in the directory, rewritten in place, all integers big-endian:
///     version (1) = 1, in order (1), boot id (varint length, text),
///     files (varint count, each number (8) and size (8)), FNV-1a of all before (8)
///
/// On disk. Never reorder or reuse.
///
/// Written after a sync, at most once a second, so that a sync costs nothing more; it need not be
/// on the disk itself: an older one tells less, and never anything untrue. After an orderly end it
/// is exact.
final class LogMark: Sendable {
    struct Content: Equatable {
        /// The end was in order: these files, of these sizes, and no others.
        var isInOrder = false
        /// What the system drew at its start: as long as it is the same, no page cache was lost.
        var bootID = ""
        /// Oldest first. All but the last were complete.
        var files: [LogFile] = []
    }

    private static let version: UInt8 = 1
    private static let pauseNs: UInt64 = 1_000_000_000
    private static let sizeMax = 1 << 20

    private let directory: String
    private let descriptor: Int32
    private let bootID: String
    private let notedNs = Atomic<UInt64>(0)

    /// The mark of `directory`; nil when another storage has it.
    init?(_ directory: String) throws(StorageError) {
        let path = directory + "/log-mark"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw .io(reason: DataDirectory.failure("open", path)) }
        self.directory = directory
        self.descriptor = descriptor
        bootID = DataDirectory.text(of: "/proc/sys/kernel/random/boot_id")
        // Two of one process, too: a lock belongs to this opening of the file.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
    }

    deinit { _ = close(descriptor) }

    /// Another storage may have the directory from now on.
    func release() { _ = flock(descriptor, LOCK_UN) }

    /// Nil where there is none that can be read, as in a directory of an earlier release.
    func read() -> Content? {
        var bytes = [UInt8](repeating: 0, count: Self.sizeMax)
        let count = unsafe bytes.withUnsafeMutableBytes { bytes in
            unsafe pread(descriptor, bytes.baseAddress, bytes.count, 0)
        }
        return count > 8 ? Self.decode(Array(bytes.prefix(count))) : nil
    }

    /// Takes note of the log as it is, if that was not done just now.
    func noteIfDue() throws(StorageError) {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        let nowNs = UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        let before = notedNs.load(ordering: .relaxed)
        guard nowNs >= before + Self.pauseNs,
            notedNs.compareExchange(expected: before, desired: nowNs, ordering: .relaxed).exchanged
        else { return }
        try note()
    }

    /// - Parameter isInOrder: the database is closed, with all that was written on the disk.
    func note(isInOrder: Bool = false) throws(StorageError) {
        try write(
            Content(isInOrder: isInOrder, bootID: bootID, files: LogFile.all(in: directory)))
    }

    /// From now on the log may change: it is no longer as an orderly end has left it.
    func begin() throws(StorageError) {
        guard var content = read() else { return }
        content.isInOrder = false
        try write(content)
    }

    private func write(_ content: Content) throws(StorageError) {
        let bytes = Self.encode(content)
        let count = unsafe bytes.withUnsafeBytes { bytes in
            unsafe pwrite(descriptor, bytes.baseAddress, bytes.count, 0)
        }
        // The space floor leaves room for it.
        guard count == bytes.count, ftruncate(descriptor, off_t(bytes.count)) == 0,
            !content.isInOrder || fsync(descriptor) == 0
        else { throw .io(reason: DataDirectory.failure("write", directory + "/log-mark")) }
    }

    // MARK: What it tells

    /// Why the log cannot be all that was written; nil when nothing speaks against it.
    ///
    /// - Parameter oldestNeeded: the oldest file that the database itself counts on. Costly, and
    ///   asked for only where a file is gone that may have been dropped rightly.
    func defect(
        oldestNeeded: () throws(StorageError) -> UInt64
    ) throws(StorageError) -> String? {
        let files = LogFile.all(in: directory)
        let content = read()
        if let content, let defect = try Self.defect(of: files, content, oldestNeeded) {
            return defect
        }
        guard let hole = try LogWalk.firstHole(in: directory, files) else { return nil }
        // When power was lost, what no sync had covered may be gone in any order.
        if let content, content.bootID != bootID { return nil }
        return "the log has a hole at file \(hole.file), from operation \(hole.sequence) on"
    }

    private static func defect(
        of files: [LogFile], _ content: Content,
        _ oldestNeeded: () throws(StorageError) -> UInt64
    ) throws(StorageError) -> String? {
        var missing: [UInt64] = []
        for (index, noted) in content.files.enumerated() {
            guard let found = files.first(where: { $0.number == noted.number }) else {
                missing.append(noted.number)
                continue
            }
            // The last one's tail may be torn, but not after an orderly end.
            let isLast = found == files.last
            let isComplete = content.isInOrder || index < content.files.count - 1 || !isLast
            guard !isComplete || found.size >= noted.size else {
                return "the log's file \(noted.number) has \(found.size) bytes of \(noted.size)"
            }
        }
        guard let last = missing.last else { return nil }
        if !content.isInOrder, last < (try oldestNeeded()) { return nil }
        return "the log's file \(last) is missing"
    }

    // MARK: Coding

    static func encode(_ content: Content) -> [UInt8] {
        var bytes: [UInt8] = [version, content.isInOrder ? 1 : 0]
        bytes.appendSized(content.bootID)
        bytes.appendVarint(UInt64(content.files.count))
        for file in content.files {
            bytes.appendBigEndian(file.number)
            bytes.appendBigEndian(file.size)
        }
        bytes.appendBigEndian(checksum(bytes))
        return bytes
    }

    static func decode(_ bytes: [UInt8]) -> Content? {
        var reader = ByteReader(bytes)
        do throws(DecodingError) {
            guard try reader.readByte() == version else { return nil }
            var content = Content()
            content.isInOrder = try reader.readByte() == 1
            content.bootID = try reader.readSizedString(max: 64)
            for _ in 0..<(try reader.readCount(max: sizeMax / 16)) {
                let number = try reader.readBigEndian(UInt64.self)
                let size = try reader.readBigEndian(UInt64.self)
                content.files.append(LogFile(number: number, size: size))
            }
            let found = try reader.readBigEndian(UInt64.self)
            try reader.finish()
            return found == checksum(Array(bytes.dropLast(8))) ? content : nil
        } catch {
            return nil
        }
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
