internal import Essentials

/// What a seed draws for the clients that send many commands at once.
struct PipelinePlan {
    var clients: Int
    /// Commands that a client has under way at most, and that it sends at once.
    var depth: Int
    var burstMax: Int
    /// Commands of all of them together.
    var commandsMax: Int
    /// Keys that all of them share, and that each has for itself.
    var sharedKeys: Int
    var ownKeys: Int
    /// Keys with siblings that they share with all other clients.
    var siblingKeys: Int
    /// What a session takes before it lets its client wait.
    var pendingMax: Int
    /// Bytes of the longer values.
    var valueSizeMax: Int

    init(_ random: inout SeededRandom, valueSizeMax: Int, siblingKeys: Int) {
        func draw(_ values: [Int]) -> Int {
            values[Int.random(in: 0..<values.count, using: &random)]
        }
        clients = draw([1, 1, 2, 3])
        depth = draw([4, 20, 20, 100, 400])
        burstMax = min(depth, draw([2, 8, 30, 400]))
        commandsMax = draw([300, 600, 1200])
        sharedKeys = draw([1, 2, 4, 8])
        ownKeys = draw([1, 2, 4, 8])
        pendingMax = draw([2, 16, 1024, 1024])
        self.siblingKeys = siblingKeys
        self.valueSizeMax = min(valueSizeMax, 4096)
    }
}
