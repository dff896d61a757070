internal import Commands
internal import Essentials
internal import Platform
internal import Wire

/// Which clients CLIENT LIST shows and CLIENT KILL closes: all that meet every condition.
struct ClientFilter: Sendable {
    private var ids: [Int64] = []
    private var address: String?
    private var localAddress: String?
    private var ageSecondsMin: UInt64?
    /// Nobody here is a replica, another master, or a subscriber.
    private var wantsNormal = true
    /// This client is passed over.
    private var skipped: Int64?

    /// Reads `CLIENT LIST [TYPE type] [ID id…]`.
    init(listArguments arguments: [[UInt8]]) throws(CommandFailure) {
        guard arguments.count > 2 else { return }
        let option = Keyword(arguments[2])
        if option == "type", arguments.count == 4 {
            wantsNormal = try Self.isNormal(arguments[3])
        } else if option == "id", arguments.count > 3 {
            for text in arguments.dropFirst(3) {
                guard let id = Int64(decimal: text), id > 0 else {
                    throw CommandFailure("ERR Invalid client ID")
                }
                ids.append(id)
            }
        } else {
            throw CommandFailure("ERR syntax error")
        }
    }

    /// Reads `CLIENT KILL address` and `CLIENT KILL option value…`. The new form passes `own`
    /// over unless it says SKIPME no.
    init(killArguments arguments: [[UInt8]], own: Int64) throws(CommandFailure) {
        if arguments.count == 3 {
            address = String(decoding: arguments[2], as: UTF8.self)
            return
        }
        skipped = own
        var index = 2
        while index < arguments.count {
            guard index + 1 < arguments.count else { throw CommandFailure("ERR syntax error") }
            try read(Keyword(arguments[index]), arguments[index + 1], own: own)
            index += 2
        }
    }

    private mutating func read(
        _ option: Keyword, _ value: [UInt8], own: Int64
    ) throws(CommandFailure) {
        let text = String(decoding: value, as: UTF8.self)
        switch option {
        case "id":
            guard let id = Int64(decimal: value), id > 0 else {
                throw CommandFailure("ERR client-id should be greater than 0")
            }
            ids = [id]
        case "addr": address = text
        case "laddr": localAddress = text
        case "type": wantsNormal = try Self.isNormal(value)
        case "user":
            guard text == "default" else { throw CommandFailure("ERR No such user '\(text)'") }
        case "maxage":
            guard let age = Int64(decimal: value), age > 0 else {
                throw CommandFailure("ERR maxage is not an integer or out of range")
            }
            ageSecondsMin = UInt64(age)
        case "skipme":
            switch Keyword(value) {
            case "yes": skipped = own
            case "no": skipped = nil
            default: throw CommandFailure("ERR syntax error")
            }
        default: throw CommandFailure("ERR syntax error")
        }
    }

    private static func isNormal(_ type: [UInt8]) throws(CommandFailure) -> Bool {
        switch Keyword(type) {
        case "normal": return true
        case "master", "replica", "slave", "pubsub": return false
        default:
            let text = String(decoding: type, as: UTF8.self)
            throw CommandFailure("ERR Unknown client type '\(text)'")
        }
    }

    func matches(_ session: ClientSession) -> Bool {
        let info = session.info
        let ageSeconds = (session.shard.loop.now.monotonicNs - info.connectedNs) / 1_000_000_000
        return wantsNormal && info.id != skipped
            && (ids.isEmpty || ids.contains(info.id))
            && (address ?? info.address) == info.address
            && (localAddress ?? info.localAddress) == info.localAddress
            && ageSeconds >= ageSecondsMin ?? 0
    }
}
