internal import Commands
internal import Essentials
internal import Wire

extension ClientSession {
    /// Carries out a command about the connection, the server or the cluster.
    func run(_ id: CommandID, _ arguments: [[UInt8]]) {
        switch id {
        case .ping: answer(arguments.count > 1 ? .bulk(arguments[1]) : .simple("PONG"))
        case .quit:
            answer(.ok)
            isClosing = true
            finish()
        default: answer(.error("ERR not wired up"))
        }
    }
}
