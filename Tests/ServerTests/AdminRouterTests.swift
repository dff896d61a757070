import Essentials
import Testing

@testable import Server

@Suite struct AdminRouterTests {
    private let store = ConfigurationStore(Configuration())
    private let sink = MemorySink()

    private func ask(
        _ method: String, _ target: String, headers: KeyValuePairs<String, String> = [:],
        body: String = "", backend: FixedBackend = FixedBackend()
    ) -> HTTPResponse {
        AdminRouter(backend: backend, configuration: store, log: Log(sink: sink)).respond(
            to: HTTPRequest(
                method: method, target: Array(target.utf8),
                headers: headers.map { (name: $0.key, value: $0.value) }, body: Array(body.utf8)))
    }

    private func json(_ response: HTTPResponse) throws -> JSON {
        #expect(response.contentType == "application/json")
        return try JSON(parsing: response.body)
    }

    @Test func `every route answers`() throws {
        for (target, type) in [
            ("/", "text/html; charset=utf-8"), ("/health", "text/plain; charset=utf-8"),
            ("/ready", "text/plain; charset=utf-8"),
            ("/metrics", "text/plain; version=0.0.4; charset=utf-8"), ("/v1", "application/json"),
            ("/v1/status", "application/json"), ("/v1/ring", "application/json"),
            ("/v1/hints", "application/json"), ("/v1/keyspaces", "application/json"),
            ("/v1/explain?key=a", "application/json"), ("/v1/config", "application/json"),
            ("/v1/metrics", "application/json"),
        ] {
            let response = ask("GET", target)
            #expect(response.status == 200, "\(target)")
            #expect(response.contentType == type, "\(target)")
            #expect(!response.body.isEmpty, "\(target)")
            #expect(ask("HEAD", target).status == 200, "\(target)")
        }
    }

    @Test func `what is not there is 404, and a wrong method 405`() throws {
        let missing = ask("GET", "/v1/nothing")
        #expect(missing.status == 404)
        #expect(try json(missing)["error"]?.string == "there is nothing at '/v1/nothing' (see /v1)")
        for target in ["//", "/v1/", "/v1/status/", "/../etc/passwd", "", "*"] {
            #expect(ask("GET", target).status == 404, "\(target)")
        }
        let wrong = ask("DELETE", "/v1/config")
        #expect(wrong.status == 405)
        #expect(wrong.headers.contains { $0.name == "Allow" && $0.value == "GET, PUT, POST" })
        #expect(ask("POST", "/v1/status").status == 405)
    }

    @Test func `a node that does not serve says why`() throws {
        let backend = FixedBackend(failing: .unavailable("joining"))
        #expect(ask("GET", "/health", backend: backend).status == 200)
        let ready = ask("GET", "/ready", backend: backend)
        #expect(ready.status == 503)
        #expect(ready.body == Array("joining\n".utf8))
        let status = ask("GET", "/v1/status", backend: backend)
        #expect(status.status == 503)
        #expect(try json(status)["error"] == "joining")
    }

    @Test func `the status has node, cluster and members`() throws {
        let status = try json(ask("GET", "/v1/status"))
        #expect(status["node"]?["ready"] == true)
        #expect(status["node"]?["unreadiness"] == .null)
        #expect(status["node"]?["version"]?.string == Release.version)
        #expect(status["cluster"]?["epoch"] == 3)
        let members = status["members"]?.elements ?? []
        #expect(members.map { $0["self"] } == [true, false])
        #expect(members.map { $0["share"]?.number } == [0.75, 0.25])
    }

    @Test func `a key may be any bytes`() throws {
        let report = try json(ask("GET", "/v1/explain?key=a%00%FF+b%2Bc%"))
        #expect(report["key_hex"] == "6100ff20622b6325")
        #expect(report["key"] == "a\u{0}\u{FFFD} b+c%")
        #expect(report["position"] == "000000000000f21d")
        let states = (report["replicas"]?.elements ?? []).map { $0["state"]?.string }
        #expect(states == ["object", "tombstone", "none", "unknown"])
        #expect(report["agree"] == false)
        #expect(ask("GET", "/v1/explain").status == 400)
        #expect(ask("GET", "/v1/explain?key=" + String(repeating: "x", count: 101)).status == 400)
    }

    @Test func `the keyspace of a key is told, with the quorums`() throws {
        let report = try json(ask("GET", "/v1/explain?key=cache"))
        #expect(report["keyspace_hex"] == "63ff")
        #expect(report["keyspace"] == "c\u{FFFD}")
        #expect(report["quorums"] == ["r": 1, "w": 2, "pr": 0, "pw": 0, "dw": 3])
        let other = try json(ask("GET", "/v1/explain?key=a"))
        #expect(other["keyspace"] == .null)
        #expect(other["keyspace_hex"] == .null)
    }

