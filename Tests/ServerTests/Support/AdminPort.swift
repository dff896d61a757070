import Essentials
import Foundation

/// A node's admin port, asked over HTTP.
struct AdminPort {
    struct Failure: Error, CustomStringConvertible { let description: String }

    let address: String

    init(_ server: TestServer) { address = server.adminAddress }

    func exchange(_ method: String, _ path: String, _ body: String = "") throws -> (Int, String) {
        guard let port = address.split(separator: ":").last.flatMap({ UInt16($0) }) else {
            throw Failure(description: "no port in \(address)")
        }
        let socket = try PlainSocket(port: port)
        socket.send(
            "\(method) \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n"
                + "Content-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        let parts = socket.receive().components(separatedBy: "\r\n\r\n")
        let words = parts[0].split(separator: " ")
        guard parts.count > 1, words.count > 1, let status = Int(words[1]) else {
            throw Failure(description: "no answer to \(path)")
        }
        return (status, parts.dropFirst().joined(separator: "\r\n\r\n"))
    }

    func get(_ path: String) throws -> JSON {
        let (status, body) = try exchange("GET", path)
        guard status == 200 else { throw Failure(description: "\(path): \(status) \(body)") }
        return try JSON(parsing: Array(body.utf8))
    }

    /// Changes a setting; returns the HTTP status.
    func set(_ name: String, _ value: String) throws -> Int {
        try exchange("PUT", "/v1/config", #"{"name":"\#(name)","value":"\#(value)"}"#).0
    }

    /// The sum of a metric's samples.
    func metric(_ name: String) throws -> Double {
        let found = try get("/v1/metrics?pattern=\(name)")["metrics"]?.elements ?? []
        guard let metric = found.first else { throw Failure(description: "no metric \(name)") }
        return (metric["samples"]?.elements ?? []).reduce(0) { $0 + ($1["value"]?.number ?? 0) }
    }

    var readiness: (status: Int, text: String) {
        get throws {
            let (status, body) = try exchange("GET", "/ready")
            return (status, body.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }
}
