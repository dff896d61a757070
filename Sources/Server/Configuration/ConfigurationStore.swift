internal import Commands
internal import Synchronization

/// The configuration of a running server, behind CONFIG GET, SET and REWRITE.
///
/// May be used from any thread. Threads that look at settings for every request keep a copy and
/// take a new one when `generation` has moved, or from `onChange`.
public final class ConfigurationStore: Sendable {
    private struct State {
        var configuration: Configuration
        var observers: [@Sendable (Configuration) -> Void] = []
    }

    /// The file that was given at the start, and that CONFIG REWRITE writes.
    public let path: String?

    private let state: Mutex<State>
    /// Held from a change until every observer has heard of it, so that they hear of changes in the
    /// order in which these were made.
    private let change = Mutex(())
    private let changes = Atomic(0)

    public init(_ configuration: Configuration, path: String? = nil) {
        self.path = path
        self.state = Mutex(State(configuration: configuration))
    }

    public var current: Configuration { state.withLock { $0.configuration } }

    /// Counts the changes: as long as it stays the same, so does the configuration.
    public var generation: Int { changes.load(ordering: .acquiring) }

    /// Calls `observer` after every change, on the thread that made it. It must not change
    /// settings.
    public func onChange(_ observer: @escaping @Sendable (Configuration) -> Void) {
        state.withLock { $0.observers.append(observer) }
    }

    /// CONFIG GET: the settings whose names match one of the glob patterns, in the table's order,
    /// then what Redis' tools ask for. Secrets only say whether they are set.
    public func get(_ patterns: [String]) -> [(name: String, value: String)] {
        let configuration = current
        // All names are in lower case.
        let globs = patterns.map { Glob($0.lowercased()) }
        func isWanted(_ name: String) -> Bool {
            let name = Array(name.utf8)
            return globs.contains { $0.matches(name) }
        }
        var found: [(name: String, value: String)] = []
        for setting in Setting.all {
            for name in [setting.name] + setting.aliases where isWanted(name) {
                found.append((name, setting.shown(in: configuration)))
            }
        }
        for setting in RedisSetting.all where isWanted(setting.name) {
            found.append((setting.name, setting.value(configuration)))
        }
        return found
    }

    /// CONFIG SET: changes all of the settings, or none and throws.
    public func set(
        _ assignments: [(name: String, value: String)]
    ) throws(ConfigurationError) {
        // The lock is taken with a result, since `withLock` does not pass typed errors through a
        // closure that also calls out.
        let outcome = change.withLock { _ -> Result<Void, ConfigurationError> in
            do throws(ConfigurationError) {
                let changed = try prepare(assignments)
                let observers = state.withLock { state in
                    state.configuration = changed
                    return state.observers
                }
                changes.add(1, ordering: .releasing)
                for observer in observers { observer(changed) }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }

    private func prepare(
        _ assignments: [(name: String, value: String)]
    ) throws(ConfigurationError) -> Configuration {
        var configuration = current
        var names: [String] = []
        for (name, value) in assignments {
            if let mirrored = RedisSetting.named(name) {
                // Tools switch off what Redis has and Martlet has not: no change, hence fine.
                guard mirrored.value(configuration) == value.lowercased() else {
                    throw .readOnly(name: mirrored.name)
                }
                continue
            }
            let setting = try Setting.find(name)
            guard !names.contains(setting.name) else { throw .repeated(name: setting.name) }
            names.append(setting.name)
            let before = setting.texts(in: configuration)
            try setting.set([value], in: &configuration)
            guard setting.isChangeable || setting.texts(in: configuration) == before else {
                throw .needsRestart(name: setting.name)
            }
        }
        try configuration.check()
        return configuration
    }

    /// CONFIG REWRITE: makes the file say what the server does. The file is replaced as a whole, so
    /// a crash leaves the old one or the new one.
    public func rewrite() throws(ConfigurationError) {
        guard let path else { throw .noFile }
        let outcome = change.withLock { _ -> Result<Void, ConfigurationError> in
            do throws(ConfigurationError) {
                let contents = try FileAccess.read(path)
                let file = try ConfigurationFile(path: path, contents: contents)
                try FileAccess.replace(path, with: Array(file.rewritten(with: current).utf8))
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }
}
