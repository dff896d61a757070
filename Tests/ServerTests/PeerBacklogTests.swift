import Testing

@testable import Server

@Suite struct PeerBacklogTests {
    private func send(_ count: Int, _ backlog: inout PeerBacklog) -> Int {
        (0..<count).count { _ in
            guard backlog.hasRoom else { return false }
            backlog.noteSent()
            return true
        }
    }

    @Test func `a peer that keeps up gets as much as a shard has under way`() {
        var backlog = PeerBacklog()
        #expect(send(100_000, &backlog) == 65_536)
        for _ in 0..<1000 { backlog.noteAnswered() }
        #expect(send(100_000, &backlog) == 1000)
        #expect(backlog.count == 65_536)
    }

    @Test func `one that stands still gets little more after half a second`() {
        var backlog = PeerBacklog()
        #expect(send(1000, &backlog) == 1000)
        for _ in 0..<50 { backlog.tick() }
        #expect(!backlog.isLagging)
        backlog.tick()
        #expect(backlog.isLagging)
        #expect(send(100_000, &backlog) == 3096)
    }

    @Test func `one that is slower than what it gets is held to little, too`() {
        var backlog = PeerBacklog()
        for _ in 0..<500 {
            _ = send(1000, &backlog)
            for _ in 0..<10 { backlog.noteAnswered() }
            backlog.tick()
        }
        #expect(backlog.isLagging)
        #expect(backlog.count <= 65_536)
        for _ in 0..<10_000 {
            for _ in 0..<10 { backlog.noteAnswered() }
            _ = send(1000, &backlog)
            backlog.tick()
        }
        #expect(backlog.count <= 4096 + 10)
    }

    @Test func `one that has answered everything old is trusted again`() {
        var backlog = PeerBacklog()
        _ = send(10_000, &backlog)
        for _ in 0..<60 { backlog.tick() }
        #expect(!backlog.hasRoom)
        for _ in 0..<10_000 { backlog.noteAnswered() }
        backlog.tick()
        #expect(!backlog.isLagging)
        #expect(send(100_000, &backlog) == 65_536)
    }

    @Test func `a new connection owes nothing, and answers to nothing are ignored`() {
        var backlog = PeerBacklog()
        _ = send(10, &backlog)
        backlog.clear()
        #expect(backlog.count == 0)
        backlog.noteAnswered()
        #expect(backlog.count == 0)
    }
}
