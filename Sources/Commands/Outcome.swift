public import Objects
public import Wire

/// What an operation answers and what it writes.
public struct Outcome: Sendable, Equatable {
    public var reply: Reply
    /// Nil if nothing changes: then nothing needs to be replicated.
    public var mutation: Mutation?

    public init(_ reply: Reply, _ mutation: Mutation? = nil) {
        self.reply = reply
        self.mutation = mutation
    }
}
