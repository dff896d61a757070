import Foundation

/// The wall clock of a node that has a wrong one: libfaketime shifts it, and leaves its monotonic
/// clock alone. It jumps whenever it is set, also while the node runs.
final class FakeClock {
    /// Where Debian's package puts it.
    private static let library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"

    private let folder: TemporaryFolder
    private var file: String { folder.path("offset") }

    init(aheadSeconds: Int = 0) throws {
        folder = try TemporaryFolder()
        try set(aheadSeconds: aheadSeconds)
    }

    func set(aheadSeconds: Int) throws {
        let text = aheadSeconds < 0 ? "\(aheadSeconds)" : "+\(aheadSeconds)"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
    }

    /// Words to start a program with. The second `env` is the first program that the library is
    /// loaded into: a Swift program in its place loses its arguments.
    var launcher: [String] {
        [
            "/usr/bin/env", "LD_PRELOAD=\(Self.library)", "FAKETIME_TIMESTAMP_FILE=\(file)",
            "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_CACHE_DURATION=1",
            "/usr/bin/env",
        ]
    }
}

extension Server {
    /// Gives it a wall clock that is so far ahead, from its next start on.
    func useClock(aheadSeconds: Int) throws -> FakeClock {
        let clock = try FakeClock(aheadSeconds: aheadSeconds)
        place.launcher = clock.launcher
        return clock
    }
}
