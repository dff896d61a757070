import Testing
import Wire

extension ClusterScenarios {
    @Suite struct LimitScenarios {}
}

extension ClusterScenarios.LimitScenarios {
    private func text(_ size: Int) -> String { String(repeating: "x", count: size) }

    @Test func `keys, values and commands have their limits`() throws {
        let node = try Server.alone(["value-max": "1mb", "command-max": "2mb"])
        let client = try node.connect()
        let key = text(64 << 10)
        #expect(try client.call("SET", key, "1") == .ok)
        #expect(try client.call("GET", key) == .bulk("1"))
        #expect(try client.call("SET", key + "x", "1").isError("ERR"))
        #expect(try client.call("GET", key + "x").isError("ERR"))
        #expect(try client.call("SET", "value", text(1 << 20)) == .ok)
        #expect(try client.call("STRLEN", "value") == .integer(1 << 20))
        #expect(try client.call("SET", "value", text((1 << 20) + 1)).isError("ERR"))
        #expect(try client.call("APPEND", "value", "x").isError("ERR"))
        #expect(try client.call("SETRANGE", "value", "1048576", "x").isError("ERR"))
        #expect(try client.call("STRLEN", "value") == .integer(1 << 20))

        let large = try node.connect()
        try large.send("*4\r\n$4\r\nMSET\r\n")
        try large.send("$1\r\na\r\n$1048576\r\n\(text(1 << 20))\r\n$1100000\r\n")
        #expect(try large.receiveToEnd().last?.isError == true)
        for request in ["*1048577\r\n", "*2\r\n$3\r\nGET\r\n$3000000\r\n", text(65_537)] {
            let broken = try node.connect()
            try broken.send(request)
            #expect(try broken.receiveToEnd().last?.text?.hasPrefix("ERR Protocol error") == true)
        }
        #expect(try client.call("GET", key) == .bulk("1"))
    }

    @Test func `a client that does not read is closed at the bound of its output`() throws {
        let node = try Server.alone([
            "value-max": "64kb", "client-output-limit": "1mb", "client-memory": "64mb",
        ])
        #expect(try node.call("SET", "key", text(60_000)) == .ok)
        let before = node.process?.residentBytes ?? 0
        let slow = try node.connect()
        slow.shrinkReceiveBuffer()
        let get = RedisConnection.encode([Array("GET".utf8), Array("key".utf8)])
        let flood = Array(repeatElement(get, count: 2000).joined())
        try? slow.send(flood)
        try wait(for: "the slow client to be closed") {
            try node.call("CLIENT", "LIST").text?.split(separator: "\n").count == 1
        }
        #expect((node.process?.residentBytes ?? 0) - before < 64 << 20)
        // A client that reads gets everything, however much it is.
        let quick = try node.connect()
        let replies = try quick.pipeline(Array(repeating: ["GET", "key"], count: 200))
        #expect(replies.allSatisfy { $0 == .bulk(text(60_000)) })
    }

    @Test func `one client too many is told and closed`() throws {
        let node = try Server.alone(["maxclients": "5"])
        var clients = try (0..<4).map { _ in try node.connect() }
        for client in clients { #expect(try client.call("PING") == .simple("PONG")) }
        let sixth = try node.connect()
        #expect(try sixth.receiveToEnd() == [.error("ERR max number of clients reached")])
        clients.removeLast()
        try wait(for: "a place to be free") {
            try node.connect().call("PING") == .simple("PONG")
        }
        withExtendedLifetime(clients) {}
    }

    @Test func `an idle client is closed, one that works is not`() throws {
        let node = try Server.alone(["timeout": "1"])
        let idle = try node.connect()
        #expect(try idle.call("PING") == .simple("PONG"))
        let busy = try node.connect()
        try wait(for: "the idle client to be closed") {
            _ = try busy.call("PING")
            return try node.call("CLIENT", "LIST").text?.split(separator: "\n").count == 2
        }
        #expect(try idle.receiveToEnd() == [])
        #expect(try busy.call("PING") == .simple("PONG"))
    }

    @Test func `ten thousand commands in one segment are answered in order`() throws {
        let cluster = try Cluster(nodes: 3)
        let commands = (0..<2500).flatMap { index in
            [
                ["SET", "key:\(index % 100)", "\(index)"], ["GET", "key:\(index % 100)"],
                ["INCR", "count"], ["PING", "\(index)"],
            ]
        }
        let expected = (0..<2500).flatMap { index -> [Reply] in
            [.ok, .bulk("\(index)"), .integer(Int64(index + 1)), .bulk("\(index)")]
        }
        #expect(try cluster[0].connect().pipeline(commands) == expected)
        #expect(try cluster[1].call("GET", "count") == .bulk("2500"))
    }

    @Test func `a command may come one byte at a time`() throws {
        let node = try Server.alone()
        let client = try node.connect()
        for request in ["*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n", "SET key \"value\"\r\n"]
        {
            for byte in request.utf8 { try client.send([byte]) }
            #expect(try client.receive() == .ok)
        }
        #expect(try client.call("GET", "key") == .bulk("value"))
    }
}
