/// Why an exchange over HTTP came to nothing, in words that follow "no answer from …:".
struct HTTPFailure: Error, Equatable, CustomStringConvertible {
    let description: String
}

/// An HTTP/1.1 response that ended with its connection.
struct HTTPReply: Equatable {
    let status: Int
    let body: [UInt8]

    /// Takes apart all that came before the connection was closed.
    init(_ bytes: [UInt8]) throws(HTTPFailure) {
        guard !bytes.isEmpty else { throw HTTPFailure(description: "the connection was closed") }
        let gap: [UInt8] = [13, 10, 13, 10]
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: gap) }) else {
            throw HTTPFailure(description: "not an HTTP server")
        }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw HTTPFailure(description: "not an HTTP server")
        }
        let body = Array(bytes[(end + gap.count)...])
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-length" else { continue }
            guard Int(parts[1].drop { $0 == " " }) == body.count else {
                throw HTTPFailure(description: "the answer is cut off")
            }
        }
        self.status = status
        self.body = body
    }
}
