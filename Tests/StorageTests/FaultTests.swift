import Foundation
import Glibc
import Testing

@testable import Storage

/// Makes the kernel answer a thread's `fdatasync` calls with EIO.
///
/// Needs neither root nor a device that fails: a seccomp filter refuses the one system call.
enum FailingSync {
    #if arch(x86_64)
        private static let fdatasyncNumber: UInt64 = 75
    #else
        private static let fdatasyncNumber: UInt64 = 83
    #endif

    private typealias Prctl = @convention(c) (CInt, UInt, UInt, UInt, UInt) -> CInt

    /// Returns false where no filter can be installed. There is no way back: only in a process that
    /// ends with its test.
    static func begin() -> Bool {
        // `prctl` is variadic, so Swift imports neither it nor the macros of its arguments.
        guard let symbol = unsafe dlsym(nil, "prctl") else { return false }
        let prctl = unsafe unsafeBitCast(symbol, to: Prctl.self)
        // Instructions of classic BPF: code (2 bytes), jump if true, if false (1 each), operand
        // (4).
        let program: [UInt64] = [
            0x20,  // load the system call's number
            0x15 | 1 << 24 | fdatasyncNumber << 32,  // skip one unless it is this
            0x06 | UInt64(0x0005_0000 | UInt32(EIO)) << 32,  // return the error
            0x06 | 0x7FFF_0000 << 32,  // allow
        ]
        let setNoNewPrivileges: CInt = 38
        let setSeccomp: CInt = 22
        return unsafe program.withUnsafeBytes { program in
            var header: [UInt] = [4, UInt(bitPattern: program.baseAddress)]
            return unsafe header.withUnsafeMutableBytes { header in
                prctl(setNoNewPrivileges, 1, 0, 0, 0) == 0
                    && prctl(setSeccomp, 2, UInt(bitPattern: header.baseAddress), 0, 0) == 0
            }
        }
    }
}

/// Disks that fail, fill up or lag behind.
@Suite struct FaultTests {
    @Test func `a failing fsync is an error that ends the process`() async throws {
        let scratch = try Scratch()
        let path = scratch.options.directory
        await #expect(processExitsWith: .success) { [path = path as String] in
            let storage = try RocksDBStorage(StorageOptions(directory: path))
            try storage.put("a", "1")
            try storage.sync()
            guard FailingSync.begin() else {
                print("skipped: this system lets nobody install a seccomp filter")
                return
            }
            try storage.put("b", "1")
            let error = try failure { try storage.sync() }
            #expect(error.name == "syncFailed")
            #expect(error.mentions("restart"))
            // Nobody should go on; RocksDB does not let them either.
            #expect(throws: StorageError.self) { try storage.put("c", "1") }
            #expect(try storage.get("a") == "1")
        }
    }

    @Test func `a write that would stall is refused whole, and waits when it may`() throws {
        let scratch = try Scratch()
        var options = scratch.options
        options.memtableBytes = 1 << 20
        options.compression = .none
        let storage = try RocksDBStorage(options)
        defer { storage.close() }
        // Faster than flushes can be synced.
        for number in 0..<20_000 {
            let batch = Sample.batch(number..<number + 1, valueSize: 64 << 10)
            guard try storage.write(batch, mayStall: false) == .wouldStall else { continue }
            #expect(try storage.read(Sample.key(number), from: .objects, mayBlock: true) == .absent)
            #expect(try storage.write(batch, mayStall: true) == .written)
            #expect(try storage.read(Sample.key(number), from: .objects, mayBlock: true) != .absent)
            return
        }
        Issue.record("no write ever had to stall")
    }

    static let isRoot = getuid() == 0

    @Test(.enabled(if: isRoot, "mounting a small file system needs root"))
    func `a disk that fills up refuses writes, answers reads, and heals`() async throws {
        let scratch = try Scratch()
        let disk = try SmallDisk(scratch.path + "/disk", mebibytes: 160)
        defer { disk.unmount() }
        let path = disk.path
        // In a process of its own: RocksDB's answer to ENOSPC is to abort.
        await #expect(processExitsWith: .success) { [path = path as String] in
            try FullDisk.live(on: path)
        }
        // What was on it is whole.
        let storage = try RocksDBStorage(FullDisk.options(path))
        defer { storage.close() }
        #expect(try storage.countKeys() > 0)
        #expect(try storage.get("healed") == "yes")
    }

    @Test(.enabled(if: isRoot, "mounting a small file system needs root"))
    func `what is replaced while space is low gives it back when ranges are rewritten`()
        async throws
    {
        let scratch = try Scratch()
        let disk = try SmallDisk(scratch.path + "/disk", mebibytes: 160)
        defer { disk.unmount() }
        let path = disk.path
        await #expect(processExitsWith: .success) { [path = path as String] in
            try FullDisk.reclaim(on: path)
        }
    }

    @Test(.enabled(if: isRoot, "mounting a small file system needs root"))
    func `a flush that found no space holds writes up until it was made`() async throws {
        let scratch = try Scratch()
        let disk = try SmallDisk(scratch.path + "/disk", mebibytes: 64)
        defer { disk.unmount() }
        let path = disk.path
        await #expect(processExitsWith: .success) { [path = path as String] in
            try FullDisk.flushWithoutSpace(on: path)
        }
    }

    @Test(.enabled(if: isRoot, "mounting a small file system needs root"))
    func `a directory without space is not opened`() throws {
        let scratch = try Scratch()
        let disk = try SmallDisk(scratch.path + "/disk", mebibytes: 8)
        defer { disk.unmount() }
        let error = try failure { _ = try RocksDBStorage(FullDisk.options(disk.path)) }
        #expect(error.name == "full")
    }
}

