internal import Commands
internal import Essentials
internal import Wire

/// CONFIG: the settings of the running server.
extension ClientSession {
    func getConfiguration(_ arguments: [[UInt8]]) {
        let patterns = arguments.dropFirst(2).map { String(decoding: $0, as: UTF8.self) }
        let found = shard.services.configuration.get(Array(patterns))
        answer(.map(found.flatMap { [.bulk($0.name), .bulk($0.value)] }))
    }

    func setConfiguration(_ arguments: [[UInt8]]) {
        let words = arguments.dropFirst(2).map { String(decoding: $0, as: UTF8.self) }
        guard words.count.isMultiple(of: 2) else { return answer(.error("ERR syntax error")) }
        let assignments = stride(from: 0, to: words.count, by: 2).map {
            (name: words[$0], value: words[$0 + 1])
        }
        do throws(ConfigurationError) {
            try shard.services.configuration.set(assignments)
        } catch {
            return answer(.error(Self.describe(error)))
        }
        let names = assignments.map(\.name).joined(separator: " ")
        shard.services.log.info(
            "settings changed", ["client": .text(info.address), "names": .text(names)])
        answer(.ok)
    }

    /// Redis' sentences around ours: tools look for their beginnings.
    private static func describe(_ error: ConfigurationError) -> String {
        let reason: String
        switch error {
        case .unknown(let name, _):
            return "ERR Unknown option or number of arguments for CONFIG SET - '\(name)'"
        case .repeated: reason = "duplicate parameter"
        case .needsRestart, .readOnly: reason = "can't set immutable config"
        default: reason = error.description
        }
        let name = error.name ?? ""
        return "ERR CONFIG SET failed (possibly related to argument '\(name)') - \(reason)"
    }

    /// Replaces the file that the server was started with.
    func rewriteConfiguration() {
        let store = shard.services.configuration
        guard store.path != nil else {
            return answer(.error("ERR The server is running without a config file"))
        }
        answerFromWorker {
            do throws(ConfigurationError) {
                try store.rewrite()
                return .ok
            } catch {
                return .error("ERR Rewriting config file: \(error)")
            }
        }
    }
}
