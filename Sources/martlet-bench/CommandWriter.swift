internal import Essentials

/// Writes operations as Redis commands, from parts that are encoded beforehand.
struct CommandWriter: Sendable {
    /// Key numbers are padded to this many digits, so that all keys have one size.
    static let keyDigits = 12
    /// Counters are keys of their own: a value of other workloads cannot be incremented.
    private static let counterPrefix = Array("counter:".utf8)

    let keyPrefix: [UInt8]
    let values: ValueMaker
    let keysPerCommand: Int
    /// What stands before the digits of a key.
    private let getHead: [UInt8]
    private let setHead: [UInt8]
    private let incrementHead: [UInt8]
    private let deleteHead: [UInt8]
    private let keyHead: [UInt8]
    private let getManyHead: [UInt8]
    private let setManyHead: [UInt8]
    /// What stands between a key and its value, when all values have one size.
    private let valueHead: [UInt8]?

    init(keyPrefix: String, values: ValueMaker, keysPerCommand: Int) {
        let prefix = Array(keyPrefix.utf8)
        let keyHead = Array("$\(prefix.count + Self.keyDigits)\r\n".utf8) + prefix
        func head(_ name: String, _ count: Int) -> [UInt8] {
            Array("*\(count)\r\n$\(name.utf8.count)\r\n\(name)\r\n".utf8)
        }
        self.keyPrefix = prefix
        self.values = values
        self.keysPerCommand = keysPerCommand
        self.keyHead = keyHead
        getHead = head("GET", 2) + keyHead
        setHead = head("SET", 3) + keyHead
        let counter = Self.counterPrefix
        incrementHead =
            head("INCR", 2) + Array("$\(prefix.count + counter.count + Self.keyDigits)\r\n".utf8)
            + prefix + counter
        deleteHead = head("DEL", 2) + keyHead
        getManyHead = head("MGET", 1 + keysPerCommand)
        setManyHead = head("MSET", 1 + 2 * keysPerCommand)
        let sizes = values.sizes
        valueHead = sizes.count == 1 ? Array("\r\n$\(sizes.lowerBound)\r\n".utf8) : nil
    }

    /// The bytes of a command that is sent once.
    static func command(_ words: [String]) -> [UInt8] {
        var text = "*\(words.count)\r\n"
        for word in words { text += "$\(word.utf8.count)\r\n\(word)\r\n" }
        return Array(text.utf8)
    }

    /// Appends what asks for `operation`; `keyCount` keys exist, which bounds those of MGET and
    /// MSET.
    func append(_ operation: Operation, keyCount: Int, to bytes: inout [UInt8]) {
        switch operation.kind {
        case .get: appendKeyed(getHead, operation.key, &bytes)
        case .readModifyWrite where operation.part == .whole:
            appendKeyed(getHead, operation.key, &bytes)
        case .set, .insert, .readModifyWrite:
            bytes.append(contentsOf: setHead)
            appendDigits(operation.key, &bytes)
            appendValue(operation.key, operation.version, &bytes)
        case .increment: appendKeyed(incrementHead, operation.key, &bytes)
        case .delete: appendKeyed(deleteHead, operation.key, &bytes)
        case .getMany:
            bytes.append(contentsOf: getManyHead)
            for offset in 0..<keysPerCommand {
                appendKeyed(keyHead, (operation.key + offset) % keyCount, &bytes)
            }
        case .setMany:
            bytes.append(contentsOf: setManyHead)
            for offset in 0..<keysPerCommand {
                let key = (operation.key + offset) % keyCount
                bytes.append(contentsOf: keyHead)
                appendDigits(key, &bytes)
                appendValue(key, operation.version, &bytes)
            }
        case .ping: bytes.append(contentsOf: Self.ping)
        }
    }

    private static let ping = command(["PING"])

    /// Appends the name of the key, of the first one when there are several.
    func appendKey(of operation: Operation, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: keyPrefix)
        if operation.kind == .increment { bytes.append(contentsOf: Self.counterPrefix) }
        appendDigits(operation.key, &bytes)
    }

    private func appendKeyed(_ head: [UInt8], _ key: Int, _ bytes: inout [UInt8]) {
        bytes.append(contentsOf: head)
        appendDigits(key, &bytes)
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
    }

    private func appendDigits(_ key: Int, _ bytes: inout [UInt8]) {
        bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: Self.keyDigits))
        var index = bytes.count
        var rest = UInt(bitPattern: key)
        while rest > 0 {
            index -= 1
            bytes[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    private func appendValue(_ key: Int, _ version: UInt64, _ bytes: inout [UInt8]) {
        let size = values.size(key: key, version: version)
        if let valueHead {
            bytes.append(contentsOf: valueHead)
        } else {
            bytes.append(contentsOf: "\r\n$\(size)\r\n".utf8)
        }
        values.append(key: key, version: version, size: size, to: &bytes)
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
    }
}
