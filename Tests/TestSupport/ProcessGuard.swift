import Foundation

/// Ends what the tests have started when the tests themselves end in any way, kill -9 included.
///
/// A shell that reads `+PID` and `-PID` from a pipe, and at its end, which is ours, kills what is
/// left. Any thread.
public final class ProcessGuard: Sendable {
    public static let shared = ProcessGuard()

    private static let script = """
        pids=" "
        while read -r line; do
            pid=${line#?}
            case $line in
                +*) pids="$pids$pid " ;;
                -*) case $pids in *" $pid "*) pids="${pids%% $pid *} ${pids#* $pid }" ;; esac ;;
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

    /// From now on `pid` does not outlive the tests.
    public func watch(_ pid: Int32) { tell("+\(pid)\n") }

    /// The process has ended and was waited for: its number may become another's.
    public func forget(_ pid: Int32) { tell("-\(pid)\n") }

    /// One write of a few bytes to a pipe is whole, whoever else writes.
    private func tell(_ line: String) { try? input?.write(contentsOf: Data(line.utf8)) }
}
