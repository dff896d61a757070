internal import Platform

/// Who may use the admin port: decided for each request before anything else is looked at.
struct AdminAccess {
    /// Slows down guessing: a connection tries four passwords a second, and there are at most 64.
    static let failureDelayMs = 250

    let configuration: Configuration

    /// Returns the refusal, or nil when the request may go on.
    func refusal(of request: HTTPRequest) -> HTTPResponse? {
        if !hasTrustedHost(request) {
            return .error(
                403, "this host name is not known here: use an address, or set a 'password'")
        }
        guard configuration.password.isSet, !isAuthorised(request) else { return nil }
        var response = HTTPResponse.error(401, "the password of this cluster is needed")
        response.headers.append((name: "WWW-Authenticate", value: "Basic realm=\"martlet\""))
        // Asking without a password is how every browser begins; only a wrong one is slowed.
        response.delayMs = request.header("authorization") == nil ? 0 : Self.failureDelayMs
        return response
    }

    /// Returns the refusal of a request that changes something, or nil.
    ///
    /// A web page of somebody else may send simple requests to this port through an admin's
    /// browser, with the password that the browser remembers. It cannot send JSON without asking
    /// first (which is never granted), and browsers say where a request comes from.
    func refusalToChange(of request: HTTPRequest) -> HTTPResponse? {
        let type = request.header("content-type")?.split(separator: ";").first
        guard type?.lowercased() == "application/json" else {
            return .error(415, "a change needs 'Content-Type: application/json'")
        }
        if let origin = request.header("origin"),
            origin != "http://" + (request.header("host") ?? "")
        {
            return .error(403, "a page of another origin may not change anything")
        }
        return nil
    }

    /// Against DNS rebinding: a page of somebody else whose name is made to point to this machine
    /// sends that name. With a password there is no need, since the browser has none for that name.
    private func hasTrustedHost(_ request: HTTPRequest) -> Bool {
        guard !configuration.password.isSet, let host = request.header("host") else { return true }
        guard let address = SocketAddress(host) ?? SocketAddress(host + ":80") else { return false }
        let known = [
            configuration.adminListen, configuration.adminAdvertise ?? configuration.adminListen,
        ]
        return address.isNumeric || address.isLoopback
            || known.contains { $0.host.lowercased() == address.host.lowercased() }
    }

    private func isAuthorised(_ request: HTTPRequest) -> Bool {
        guard let header = request.header("authorization") else { return false }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return false }
        switch parts[0].lowercased() {
        case "bearer": return configuration.password.matches(Array(parts[1].utf8))
        case "basic":
            // `user:password`; there are no users yet, so any name will do.
            guard let decoded = Self.base64Decoded(parts[1]),
                let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
            else { return false }
            return configuration.password.matches(Array(decoded[(colon + 1)...]))
        default: return false
        }
    }

    /// RFC 4648 section 4; nil when a character is none of its alphabet.
    static func base64Decoded(_ text: Substring) -> [UInt8]? {
        var out: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in text.utf8.reversed().drop(while: { $0 == UInt8(ascii: "=") }).reversed() {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"): digit = 62
            case UInt8(ascii: "/"): digit = 63
            default: return nil
            }
            bits = bits << 6 | UInt32(digit)
            count += 6
            if count >= 8 {
                count -= 8
                out.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return out
    }
}
