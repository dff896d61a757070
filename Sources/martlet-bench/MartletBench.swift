internal import Essentials
internal import Glibc
internal import Platform

/// Puts load on servers, and measures what they do with it.
@main struct MartletBench {
    static func main() {
        CommandLineTool.main("martlet-bench") { arguments throws(Failure) in try run(arguments) }
    }

    private static func run(_ arguments: [String]) throws(Failure) -> ExitStatus {
        var options = try Options(arguments)
        if options.wantsHelp || options.wantsVersion {
            let text = options.wantsHelp ? Help.text : Help.versionLine
            CommandLineTool.write(text)
            return .done
        }
        options.password = try password(options)
        let status = DriverStatus()
        let signals = try StopSignals { status.requestStop() }
        defer { signals.stop() }
        var run = try Run(
            options, status: status, progress: Progress(isWanted: !options.isQuiet))
        let report = try run.perform()
        CommandLineTool.write(options.wantsJSON ? report.json.text + "\n" : report.text)
        return report.exitStatus
    }

    private static func password(_ options: Options) throws(Failure) -> String? {
        guard let file = options.passwordFile else {
            return unsafe getenv("MARTLET_PASSWORD").map { unsafe String(cString: $0) }
        }
        do throws(PlatformError) {
            return String(try FileSystem.readText(file).prefix { !$0.isNewline })
        } catch {
            throw .failed(error.description)
        }
    }
}

/// Makes Ctrl-C and SIGTERM end the run with its results. A second one ends the process at once.
private struct StopSignals {
    private let loop: EventLoop

    init(_ received: @escaping @Sendable () -> Void) throws(Failure) {
        do throws(PlatformError) {
            loop = try EventLoop(name: "signals")
        } catch {
            throw .failed(error.description)
        }
        loop.start()
        let loop = loop
        loop.perform {
            for signal in [Signal.interrupt, .terminate] {
                var watcher: SignalWatcher?
                watcher = SignalWatcher(signal, loop: loop) {
                    received()
                    watcher?.close()
                }
            }
        }
    }

    func stop() { loop.stop() }
}
