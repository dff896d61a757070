internal import Essentials

/// What a run is about.
public enum RunKind: String, CaseIterable, Sendable {
    /// Clients' data, while everything goes wrong.
    case data
    /// Who leads and who votes, while members come and go and those who decide are aimed at.
    case agreement
    /// Clients' data, with clients that send hundreds of commands at once, on keys that others
    /// write to, too. About one of 200 of these still breaks a rule: what is open there is not
    /// told apart yet, so they run only where they are asked for.
    case pipelines

    /// One seed in so many is about agreement, and one in so many of the others has pipelines.
    private static let agreementOneIn = 4
    private static let pipelinesOneIn = 3

    /// Whether runs of this kind are part of the mix.
    public var isUsual: Bool { self != .pipelines }

    /// The seed's kind is drawn apart from all else, so that it can be known without a run.
    public init(of seed: UInt64) {
        var random = SeededRandom(seed: ~seed)
        if random.oneIn(Self.agreementOneIn) {
            self = .agreement
        } else {
            self = random.oneIn(Self.pipelinesOneIn) ? .pipelines : .data
        }
    }
}
