internal import Glibc

/// The command line of a Martlet cluster: asks one node's admin port, and prints the answer.
@main struct Martletctl {
    static func main() {
        let outcome = Program.run(
            Array(CommandLine.arguments.dropFirst()),
            password: unsafe getenv("MARTLET_PASSWORD").map { unsafe String(cString: $0) })
        write(outcome.output, to: STDOUT_FILENO)
        write(outcome.complaint, to: STDERR_FILENO)
        exit(outcome.status.rawValue)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            // A reader that went away, such as `head`, wants no more.
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(0, count))
        }
    }
}
