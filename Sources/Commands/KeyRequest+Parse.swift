internal import Objects
internal import Wire

// From the words of a command to one operation on one key.

extension KeyRequest {
    /// Nil for a command that is not one operation on one key. The number of words is right.
    init?(_ id: CommandID, _ arguments: some RequestArguments) throws(CommandFailure) {
        var consistency: ConsistencyOverride?
        let operation: Operation?
        switch id {
        case .dynamoGet, .dynamoPut, .dynamoDelete:
            (operation, consistency) = try Self.parseDynamo(id, arguments)
        case .expire, .pexpire, .expireAt, .pexpireAt:
            operation = try Self.parseExpire(id, arguments)
        case .getBit, .setBit, .bitCount, .bitPos, .bitField, .bitFieldReadOnly:
            operation = try Self.parseBits(id, arguments)
        default:
            if let found = try Self.parseString(id, arguments) {
                operation = found
            } else {
                operation = try Self.parseKey(id, arguments)
            }
        }
        guard let operation else { return nil }
        let place = Self.keyPlace(of: id)
        guard arguments.argumentSize(place) <= Self.keySizeMax else { throw .keyTooLarge }
        self.init(
            key: arguments.argument(place), operation: operation, consistency: consistency)
    }

    /// Behind the name; behind the subcommand for the one container with keys.
    private static func keyPlace(of id: CommandID) -> Int {
        switch id {
        case .objectEncoding, .objectRefcount, .objectIdleTime, .objectFreq: 2
        default: 1
        }
    }

    private static func parseString(
        _ id: CommandID, _ arguments: some RequestArguments
    ) throws(CommandFailure) -> Operation? {
        switch id {
        case .get: .get
        case .set: try parseSet(arguments)
        case .setEx:
            .setExpiring(
                arguments.argument(3),
                Expiry(arguments.integer(2), .seconds, isAbsolute: false))
        case .psetEx:
            .setExpiring(
                arguments.argument(3),
                Expiry(arguments.integer(2), .milliseconds, isAbsolute: false))
        case .setNX: .setIfAbsent(arguments.argument(2))
        case .getSet: .getSet(arguments.argument(2))
        case .getEx: .getEx(try parseGetEx(arguments))
        case .getDel: .getDel
        case .append: .append(arguments.argument(2))
        case .strlen: .size
        case .getRange, .substr:
            .getRange(
                start: try arguments.requiredInteger(2), end: try arguments.requiredInteger(3))
        case .setRange: try parseSetRange(arguments)
        case .incr: .increment(1)
        case .decr: .increment(-1)
        case .incrBy: .increment(try arguments.requiredInteger(2))
        case .decrBy: try parseDecrBy(arguments)
        case .incrByFloat:
            .incrementDecimal(try FixedDecimal.read(arguments.argument(2)))
        default: nil
        }
    }

    private static func parseKey(
        _ id: CommandID, _ arguments: some RequestArguments
    ) throws(CommandFailure) -> Operation? {
        switch id {
        case .exists: .exists
        case .type: .type
        case .touch: .touch
        case .del, .unlink: .delete
        case .ttl: .timeToLive(.seconds)
        case .pttl: .timeToLive(.milliseconds)
        case .expireTime: .expireTime(.seconds)
        case .pexpireTime: .expireTime(.milliseconds)
        case .persist: .persist
        case .objectEncoding: .objectEncoding
        case .objectRefcount: .objectRefcount
        case .objectIdleTime: .objectIdleTime
        case .objectFreq: .objectFrequency
        case .dump: .dump
        case .restore: .restore(try parseRestore(arguments))
        case .readEntry: .readEntry
        case .deleteUnchanged: .deleteUnchanged(try parseUnchanged(arguments))
        default: nil
        }
    }

    // MARK: Strings

    private static func parseSet(
        _ arguments: some RequestArguments
    ) throws(CommandFailure) -> Operation {
        var options = SetOptions()
        var index = 3
        while index < arguments.argumentCount {
            switch arguments.keyword(index) {
            case .nx where options.condition != .ifPresent: options.condition = .ifAbsent
            case .xx where options.condition != .ifAbsent: options.condition = .ifPresent
            case .get: options.returnsOld = true
            case .keepTTL where !options.deadline.isExpiry: options.deadline = .keep
            default:
                guard options.deadline != .keep else { throw .syntax }
                options.deadline = try parseExpiry(arguments, &index, options.deadline)
            }
            index += 1
        }
        return .set(arguments.argument(2), options)
    }

