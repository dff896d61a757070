internal import Essentials
internal import Platform

/// What the program does with its arguments, from the first to the exit status.
public enum Program {
    /// Runs and ends the process: 0 after an orderly end, 1 when something is in the way.
    public static func run(_ arguments: [String]) -> Never {
        do {
            switch try Invocation.parse(arguments) {
            case .show(let text): StandardOutput.write(text)
            case .serve(let store):
                let configuration = store.current
                let log = Log(level: configuration.logLevel, format: configuration.logFormat)
                try Node(store, log: log).run()
            }
        } catch let error as ConfigurationError {
            fail(error.description)
        } catch let error as StartFailure {
            fail(error.description)
        } catch {
            fail("\(error)")
        }
        ProcessExit.now(status: 0)
    }

    private static func fail(_ reason: String) -> Never {
        StandardError.write("martlet: \(reason)\n")
        ProcessExit.now(status: 1)
    }
}