/// A tmpfs of its own, so that a test can fill it.
final class SmallDisk {
    let path: String

    init(_ path: String, mebibytes: Int) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let done = unsafe mount("tmpfs", path, "tmpfs", 0, "size=\(mebibytes)m")
        try #require(done == 0, "mount: \(errno)")
    }

    func unmount() {
        let done = unsafe umount2(path, Int32(MNT_DETACH))
        if done != 0 { Issue.record("umount: \(errno)") }
    }
}

/// A client's life on a disk that fills up.
enum FullDisk {
    static func options(_ disk: String) -> StorageOptions {
        StorageOptions(
            directory: disk + "/db", blockCacheBytes: 4 << 20, memtableBytes: 3 << 20,
            compression: .none, freeBytesMin: 8 << 20)
    }

    static func check(_ condition: Bool, _ message: String) {
        if !condition { fatalError(message) }
    }

    /// Fills the disk until space is low, and returns how many keys that took.
    private static func fill(_ storage: RocksDBStorage) throws -> Int {
        var next = 0
        while storage.spaceState == .ample {
            let batch = Sample.batch(next..<next + 16, valueSize: 4096)
            check(try storage.write(batch, mayStall: true) == .written, "refused while ample")
            next += 16
            check(next < 1 << 20, "never gets low")
        }
        return next
    }

    static func reclaim(on disk: String) throws {
        let storage = try RocksDBStorage(options(disk))
        let count = try fill(storage)
        check(storage.spaceState == .low, "skips low")

        // As the engine deletes: what is left of a key is small.
        for number in 0..<count / 2 {
            var batch = WriteBatch()
            batch.put(Sample.key(number), [0], in: .objects)
            check(try storage.write(batch, mayStall: true) == .written, "refused while low")
        }
        let before = storage.statistics.liveDataBytes
        var worst = UInt64.max
        // Quarters of the keys, the first two of which hold what was deleted.
        for quarter in 0..<4 where storage.spaceState != .ample {
            let start = Sample.key(quarter * count / 4)
            let isDone = try storage.reclaim(
                .objects, from: start, to: Sample.key((quarter + 1) * count / 4))
            check(isDone, "no room to rewrite a quarter")
            worst = min(worst, storage.statistics.freeBytes)
        }
        check(try storage.checkSpace() == .ample, "no space back, \(before) bytes before")
        check(worst > 0, "the disk was full meanwhile")
        check(try storage.countKeys() == count, "keys are missing")

        // Somebody else takes the space: nothing is begun that could not be finished.
        try Data(count: Int(storage.statistics.freeBytes) - 1 << 20)
            .write(to: URL(fileURLWithPath: disk + "/ballast"))
        let isDone = try storage.reclaim(.objects, from: [], to: Sample.key(count))
        check(!isDone, "rewrites without room")
        storage.close()
    }

