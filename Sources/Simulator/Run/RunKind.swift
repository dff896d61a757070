internal import Essentials

/// What a run is about.
public enum RunKind: String, CaseIterable, Sendable {
    /// Clients' data, while everything goes wrong.
    case data
    /// Who leads and who votes, while members come and go and those who decide are aimed at.
    case agreement

    /// One seed in so many is about agreement.
    private static let agreementOneIn = 4

    /// The seed's kind is drawn apart from all else, so that it can be known without a run.
    public init(of seed: UInt64) {
        var random = SeededRandom(seed: ~seed)
        self = random.oneIn(Self.agreementOneIn) ? .agreement : .data
    }
}
