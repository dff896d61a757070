import TestSupport
import Testing
import Wire

extension ClusterScenarios {
    @Suite struct SecurityScenarios {}
}

extension ClusterScenarios.SecurityScenarios {
    @Test(arguments: [
        ("listen", "password"), ("admin-listen", "password"), ("peer-listen", "cluster-secret"),
    ])
    func `nobody listens beyond this machine without a secret`(
        _ setting: String, _ secret: String
    ) throws {
        let port = Ports.take(1)[0]
        let open = [setting: "0.0.0.0:\(port)", "peer-advertise": "127.0.0.1:\(port)"]
        try refuse(open, naming: setting, secret)
        for (name, value) in [(secret, "sesame"), ("protected-mode", "no")] {
            let server = try Server("open", settings: open.merging([name: value]) { $1 })
            try server.start()
            try server.stop()
        }
    }

    private func refuse(
        _ settings: [String: String], naming setting: String, _ secret: String
    ) throws {
        let open = try Server("open", settings: settings)
        try open.launch()
        #expect(try open.process?.wait() == .exited(1))
        #expect(open.log.contains("'\(setting)'"))
        #expect(open.log.contains("'\(secret)'"))
    }

    @Test func `with a password nothing works before it is given`() throws {
        let node = try Server.alone(["password": "sesame"])
        let client = try node.connect()
        for command in [["GET", "key"], ["INFO"], ["CONFIG", "GET", "*"], ["SHUTDOWN"]] {
            #expect(try client.call(command) == .error("NOAUTH Authentication required."))
        }
        #expect(try client.call("AUTH", "wrong").isError("WRONGPASS"))
        #expect(try client.call("HELLO", "3").isError("NOAUTH"))
        #expect(try client.call("AUTH", "sesame") == .ok)
        #expect(try client.call("SET", "key", "1") == .ok)

        let other = try node.connect()
        let greeting = try other.call("HELLO", "3", "AUTH", "default", "sesame")
        #expect(greeting.items?.isEmpty == false)
        #expect(try other.call("GET", "key") == .bulk("1"))
        #expect(try other.call("RESET") == .simple("RESET"))
        #expect(try other.call("GET", "key").isError("NOAUTH"))
        #expect(!node.log.contains("sesame"))
        #expect(try node.get("/v1/status").status == 401)
        #expect(try node.get("/health").status == 200)
    }

    @Test func `who has not given the password may not send much`() throws {
        let node = try Server.alone(["password": "sesame"])
        let many = try node.connect()
        try many.send("*11\r\n")
        #expect(try many.receiveToEnd().last?.isError == true)
        let large = try node.connect()
        try large.send("*2\r\n$4\r\nAUTH\r\n$16385\r\n")
        #expect(try large.receiveToEnd().last?.isError == true)
        let fine = try node.connect()
        #expect(try fine.call("AUTH", "sesame") == .ok)
        #expect(try fine.call("SET", "key", String(repeating: "x", count: 100_000)) == .ok)
    }

    @Test func `a browser that is led to the clients' port is cut off`() throws {
        let node = try Server.alone()
        for request in ["POST / HTTP/1.1\r\n", "PING\r\nHost: 127.0.0.1\r\n"] {
            let client = try node.connect()
            try client.send(request + "SET key evil\r\n\r\nSET key evil\r\n")
            _ = try client.receiveToEnd()
        }
        #expect(try node.call("GET", "key") == .null)
    }
}