    static func flushWithoutSpace(on disk: String) throws {
        let storage = try RocksDBStorage(options(disk))
        check(
            try storage.write(Sample.batch(0..<100, valueSize: 4096), mayStall: true) == .written,
            "refused on an empty disk")
        try storage.sync()

        // Somebody else takes all of it, and what is kept for flushes too.
        let ballast = disk + "/ballast"
        try fillUp(ballast)
        let error = try failure { try storage.flush() }
        check(error.name == "full", "a flush without space: \(error)")

        // Before RocksDB has seen that there is space again.
        try FileManager.default.removeItem(atPath: ballast)
        _ = try storage.checkSpace()
        let batch = Sample.batch(100..<101, valueSize: 10)
        check(try storage.write(batch, mayStall: true) == .diskFull, "took a write too early")
        check(storage.spaceState == .exhausted, "says that it takes writes")
        check(try storage.checkSpace() == .exhausted, "forgets that a flush is missing")

        // It tries again by itself.
        let deadline = ContinuousClock.now + .seconds(60)
        while try storage.write(batch, mayStall: true) != .written {
            check(ContinuousClock.now < deadline, "never takes writes again")
            usleep(10_000)
        }
        check(storage.spaceState == .ample, "takes writes and says that it does not")
        check(try storage.countKeys() == 101, "keys are missing")
        storage.close()
    }

    /// Writes to a new file until there is no space left.
    private static func fillUp(_ path: String) throws {
        let descriptor = unsafe open(path, O_CREAT | O_WRONLY, 0o600)
        defer { close(descriptor) }
        let page = [UInt8](repeating: 1, count: 4096)
        while unsafe write(descriptor, page, page.count) == page.count {}
        check(errno == ENOSPC, "no full disk, but \(errno)")
    }

    static func live(on disk: String) throws {
        // Somebody else's file, which later goes.
        let ballast = disk + "/ballast"
        try Data(count: 40 << 20).write(to: URL(fileURLWithPath: ballast))
        let storage = try RocksDBStorage(options(disk))
        check(storage.spaceState == .ample, "does not begin ample")

        // Clients' values, until the floor.
        var next = try fill(storage)
        check(storage.spaceState == .low, "skips low")

        // Deletes go on.
        var deletes = WriteBatch()
        for number in 0..<100 { deletes.delete(Sample.key(number), in: .objects) }
        check(try storage.write(deletes, mayStall: true) == .written, "a delete was refused")

        // Writers that ignore the floor are stopped before the process would abort.
        var written = 0
        while try storage.write(Sample.batch(next..<next + 16, valueSize: 4096), mayStall: true)
            == .written
        {
            next += 16
            written += 1
            check(written < 1 << 16, "never gets exhausted")
        }
        check(storage.spaceState == .exhausted, "refused while not exhausted")
        try storage.flush()

        // Reads go on.
        let last = try storage.read(Sample.key(next - 1), from: .objects, mayBlock: true)
        check(last == .found(Sample.value(next - 1, size: 4096)), "a key is gone")
        check(try storage.countKeys() == next - 100, "keys are missing")

        // Space returns.
        try FileManager.default.removeItem(atPath: ballast)
        check(try storage.checkSpace() < .exhausted, "does not heal")
        try storage.put("healed", "yes")
        try storage.sync()
        storage.close()
    }
}
