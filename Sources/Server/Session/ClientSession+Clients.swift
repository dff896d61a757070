internal import Commands
internal import Essentials
internal import Platform
internal import Wire

/// CLIENT LIST and CLIENT KILL: about the clients of all loops.
extension ClientSession {
    // MARK: LIST

    func listClients(_ arguments: [[UInt8]]) {
        let filter: ClientFilter
        do throws(CommandFailure) {
            filter = try ClientFilter(listArguments: arguments)
        } catch {
            return answer(.error(error.text))
        }
        answerGathered({ $0.sessions.listLines(filter) }, Self.list)
    }

    private static func list(_ shard: Shard, _ parts: [[ClientLine]]) -> Reply {
        let lines = parts.joined().sorted { $0.id < $1.id }
        return .verbatim(Array(lines.map { $0.text + "\n" }.joined().utf8))
    }

    /// This client as CLIENT LIST and CLIENT INFO show it. What Martlet has not (transactions,
    /// channels, tracking) is shown as in a Redis that does not use it.
    var listLine: String {
        let ageSeconds = (shard.loop.now.monotonicNs - info.connectedNs) / 1_000_000_000
        let who =
            "id=\(info.id) addr=\(info.address) laddr=\(info.localAddress) fd=-1 name=\(info.name)"
        let state = " age=\(ageSeconds) idle=\(idleSeconds) flags=\(flags)"
        let unused = " db=0 sub=0 psub=0 ssub=0 multi=-1 watch=0"
        let input = " qbuf=\(info.inputBytes) qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0"
        let output = " obl=0 oll=\(info.outputBytes > 0 ? 1 : 0) omem=\(info.outputBytes)"
        let all = " tot-mem=\(heldBytes) events=r cmd=\(info.commandName) user=default redir=-1"
        let client =
            " resp=\(encoder.version == .three ? 3 : 2) lib-name=\(info.libraryName)"
            + " lib-ver=\(info.libraryVersion)"
        return who + state + unused + input + output + all + client
    }

    private var flags: String {
        var flags = ""
        if isClosing { flags += "c" }
        if info.isExemptFromEviction { flags += "e" }
        if info.leavesUseUnchanged { flags += "T" }
        return flags.isEmpty ? "N" : flags
    }

    // MARK: KILL

    func killClients(_ arguments: [[UInt8]]) {
        let filter: ClientFilter
        do throws(CommandFailure) {
            filter = try ClientFilter(killArguments: arguments, own: info.id)
        } catch {
            return answer(.error(error.text))
        }
        // The client that asks must still get its answer.
        let own = info.id
        if filter.matches(self) { isClosing = true }
        let isOld = arguments.count == 3
        answerGathered({ $0.sessions.close(filter, except: own) }) { shard, counts in
            Self.killed(counts.reduce(0, +), isOld: isOld)
        }
    }

    private static func killed(_ count: Int, isOld: Bool) -> Reply {
        guard isOld else { return .integer(Int64(count)) }
        return count > 0 ? .ok : .error("ERR No such client")
    }
}

/// One client's line, with what lines are sorted by.
struct ClientLine: Sendable {
    let id: Int64
    let text: String
}

extension SessionTable {
    func listLines(_ filter: ClientFilter) -> [ClientLine] {
        all.filter { filter.matches($0) }.map { ClientLine(id: $0.info.id, text: $0.listLine) }
    }

    /// Closes the clients that `filter` matches and returns how many; `own` is left to itself.
    func close(_ filter: ClientFilter, except own: Int64) -> Int {
        let matching = all.filter { filter.matches($0) }
        for session in matching where session.info.id != own { session.close() }
        return matching.count
    }
}

extension ClientInfo {
    /// The command that came last, as CLIENT LIST writes it.
    var commandName: String {
        let first = lastName.text
        guard !first.isEmpty else { return "NULL" }
        // The session keeps its own commands apart, since their subcommands are shown, too.
        if let lastCommand {
            let name = CommandTable.spec(lastCommand).name
            if name == first || name.hasPrefix(first + "|") { return name }
        }
        return first
    }
}

extension Keyword {
    /// The word itself; empty for `none`.
    var text: String {
        let size = Int(high >> 56)
        let bytes = (0..<size).map { index in
            UInt8(truncatingIfNeeded: index < 8 ? low >> (8 * index) : high >> (8 * (index - 8)))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
