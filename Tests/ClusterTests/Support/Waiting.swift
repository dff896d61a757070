import Foundation

/// A moment after which waiting makes no sense any more.
struct Deadline {
    private let end: ContinuousClock.Instant

    init(in duration: Duration) { end = .now + duration }

    var hasPassed: Bool { .now >= end }
}

/// How often a condition is looked at again. Small beside everything that is waited for.
private let lookAgainUs: UInt32 = 5_000

/// Looks at `condition` until it holds. One that throws does not hold yet, unless by a `Failure`:
/// that is the end.
func wait(
    for what: String, within limit: Duration = .seconds(20), every pauseUs: UInt32 = lookAgainUs,
    until condition: () throws -> Bool
) throws {
    let deadline = Deadline(in: limit)
    while true {
        var reason = ""
        do {
            if try condition() { return }
        } catch let failure as Failure {
            throw failure
        } catch {
            reason = ": \(error)"
        }
        if deadline.hasPassed { throw Failure("waited \(limit) in vain for \(what)\(reason)") }
        usleep(pauseUs)
    }
}

/// How long `work` takes.
func measure(_ work: () throws -> Void) throws -> Duration {
    try ContinuousClock().measure(work)
}
