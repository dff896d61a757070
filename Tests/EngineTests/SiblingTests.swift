import Causality
import Objects
import Testing
import Wire

@testable import Engine
@testable import Simulator

/// Concurrent values under clients that do as they should not.
@Suite struct SiblingTests {
    private func context(_ reply: Reply?) -> [UInt8] {
        if case .bulk(let bytes)? = reply { return bytes }
        return []
    }

    private func put(_ value: String, _ context: [UInt8], at cluster: Cluster) -> Reply? {
        let words = [Array("DPUT".utf8), Array("k".utf8), context, Array(value.utf8)]
        let number = cluster.submit(words, at: 1)
        cluster.settle()
        return cluster.clients[number].reply
    }

    @Test func `a blind writer is stopped at 128 siblings, and can go on after reading`() throws {
        let cluster = try Cluster()
        for index in 0..<128 {
            #expect(!context(put("v\(index)", [], at: cluster)).isEmpty)
        }
        let text = "ERR 128 siblings: read them with DGET and write with its context"
        #expect(put("more", [], at: cluster) == .error(text))
        guard case .array(let parts)? = cluster.ask("DGET k", at: 2) else {
            Issue.record("no answer")
            return
        }
        #expect(put("one", context(parts[0]), at: cluster)?.isError == false)
        #expect(cluster.ask("DGET k", at: 3) != nil)
        #expect(cluster.held(ObjectKey(Array("k".utf8)), by: 2)?.entries.count == 1)
        #expect(cluster.violations == [])
    }

    @Test func `a context that goes on beside an unread sibling stays small`() throws {
        let cluster = try Cluster()
        _ = put("unread", [], at: cluster)
        var latest: [UInt8] = []
        for index in 0..<200 {
            latest = context(put("v\(index)", latest, at: cluster))
            #expect(latest.count < 512)
        }
        let object = cluster.held(ObjectKey(Array("k".utf8)), by: 2)
        #expect(object?.entries.count == 2)
        #expect(cluster.ledger.violations == [])
    }
}
