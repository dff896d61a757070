internal import Commands
internal import Engine
internal import Essentials
internal import Wire

/// A client that writes many commands to one connection before it reads the first reply, and opens
/// another one when that breaks.
final class PipelineClient {
    let index: Int
    var connection: ClientConnection?
    /// Its own keys. One whose state the client cannot know any more is given up for a new one.
    private(set) var ownKeys: [[UInt8]] = []
    private var keysMade = 0
    private(set) var sent = 0

    init(index: Int, ownKeys count: Int) {
        self.index = index
        for _ in 0..<count { ownKeys.append(makeKey()) }
    }

    /// What its replies come back under.
    func takeTag() -> Int {
        sent += 1
        return sent
    }

    /// Nobody knows any more what its keys hold.
    func giveUp(_ key: [UInt8]) {
        guard let place = ownKeys.firstIndex(of: key) else { return }
        ownKeys[place] = makeKey()
    }

    private func makeKey() -> [UInt8] {
        keysMade += 1
        return [PipelineWords.ownLetter] + Array("\(index).\(keysMade)".utf8)
    }
}
