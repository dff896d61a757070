import Foundation
import Platform
import Testing

@Suite struct FileSystemTests {
    /// A directory that goes with the test.
    private final class Scratch {
        let path: String

        init() throws {
            path = NSTemporaryDirectory() + "martlet-" + UUID().uuidString
            try FileSystem.createDirectory(path)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    @Test func `a file is replaced as a whole`() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/file"
        let large = [UInt8](repeating: 7, count: 300_000)
        try FileSystem.writeAtomically(large, to: path)
        #expect(try FileSystem.read(path) == large)
        try FileSystem.writeAtomically(Array("short".utf8), to: path)
        #expect(try FileSystem.readText(path) == "short")
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["file"])
        try FileSystem.removeFile(path)
        try FileSystem.removeFile(path)
        #expect(!FileSystem.exists(path))
    }

    @Test func `directories are made with those above them`() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/a/b/c"
        try FileSystem.createDirectory(path)
        try FileSystem.createDirectory(path)
        #expect(FileSystem.exists(path))
        try FileSystem.synchronize(path)
    }

    @Test func `errors name the path`() throws {
        let scratch = try Scratch()
        let missing = scratch.path + "/missing"
        #expect(throws: PlatformError.notFound(missing)) { try FileSystem.read(missing) }
        let file = scratch.path + "/file"
        try FileSystem.writeAtomically([], to: file)
        let error = #expect(throws: PlatformError.self) { try FileSystem.createDirectory(file) }
        #expect(error?.description == "\(file): writing to failed: not a directory")
    }

    @Test func `a file system tells its free bytes`() throws {
        #expect(try FileSystem.freeBytes(at: "/") > 0)
    }

    @Test func `a second lock names the process that holds the first`() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/lock"
        do {
            let lock = try LockFile(path)
            let held = PlatformError.locked(path: path, processID: ProcessFacts.processID)
            #expect(throws: held) { _ = try LockFile(path) }
            withExtendedLifetime(lock) {}
        }
        _ = try LockFile(path)
    }
}
