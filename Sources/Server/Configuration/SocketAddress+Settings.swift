public import Platform

extension SocketAddress {
    /// Whether it stands for every interface, hence is nothing that another machine could dial.
    public var isWildcard: Bool { host == "0.0.0.0" || host == "::" }

    /// Whether the host has the form of a name or of an address. Whether it exists is for the
    /// system to say when it is used.
    var isWellFormed: Bool {
        // The longest name that DNS allows.
        1...253 ~= host.utf8.count
            && host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"),
                    UInt8(ascii: "%"):
                    true
                case UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"):
                    true
                default: false
                }
            }
    }

    /// Whether the host is a numeric address rather than a name.
    var isNumeric: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let isIPv4 = parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
        return isIPv4 || host.utf8.contains(UInt8(ascii: ":"))
    }
}
