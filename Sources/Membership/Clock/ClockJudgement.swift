/// Whether a node's own wall clock is near enough to the members' common one.
///
/// A node whose clock is not goes by the common clock all the same, which its wall clock cannot
/// move. But a machine that has lost the time is not to be trusted with clients' commands.
public enum ClockJudgement: Sendable, Equatable {
    case sound
    /// The node has just started and has not heard yet what time the members have.
    case unknown
    /// So many ms ahead.
    case ahead(UInt64)
    /// So many ms behind.
    case behind(UInt64)

    /// - Parameter deviationMs: of the wall clock from the common one.
    init(deviationMs: Int64, boundMs: UInt64) {
        if deviationMs.magnitude <= boundMs {
            self = .sound
        } else {
            self = deviationMs > 0 ? .ahead(deviationMs.magnitude) : .behind(deviationMs.magnitude)
        }
    }

    /// What is wrong, for people; nil when nothing is.
    public var defect: String? {
        switch self {
        case .sound: nil
        case .unknown: "this node has not heard yet what time the members have"
        case .ahead(let ms): "this node's clock is \(Self.span(ms)) ahead of the members'"
        case .behind(let ms): "this node's clock is \(Self.span(ms)) behind the members'"
        }
    }

    /// Whether both say the same, to a second or two: clocks are compared again and again.
    func isLike(_ other: ClockJudgement) -> Bool {
        switch (self, other) {
        case (.sound, .sound), (.unknown, .unknown): true
        case (.ahead(let one), .ahead(let other)), (.behind(let one), .behind(let other)):
            max(one, other) - min(one, other) < 2000
        default: false
        }
    }

    private static func span(_ ms: UInt64) -> String { "\(ms / 1000) s" }
}
