internal import Commands
internal import Essentials
internal import Placement

extension AdminRouter {
    func answerKeyspaces(
        _ request: HTTPRequest, _ method: String
    ) throws(AdminError) -> HTTPResponse {
        guard method != "GET" else { return .json(try backend.keyspaces().json) }
        guard let prefix = request.parameter("prefix") else {
            throw .refused("say which keyspace: /v1/keyspaces?prefix=…")
        }
        let prefixText = LogValue.text(String(decoding: prefix, as: UTF8.self))
        if method == "DELETE" {
            let report = try backend.unsetKeyspace(prefix: prefix)
            log.info("keyspace unset", ["prefix": prefixText])
            return .json(report.json)
        }
        let quorums = try quorums(in: request.body)
        let report = try backend.setKeyspace(prefix: prefix, quorums)
        log.info("keyspace set", ["prefix": prefixText, "quorums": .describing(quorums)])
        return .json(report.json)
    }

    /// Reads `{"r": 1, "w": "QUORUM"}`.
    private func quorums(in body: [UInt8]) throws(AdminError) -> Quorums {
        let members: [JSON.Member]
        do throws(JSON.ParsingError) {
            members = try JSON(parsing: body).members
        } catch {
            throw .refused("the body is no JSON: \(error)")
        }
        guard !members.isEmpty else {
            throw .refused("say what to set: r, w, pr, pw or dw")
        }
        var quorums = Quorums()
        for member in members {
            guard let name = Quorums.Name.allCases.first(where: { $0.text == member.name }) else {
                throw .refused("a keyspace has r, w, pr, pw and dw, but no '\(member.name)'")
            }
            let text = member.value.integer.map(String.init) ?? member.value.string ?? ""
            guard let quorum = Quorum(Array(text.utf8)) else {
                throw .refused("'\(member.name)': \(Quorum.expectation)")
            }
            quorums[name] = quorum
        }
        return quorums
    }
}
