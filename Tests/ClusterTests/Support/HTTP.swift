import Foundation

/// An answer of the admin port.
struct HTTPAnswer {
    let status: Int
    let body: String
}

enum HTTP {
    static func get(_ path: String, at endpoint: Endpoint) throws -> HTTPAnswer {
        let text = String(decoding: try exchange("GET \(path)", endpoint), as: UTF8.self)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
        let words = text.split(separator: " ", maxSplits: 2)
        guard words.count > 1, let status = Int(words[1]) else {
            throw Failure("not an HTTP answer: \(text.prefix(200))")
        }
        return HTTPAnswer(status: status, body: parts.count > 1 ? String(parts[1]) : "")
    }

    private static func exchange(_ request: String, _ endpoint: Endpoint) throws -> [UInt8] {
        let socket = try Socket(to: endpoint, timeout: .seconds(20))
        let head = "\(request) HTTP/1.1\r\nHost: \(endpoint.text)\r\nConnection: close\r\n\r\n"
        try socket.send(Array(head.utf8))
        var answer: [UInt8] = []
        while true {
            do {
                answer += try socket.receive()
            } catch Socket.Problem.closed {
                return answer
            }
        }
    }
}
