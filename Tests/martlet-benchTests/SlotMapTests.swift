import Platform
import Testing
import Wire

@testable import martlet_bench

@Suite struct SlotMapTests {
    private let asked = SocketAddress(host: "10.0.0.1", port: 7379)

    private func node(_ host: String, _ port: Int64) -> Reply {
        .array([.bulk(host), .integer(port), .bulk("id"), .array([])])
    }

    @Test func `CLUSTER SLOTS tells the servers of each slot`() throws {
        let reply = Reply.array([
            .array([.integer(0), .integer(8191), node("a", 1), node("b", 2)]),
            .array([.integer(8192), .integer(16383), node("b", 2), node("a", 1)]),
        ])
        let map = try #require(SlotMap(slots: reply, askedAt: asked))
        #expect(map.isComplete)
        #expect(map.servers.map(\.description) == ["a:1", "b:2"])
        #expect(map.owners[8191] == [0, 1])
        #expect(map.owners[8192] == [1, 0])
    }

    @Test func `a server without a name is the one that was asked`() throws {
        let reply = Reply.array([.array([.integer(0), .integer(16383), node("", 7379)])])
        #expect(try #require(SlotMap(slots: reply, askedAt: asked)).servers == [asked])
    }

    @Test func `CLUSTER SHARDS tells the same, in either version of the protocol`() throws {
        let member = { (host: String, role: String) in
            [
                Reply.bulk("ip"), .bulk(host), .bulk("port"), .integer(1), .bulk("role"),
                .bulk(role),
            ]
        }
        let slots = Reply.array([.integer(0), .integer(5), .integer(7), .integer(16383)])
        let maps = [
            Reply.map([
                .bulk("slots"), slots, .bulk("nodes"),
                .array([.map(member("a", "replica")), .map(member("b", "master"))]),
            ]),
            Reply.array([
                .bulk("slots"), slots, .bulk("nodes"),
                .array([.array(member("a", "replica")), .array(member("b", "master"))]),
            ]),
        ]
        for shard in maps {
            let map = try #require(SlotMap(shards: .array([shard]), askedAt: asked))
            #expect(map.servers.map(\.host) == ["b", "a"])
            #expect(map.owners[5] == [0, 1])
            #expect(map.owners[6] == [])
            #expect(!map.isComplete)
        }
    }

    @Test func `what is no map of slots is refused`() {
        #expect(SlotMap(slots: .error("ERR"), askedAt: asked) == nil)
        #expect(
            SlotMap(slots: .array([.array([.integer(0), .integer(5)])]), askedAt: asked) == nil)
        let beyond = Reply.array([.array([.integer(0), .integer(16384), node("a", 1)])])
        #expect(SlotMap(slots: beyond, askedAt: asked) == nil)
        #expect(SlotMap(shards: .array([.integer(1)]), askedAt: asked) == nil)
    }

    @Test func `redirections say where to go, and for how long`() throws {
        let moved = try #require(Redirection("MOVED 866 127.0.0.1:7001", askedAt: asked))
        #expect(moved.isLasting)
        #expect(moved.slot == 866)
        #expect(moved.target.description == "127.0.0.1:7001")
        #expect(try #require(Redirection("ASK 1 :7001", askedAt: asked)).target.host == "10.0.0.1")
        #expect(Redirection("ERR MOVED 866 127.0.0.1:7001", askedAt: asked) == nil)
        #expect(Redirection("MOVED 866", askedAt: asked) == nil)
    }

    @Test func `a slot that has moved has one server, which may be new`() throws {
        let reply = Reply.array([.array([.integer(0), .integer(16383), node("a", 1)])])
        var map = try #require(SlotMap(slots: reply, askedAt: asked))
        #expect(map.move(5, to: SocketAddress(host: "c", port: 3)) == 1)
        #expect(map.owners[5] == [1])
        #expect(map.owners[6] == [0])
    }
}
