internal import Essentials

/// How members that are lost are taken out.
public enum Removal: Sendable {
    /// By a majority of the voters.
    case forget
    /// Without one: the voters are lost with them.
    case recover
}

extension AdminRouter {
    /// `GET …?nodes=3,4` says what it would mean, `POST {"nodes": [3, 4]}` does it.
    func answerRemoval(
        _ removal: Removal, _ request: HTTPRequest, _ method: String
    ) throws(AdminError) -> HTTPResponse {
        guard method != "GET" else {
            let text = request.parameter("nodes").map { String(decoding: $0, as: UTF8.self) } ?? ""
            let words = text.split(separator: ",").map(String.init)
            return .json(try backend.planRemoval(removal, of: words).json)
        }
        let body: JSON
        do throws(JSON.ParsingError) {
            body = try JSON(parsing: request.body)
        } catch {
            throw .refused("the body is no JSON: \(error)")
        }
        let words = (body["nodes"]?.elements ?? []).map {
            $0.integer.map(String.init) ?? $0.string ?? ""
        }
        let report = try backend.remove(removal, words)
        log.warn(
            removal == .forget ? "members forgotten" : "the cluster is recovered without members",
            ["nodes": .text(report.nodes.map { "\($0.number)" }.joined(separator: ","))])
        return .json(report.json)
    }
}
