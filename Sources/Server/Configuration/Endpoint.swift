/// A host and a port, as an admin writes them: `10.0.0.7:7379`, `[::1]:7379`, `db-1.example:7379`.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// A name or a numeric address, without brackets.
    public let host: String
    public let port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Parses `HOST:PORT`; an IPv6 address stands in brackets. Nil when the text is not of that form.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
            let port = UInt16(digits)
        else { return nil }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        // The longest name that DNS allows.
        guard 1...253 ~= host.utf8.count else { return nil }
        let isWellFormed = host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: ":"), UInt8(ascii: "%"): isBracketed
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"):
                true
            default: false
            }
        }
        guard isWellFormed else { return nil }
        self.init(host: String(host), port: port)
    }

    /// Whether only programs of the same machine can reach it.
    public var isLoopback: Bool {
        host == "localhost" || host == "::1" || isIPv4 && host.hasPrefix("127.")
    }

    /// Whether it stands for every interface, hence is nothing that another machine could dial.
    public var isWildcard: Bool { host == "0.0.0.0" || host == "::" }

    /// Whether the host is a numeric address rather than a name.
    public var isNumeric: Bool { isIPv4 || host.utf8.contains(UInt8(ascii: ":")) }

    private var isIPv4: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    public var description: String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
