import Foundation
import Synchronization

/// Ends what the tests have started when the tests themselves end in any way.
///
/// A shell that reads `+PID` and `-PID` from a pipe, and at its end, which is ours, kills what is
/// left. Any thread.
final class ProcessGuard: Sendable {
    static let shared = ProcessGuard()

    private static let script = """
        pids=" "
        while read -r line; do
            pid=${line#?}
            case $line in
                +*) pids="$pids$pid " ;;
                -*) pids="${pids%% $pid *} ${pids#* $pid }" ;;
            esac
        done
        for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
        """

    private let input: FileHandle?

    private init() {
        let shell = Process()
        let pipe = Pipe()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", Self.script]
        shell.standardInput = pipe
        do {
            try shell.run()
            input = pipe.fileHandleForWriting
            _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        } catch {
            input = nil
        }
    }

    func watch(_ pid: pid_t) { tell("+\(pid)\n") }

    func forget(_ pid: pid_t) { tell("-\(pid)\n") }

    /// One write of a few bytes to a pipe is whole, whoever else writes.
    private func tell(_ line: String) { try? input?.write(contentsOf: Data(line.utf8)) }
}
