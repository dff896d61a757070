/// Why a scenario cannot go on: what was awaited, and what came instead.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
