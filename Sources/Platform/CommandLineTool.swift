internal import Glibc

/// What programs have in common that people and scripts call: how they write, fail and end.
public enum CommandLineTool {
    /// Why one ends without having done what it was asked.
    public enum Failure: Error, Equatable {
        /// The command line makes no sense.
        case usage(String)
        case failed(String)
    }

    /// What the process ends with; scripts depend on it.
    public enum ExitStatus: Int32, Sendable {
        case done = 0
        /// What was asked was refused, has failed, or was found wrong.
        case failed = 1
        /// The command line makes no sense.
        case usage = 2
    }

    public enum Stream: Int32, Sendable {
        case output = 1
        case error = 2

        /// Whether a person looks at it, and lines may change.
        public var isTerminal: Bool { isatty(rawValue) == 1 }
    }

    /// Runs a program to its end.
    ///
    /// - Parameter name: as people call it.
    /// - Parameter run: gets the arguments without the program's name.
    public static func main(
        _ name: String, _ run: ([String]) throws(Failure) -> ExitStatus
    ) -> Never {
        Signal.ignoreBrokenPipes()
        do throws(Failure) {
            exit(try run(Array(CommandLine.arguments.dropFirst())).rawValue)
        } catch {
            let (status, complaint) = outcome(of: error, in: name, help: "\(name) --help")
            write(complaint, to: .error)
            exit(status.rawValue)
        }
    }

    /// What a failure ends the program with, and what it says.
    ///
    /// - Parameter help: what to type to learn more.
    public static func outcome(
        of failure: Failure, in name: String, help: String
    ) -> (ExitStatus, complaint: String) {
        switch failure {
        case .usage(let reason): (.usage, "\(name): \(reason) (see \(help))\n")
        case .failed(let reason): (.failed, "\(name): \(reason)\n")
        }
    }

    /// Writes the whole text, unless the reader has gone away.
    public static func write(_ text: String, to stream: Stream = .output) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(stream.rawValue, $0.baseAddress, $0.count)
            }
            // A reader that went away, such as `head`, wants no more.
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(0, count))
        }
    }
}