    /// One of `EX`, `PX`, `EXAT` and `PXAT` with its argument. The same one may come again, and
    /// then the last one counts; another one may not.
    private static func parseExpiry(
        _ arguments: some RequestArguments, _ index: inout Int, _ before: DeadlineRequest
    ) throws(CommandFailure) -> DeadlineRequest {
        let unit: Expiry.Unit
        let isAbsolute: Bool
        switch arguments.keyword(index) {
        case .ex: (unit, isAbsolute) = (.seconds, false)
        case .px: (unit, isAbsolute) = (.milliseconds, false)
        case .exAt: (unit, isAbsolute) = (.seconds, true)
        case .pxAt: (unit, isAbsolute) = (.milliseconds, true)
        default: throw .syntax
        }
        if case .expire(let other) = before {
            guard other.unit == unit, other.isAbsolute == isAbsolute else { throw .syntax }
        }
        index += 1
        guard index < arguments.argumentCount else { throw .syntax }
        return .expire(Expiry(arguments.integer(index), unit, isAbsolute: isAbsolute))
    }

    private static func parseGetEx(
        _ arguments: some RequestArguments
    ) throws(CommandFailure) -> DeadlineRequest {
        var request = DeadlineRequest.keep
        var index = 2
        while index < arguments.argumentCount {
            if arguments.keyword(index) == .persist, !request.isExpiry {
                request = .remove
            } else {
                guard request != .remove else { throw .syntax }
                request = try parseExpiry(arguments, &index, request)
            }
            index += 1
        }
        return request
    }

    private static func parseSetRange(
        _ arguments: some RequestArguments
    ) throws(CommandFailure) -> Operation {
        let offset = try arguments.requiredInteger(2)
        guard offset >= 0 else { throw CommandFailure("ERR offset is out of range") }
        return .setRange(offset: offset, arguments.argument(3))
    }

    private static func parseDecrBy(
        _ arguments: some RequestArguments
    ) throws(CommandFailure) -> Operation {
        let amount = try arguments.requiredInteger(2)
        guard amount != .min else { throw CommandFailure("ERR decrement would overflow") }
        return .increment(-amount)
    }

    // MARK: Keys

    private static func parseExpire(
        _ id: CommandID, _ arguments: some RequestArguments
    ) throws(CommandFailure) -> Operation {
        var condition: ExpireCondition = []
        for index in 3..<max(3, arguments.argumentCount) {
            switch arguments.keyword(index) {
            case .nx: condition.insert(.ifNone)
            case .xx: condition.insert(.ifSome)
            case .gt: condition.insert(.ifLater)
            case .lt: condition.insert(.ifEarlier)
            default:
                let option = String(decoding: arguments.argument(index), as: UTF8.self)
                throw CommandFailure("ERR Unsupported option \(option)")
            }
        }
        if condition.contains(.ifNone), condition != .ifNone {
            throw CommandFailure(
                """
                ERR NX and XX, GT or LT options at the same time are not compatible
                """)
        }
        if condition.isSuperset(of: [.ifLater, .ifEarlier]) {
            throw CommandFailure(
                "ERR GT and LT options at the same time are not compatible")
        }
        let unit: Expiry.Unit = id == .expire || id == .expireAt ? .seconds : .milliseconds
        let isAbsolute = id == .expireAt || id == .pexpireAt
        let expiry = Expiry(arguments.integer(2), unit, isAbsolute: isAbsolute)
        return .expire(expiry, condition)
    }

    private static func parseRestore(
        _ arguments: some RequestArguments
    ) throws(CommandFailure) -> RestoreRequest {
        var request = RestoreRequest(
            payload: arguments.argument(3), timeToLive: arguments.integer(2))
        var idleTime: Int64 = -1
        var frequency: Int64 = -1
        var index = 4
        while index < arguments.argumentCount {
            let hasValue = index + 1 < arguments.argumentCount
            switch arguments.keyword(index) {
            case .replace: request.replaces = true
            case .absTTL: request.isAbsolute = true
            case .idleTime where hasValue && frequency == -1:
                index += 1
                idleTime = try arguments.requiredInteger(index)
                guard idleTime >= 0 else {
                    throw CommandFailure("ERR Invalid IDLETIME value, must be >= 0")
                }
            case .freq where hasValue && idleTime == -1:
                index += 1
                frequency = try arguments.requiredInteger(index)
                guard 0 <= frequency, frequency <= 255 else {
                    throw CommandFailure("ERR Invalid FREQ value, must be >= 0 and <= 255")
                }
            default: throw .syntax
            }
            index += 1
        }
        return request
    }

    private static func parseUnchanged(
        _ arguments: some RequestArguments
    ) throws(CommandFailure) -> StringView {
        let deadline = try arguments.requiredInteger(3)
        return StringView(
            bytes: arguments.argument(2), deadlineMs: deadline < 0 ? nil : UInt64(deadline))
    }
}

extension DeadlineRequest {
    var isExpiry: Bool {
        if case .expire = self { true } else { false }
    }
}

extension RequestArguments {
    func requiredInteger(_ index: Int) throws(CommandFailure) -> Int64 {
        guard let value = integer(index) else { throw .notAnInteger }
        return value
    }
}
