internal import Commands
internal import Essentials

/// Turns requests to the admin port into answers. Does no I/O of its own.
///
///     GET  /              a page to look at
///     GET  /health        200 as long as the process answers; no password needed
///     GET  /ready         200 when the node serves requests, 503 and the reason when not; likewise
///     GET  /metrics       Prometheus' text format
///     GET  /v1            the addresses below
///     GET  /v1/status     `StatusReport`
///     GET  /v1/ring       `RingReport`
///     GET  /v1/hints      `HintReport`
///     GET  /v1/keyspaces  `KeyspaceReport`
///     PUT  /v1/keyspaces  makes the keyspace `?prefix=` (percent-encoded), or changes what is
///                         named of it: `{"r": 1, "w": "QUORUM", "pw": "DEFAULT"}`
///     DELETE /v1/keyspaces   removes the keyspace `?prefix=`
///     GET  /v1/forget     `RemovalReport`: what it would mean to forget `?nodes=3,4`
///     POST /v1/forget     `{"nodes": [3, 4]}` forgets members that are lost
///     GET  /v1/recover    the same of a cluster that has lost a majority of its voters with them
///     POST /v1/recover    `{"nodes": [3, 4, 5]}` goes on without them
///     GET  /v1/explain    `KeyReport`; `?key=` percent-encoded
///     GET  /v1/config     `{"settings": [{"name", "value"}]}`; `?pattern=` as for CONFIG GET
///     PUT  /v1/config     `{"name", "value"}` changes a setting (POST does, too)
///     POST /v1/config/rewrite   makes the configuration file say what the server does
///     GET  /v1/metrics    `{"metrics": [`Metric`]}`; `?pattern=` of names
///
/// Every refusal is `{"error": "…"}` with a fitting status.
public struct AdminRouter: Sendable {
    let backend: any AdminBackend
    private let configuration: ConfigurationStore
    let log: Log

    public init(backend: any AdminBackend, configuration: ConfigurationStore, log: Log) {
        self.backend = backend
        self.configuration = configuration
        self.log = log
    }

    private static let routes: [(path: String, methods: [String])] = [
        ("/", ["GET"]), ("/health", ["GET"]), ("/ready", ["GET"]), ("/metrics", ["GET"]),
        ("/v1", ["GET"]), ("/v1/status", ["GET"]), ("/v1/ring", ["GET"]),
        ("/v1/hints", ["GET"]), ("/v1/keyspaces", ["GET", "PUT", "DELETE"]),
        ("/v1/forget", ["GET", "POST"]), ("/v1/recover", ["GET", "POST"]),
        ("/v1/explain", ["GET"]), ("/v1/config", ["GET", "PUT", "POST"]),
        ("/v1/config/rewrite", ["POST"]), ("/v1/metrics", ["GET"]),
    ]

    public func respond(to request: HTTPRequest) -> HTTPResponse {
        // Probes of an orchestrator have no password, and these two give nothing away.
        let isProbe = request.path == "/health" || request.path == "/ready"
        let access = AdminAccess(configuration: configuration.current)
        if !isProbe, let refusal = access.refusal(of: request) {
            if refusal.delayMs > 0 { log.warn("wrong password at the admin port") }
            return refusal
        }

        // libmicrohttpd leaves out the body of an answer to HEAD.
        let method = request.method == "HEAD" ? "GET" : request.method
        guard let route = Self.routes.first(where: { $0.path == request.path }) else {
            return .error(404, "there is nothing at '\(request.path)' (see /v1)")
        }
        guard route.methods.contains(method) else {
            let allowed = route.methods.joined(separator: ", ")
            var response = HTTPResponse.error(405, "'\(request.path)' takes \(allowed)")
            response.headers.append((name: "Allow", value: allowed))
            return response
        }
        if method != "GET", let refusal = access.refusalToChange(of: request) { return refusal }

        do throws(AdminError) {
            return try answer(request, method)
        } catch {
            switch error {
            case .unavailable(let reason): return .error(503, reason)
            case .refused(let reason): return .error(400, reason)
            }
        }
    }

    private func answer(
        _ request: HTTPRequest, _ method: String
    ) throws(AdminError) -> HTTPResponse {
        switch request.path {
        case "/": return AdminPage.response
        case "/health": return .text(200, "ok")
        case "/ready":
            return backend.unreadiness.map { .text(503, $0) } ?? .text(200, "ready")
        case "/metrics":
            let text = Metric.text(try backend.metrics())
            return HTTPResponse(contentType: Metric.contentType, body: Array(text.utf8))
        case "/v1":
            return .json(["paths": .array(Self.routes.map { .string($0.path) })])
        case "/v1/status": return .json(try backend.status().json)
        case "/v1/ring": return .json(try backend.ring().json)
        case "/v1/hints": return .json(try backend.hints().json)
        case "/v1/keyspaces": return try answerKeyspaces(request, method)
        case "/v1/forget": return try answerRemoval(.forget, request, method)
        case "/v1/recover": return try answerRemoval(.recover, request, method)
        case "/v1/explain":
            guard let key = request.parameter("key") else {
                return .error(400, "say which key: /v1/explain?key=…")
            }
            return .json(try backend.explain(key: key).json)
        case "/v1/metrics":
            let glob = Glob(pattern(of: request))
            let metrics = try backend.metrics().filter { glob.matches(Array($0.name.utf8)) }
            return .json(["metrics": .array(metrics.map(\.json))])
        case "/v1/config": return method == "GET" ? showSettings(request) : change(request)
        default: return rewrite()
        }
    }

    private func pattern(of request: HTTPRequest) -> String {
        request.parameter("pattern").map { String(decoding: $0, as: UTF8.self) } ?? "*"
    }

    private func showSettings(_ request: HTTPRequest) -> HTTPResponse {
        let settings = configuration.get([pattern(of: request)]).map { setting in
            JSON.object([
                JSON.Member("name", .string(setting.name)),
                JSON.Member("value", .string(setting.value)),
            ])
        }
        return .json(["settings": .array(settings)])
    }

    private func change(_ request: HTTPRequest) -> HTTPResponse {
        let body: JSON
        do throws(JSON.ParsingError) {
            body = try JSON(parsing: request.body)
        } catch {
            return .error(400, "the body is no JSON: \(error)")
        }
        let value: String? =
            switch body["value"] {
            case .string(let text): text
            case .integer(let number): String(number)
            case .bool(let flag): flag ? "yes" : "no"
            default: nil
            }
        guard let name = body["name"]?.string, let value else {
            return .error(400, "the body must be {\"name\": …, \"value\": …}")
        }
        do throws(ConfigurationError) {
            try configuration.set([(name: name, value: value)])
        } catch {
            return .error(400, error.description)
        }
        let shown = Setting.named(name)?.shown(in: configuration.current) ?? value
        log.info("setting changed", ["name": .text(name.lowercased()), "value": .text(shown)])
        return .json(["name": .string(name), "value": .string(shown)])
    }

    private func rewrite() -> HTTPResponse {
        do throws(ConfigurationError) {
            try configuration.rewrite()
        } catch {
            return .error(error == .noFile ? 400 : 500, error.description)
        }
        return .json(["path": .string(configuration.path ?? "")])
    }
}
