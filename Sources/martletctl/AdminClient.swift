internal import Essentials
internal import Platform

/// Asks the admin port of a node; every call is one connection and waits for the answer.
struct AdminClient {
    let address: SocketAddress
    let password: String?

    func get(_ path: String) throws(Failure) -> [UInt8] {
        try send("GET", path, body: nil)
    }

    func send(
        _ method: String, _ path: String, body: JSON?
    ) throws(Failure) -> [UInt8] {
        var request = "\(method) \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n"
        if let password { request += "Authorization: Bearer \(password)\r\n" }
        let content = body.map { Array($0.text.utf8) } ?? []
        if body != nil {
            request += "Content-Type: application/json\r\nContent-Length: \(content.count)\r\n"
        }
        guard !(password ?? "").utf8.contains(where: { $0 < 0x20 }) else {
            throw .failed("the password has control characters, which HTTP cannot carry")
        }
        let response: HTTPReply
        do throws(HTTPFailure) {
            response = try HTTPReply(
                BlockingConnection.exchange(
                    Array((request + "\r\n").utf8) + content, with: address))
        } catch {
            throw .failed(
                "no answer from \(address): \(error) "
                    + "(is martlet running? use --admin HOST:PORT)")
        }
        switch response.status {
        case 200..<300: return response.body
        case 401:
            throw .failed(
                password == nil
                    ? "a password is needed: use --password-file FILE, or set MARTLET_PASSWORD"
                    : "the password is wrong")
        default:
            // Every refusal has its reason in it.
            let reason = (try? JSON(parsing: response.body))?["error"]?.string
            throw .failed(reason ?? "\(address) answered with HTTP status \(response.status)")
        }
    }

    static func parse(_ body: [UInt8]) throws(Failure) -> JSON {
        do throws(JSON.ParsingError) {
            return try JSON(parsing: body)
        } catch {
            throw .failed("the answer is no JSON: \(error)")
        }
    }

    /// Percent-encodes all but what RFC 3986 calls unreserved.
    static func encoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default: out += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return out
    }
}