    @Test func `a keyspace is set, and unset, by any prefix`() throws {
        let set = try json(
            ask(
                "PUT", "/v1/keyspaces?prefix=%FFa+b", headers: jsonType,
                body: #"{"r": 1, "w": "quorum", "pw": "DEFAULT"}"#))
        #expect(set["epoch"] == 8)
        #expect(
            set["keyspaces"]?.elements == [
                [
                    "prefix": "\u{FFFD}a b", "prefix_hex": "ff612062", "r": 1, "w": "QUORUM",
                    "pr": nil, "pw": nil, "dw": nil,
                ]
            ])
        let unset = ask("DELETE", "/v1/keyspaces?prefix=%FF", headers: jsonType, body: "{}")
        #expect(try json(unset)["keyspaces"] == [])
        #expect(sink.lines.contains { $0.contains("keyspace unset") })
        let unknown = ask("DELETE", "/v1/keyspaces?prefix=x", headers: jsonType)
        #expect(unknown.status == 400)
        #expect(try json(unknown)["error"] == "no keyspace has this prefix")
        #expect(ask("DELETE", "/v1/keyspaces?prefix=%FF").status == 415)
    }

    @Test(
        arguments: [
            ("", "{}", "say which keyspace: /v1/keyspaces?prefix=…"),
            ("?prefix=a", "{}", "say what to set: r, w, pr, pw or dw"),
            ("?prefix=a", "[1]", "say what to set: r, w, pr, pw or dw"),
            ("?prefix=a", "{", nil),
            ("?prefix=a", #"{"n": 3}"#, "a keyspace has r, w, pr, pw and dw, but no 'n'"),
            (
                "?prefix=a", #"{"r": 17}"#,
                "'r': a quorum is an integer from 0 to 16, ONE, QUORUM, ALL or DEFAULT"
            ),
            (
                "?prefix=a", #"{"dw": true}"#,
                "'dw': a quorum is an integer from 0 to 16, ONE, QUORUM, ALL or DEFAULT"
            ),
        ] as [(String, String, String?)])
    func `a keyspace that makes no sense is refused`(
        query: String, body: String, reason: String?
    ) throws {
        let response = ask("PUT", "/v1/keyspaces" + query, headers: jsonType, body: body)
        #expect(response.status == 400)
        if let reason { #expect(try json(response)["error"]?.string == reason) }
    }

    @Test func `hints are told by target, with their end in sight`() throws {
        let report = try json(ask("GET", "/v1/hints"))
        let target = report["targets"]?.elements.first
        #expect(target?["state"] == "delivering")
        #expect(target?["records"] == 100)
        #expect(target?["remaining_seconds"] == 4)
        #expect(target?["dirty_partitions"] == [7, 8])
    }

    @Test func `settings and metrics are found by pattern`() throws {
        let settings = try json(ask("GET", "/v1/config?pattern=slowlog-*"))["settings"]
        #expect(
            settings?.elements.map { $0["name"]?.string ?? "" } == [
                "slowlog-log-slower-than", "slowlog-max-len",
            ])
        let metrics = try json(ask("GET", "/v1/metrics?pattern=*memory*"))["metrics"]
        #expect(metrics?.elements.count == 1)
    }

    private let jsonType: KeyValuePairs = ["Content-Type": "application/json; charset=utf-8"]

    @Test func `a setting is changed by name and value`() throws {
        for (value, shown) in [("\"7\"", "7"), ("8", "8")] {
            let body = "{\"name\": \"maxclients\", \"value\": \(value)}"
            let response = ask("PUT", "/v1/config", headers: jsonType, body: body)
            #expect(try json(response)["value"]?.string == shown)
        }
        #expect(store.current.clientsMax == 8)
        let flag = ask(
            "POST", "/v1/config", headers: jsonType, body: #"{"name":"flush","value":true}"#)
        #expect(flag.status == 200)
        #expect(store.current.allowsFlush)
        #expect(sink.lines.count == 3)
    }

    @Test func `a password that is set is neither shown nor logged`() throws {
        let response = ask(
            "PUT", "/v1/config", headers: jsonType,
            body: #"{"name":"requirepass","value":"hunter2"}"#)
        #expect(try json(response)["value"] == "(set)")
        #expect(!sink.lines.joined().contains("hunter2"))
    }

    @Test(arguments: [
        "", "{", "[]", "{\"name\":\"n\"}", "{\"name\":\"n\",\"value\":null}", "{\"value\":1}",
        "{\"name\":\"n\",\"value\":5}", "{\"name\":\"frob\",\"value\":\"x\"}",
        "{\"name\":\"maxclients\",\"value\":\"x\"}",
    ])
    func `a change that cannot be is 400`(body: String) throws {
        let response = ask("PUT", "/v1/config", headers: jsonType, body: body)
        #expect(response.status == 400)
        #expect(try json(response)["error"]?.string?.isEmpty == false)
        #expect(store.current == Configuration())
    }

    @Test func `another site's page cannot change anything`() {
        let body = #"{"name":"maxclients","value":7}"#
        func change(_ headers: KeyValuePairs<String, String>) -> Int {
            ask("POST", "/v1/config", headers: headers, body: body).status
        }
        #expect(change([:]) == 415)
        #expect(change(["Content-Type": "text/plain"]) == 415)
        #expect(change(["Content-Type": "application/x-www-form-urlencoded"]) == 415)
        let host = "127.0.0.1:7381"
        let type = "application/json"
        #expect(
            change(["Content-Type": type, "Host": host, "Origin": "http://evil.example"]) == 403)
        #expect(change(["Content-Type": type, "Host": host, "Origin": "null"]) == 403)
        #expect(store.current == Configuration())
        #expect(change(["Content-Type": type, "Host": host, "Origin": "http://\(host)"]) == 200)
    }

    @Test func `a host name that was made to point here is refused`() {
        for host in ["127.0.0.1:7381", "[::1]:7381", "localhost:7381", "localhost", "10.0.0.1"] {
            #expect(ask("GET", "/v1/status", headers: ["Host": host]).status == 200, "\(host)")
        }
        for host in [
            "evil.example:7381", "evil.example", "127.0.0.1.evil.example", "", "localhost.x",
        ] {
            #expect(ask("GET", "/v1/status", headers: ["Host": host]).status == 403, "\(host)")
        }
    }

    @Test func `with a password only probes go without`() throws {
        try store.set([(name: "password", value: "hunter2")])
        func status(_ authorization: String?, _ target: String = "/v1/status") -> HTTPResponse {
            let headers: KeyValuePairs<String, String> =
                authorization.map { ["Authorization": $0] } ?? [:]
            return ask("GET", target, headers: headers)
        }
        #expect(status(nil, "/health").status == 200)
        #expect(status(nil, "/ready").status == 200)
        for target in ["/", "/metrics", "/v1", "/v1/status", "/v1/config", "/nowhere"] {
            let response = status(nil, target)
            #expect(response.status == 401, "\(target)")
            #expect(response.delayMs == 0)
            #expect(response.headers.contains { $0.name == "WWW-Authenticate" })
        }
        #expect(status("Bearer hunter2").status == 200)
        #expect(status("bearer hunter2").status == 200)
        // any:hunter2
        #expect(status("Basic YW55Omh1bnRlcjI=").status == 200)
        // :hunter2
        #expect(status("Basic Omh1bnRlcjI=").status == 200)
        // With a password, any name that points here will do.
        let named = ask(
            "GET", "/v1/status",
            headers: ["Host": "db.example", "Authorization": "Bearer hunter2"])
        #expect(named.status == 200)
        for wrong in [
            "Bearer hunter", "Bearer", "Bearer hunter2 ", "hunter2", "Basic hunter2", "Basic ====",
            "Basic Omh1bnRlcg==", "Digest hunter2", "",
        ] {
            let response = status(wrong)
            #expect(response.status == 401, "\(wrong)")
            #expect(response.delayMs > 0, "\(wrong)")
        }
    }

    @Test(arguments: [
        ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYmFy", "foobar"),
        ("Zm8", "fo"),
    ])
    func `base64 is RFC 4648's`(text: String, expected: String) {
        #expect(AdminAccess.base64Decoded(text[...]) == Array(expected.utf8))
    }

    @Test func `the page cannot be framed and loads nothing from elsewhere`() {
        let page = ask("GET", "/")
        let policy = page.headers.first { $0.name == "Content-Security-Policy" }?.value ?? ""
        #expect(policy.contains("default-src 'none'"))
        #expect(policy.contains("frame-ancestors 'none'"))
        let html = String(decoding: page.body, as: UTF8.self)
        #expect(!html.contains("http://") && !html.contains("https://"))
        #expect(!html.contains("innerHTML"))
    }
}
