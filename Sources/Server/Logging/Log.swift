internal import Synchronization

/// The log of the process: structured lines to the standard error.
///
///     log.info("peer connected", ["peer": .describing(address), "epoch": .integer(epoch)])
///
/// A message is a literal; what varies goes into fields. Both are evaluated only when the level is
/// on, so a debug line costs one atomic load. May be used from any thread. Never waits: see
/// `LogSink`. Passwords are of type `Secret`, which does not tell.
public struct Log: Sendable {
    private let core: Core
    /// Fields that every line of this log has.
    private let context: [(name: String, value: LogValue)]

    public init(
        level: LogLevel = .info, format: LogFormat = .logfmt,
        sink: any LogSink = StandardErrorSink()
    ) {
        core = Core(level: level, format: format, sink: sink)
        context = []
    }

    private init(core: Core, context: [(name: String, value: LogValue)]) {
        self.core = core
        self.context = context
    }

    /// The same log with further fields in every line, such as the part of the server it is for.
    public func with(_ fields: LogFields) -> Log {
        Log(core: core, context: context + fields.map { (name: $0.key, value: $0.value) })
    }

    /// Takes over level and format: at the start, and after CONFIG SET.
    public func configure(_ configuration: Configuration) {
        core.configure(level: configuration.logLevel, format: configuration.logFormat)
    }

    public func isEnabled(_ level: LogLevel) -> Bool { core.isEnabled(level) }

    public func debug(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]
    ) {
        log(.debug, message(), fields())
    }

    public func info(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]
    ) {
        log(.info, message(), fields())
    }

    public func warn(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]
    ) {
        log(.warn, message(), fields())
    }

    public func error(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]
    ) {
        log(.error, message(), fields())
    }

    public func log(
        _ level: LogLevel, _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> LogFields = [:]
    ) {
        guard core.isEnabled(level) else { return }
        core.write(
            level, message(), context + fields().map { (name: $0.key, value: $0.value) })
    }

    /// Lines that were not written since the start because the reader was behind.
    public var droppedCount: Int { core.droppedCount }
}

extension Log {
    private final class Core: Sendable {
        private struct State {
            var format: LogFormat
            var throttle = LogThrottle()
            /// Lines lost since the last one that was written.
            var lost = 0
        }

        private let sink: any LogSink
        private let rank: Atomic<Int>
        private let dropped = Atomic(0)
        private let state: Mutex<State>

        init(level: LogLevel, format: LogFormat, sink: any LogSink) {
            self.sink = sink
            self.rank = Atomic(level.rank)
            self.state = Mutex(State(format: format))
        }

        func configure(level: LogLevel, format: LogFormat) {
            rank.store(level.rank, ordering: .relaxed)
            state.withLock { $0.format = format }
        }

        func isEnabled(_ level: LogLevel) -> Bool { level.rank >= rank.load(ordering: .relaxed) }

        var droppedCount: Int { dropped.load(ordering: .relaxed) }

        func write(
            _ level: LogLevel, _ message: String, _ fields: [(name: String, value: LogValue)]
        ) {
            let (wallMs, monotonicMs) = sink.now()
            // One line at a time, so that poll's answer still holds when the line is written.
            state.withLock { state in
                for held in state.throttle.sweep(nowMs: monotonicMs) {
                    emit(
                        held.level, "repeated messages held back", wallMs,
                        [("repeated", .text(held.message)), ("count", .integer(held.count))],
                        &state)
                }
                // Debug is asked for by somebody who wants everything.
                guard
                    level == .debug
                        || state.throttle.admits(message, level, nowMs: monotonicMs)
                else { return }
                emit(level, message, wallMs, fields, &state)
            }
        }

        private func emit(
            _ level: LogLevel, _ message: String, _ wallMs: UInt64,
            _ fields: [(name: String, value: LogValue)], _ state: inout State
        ) {
            var fields = fields
            if state.lost > 0 { fields.append(("lost_lines", .integer(state.lost))) }
            let line = LogLine.format(
                state.format, timeMs: wallMs, level: level, message: message, fields: fields)
            if sink.write(line) {
                state.lost = 0
            } else {
                state.lost += 1
                dropped.add(1, ordering: .relaxed)
            }
        }
    }
}
