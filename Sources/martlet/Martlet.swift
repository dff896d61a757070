internal import Platform
internal import Server

/// The server: `martlet [FILE] [--NAME VALUE]…`.
@main struct Martlet {
    static func main() {
        Signal.ignoreBrokenPipes()
        Signal.unblockAll()
        Program.run(Array(CommandLine.arguments.dropFirst()))
    }
}
