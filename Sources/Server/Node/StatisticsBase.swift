internal import Synchronization

/// What had been counted at the last CONFIG RESETSTAT: INFO shows what came after. The counters
/// themselves never go back, since metrics are made of them. Any thread.
final class StatisticsBase: Sendable {
    struct Base: Sendable {
        var figures = ShardFigures()
        var connections: UInt64 = 0
        var rejections: UInt64 = 0
    }

    private let state = Mutex(Base())

    var current: Base {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
