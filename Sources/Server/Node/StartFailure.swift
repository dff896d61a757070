/// Why a node does not start: one line for the operator, that says what is in the way and where.
public struct StartFailure: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
