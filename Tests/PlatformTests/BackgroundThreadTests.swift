import Foundation
import Synchronization
import Testing

@testable import Platform

@Suite struct BackgroundThreadTests {
    private struct Refusal: Error, Equatable {}

    /// Of the calling thread; beside the name in parentheses, a line of fields.
    private static func niceness() throws -> Int32? {
        let line = try String(contentsOfFile: "/proc/thread-self/stat", encoding: .utf8)
        let fields = line.split(separator: ")").last?.split(separator: " ") ?? []
        // Field 19 (proc(5)), of which the first two come before the parenthesis.
        return fields.count > 16 ? Int32(fields[16]) : nil
    }

    @Test func `only the work has a low priority, and the threads it starts`() throws {
        let usual = try #require(try Self.niceness())
        let expected = min(19, usual + BackgroundThread.niceness)
        let (own, inherited) = try BackgroundThread.run(name: "low") {
            let own = try Self.niceness()
            let inherited = try BackgroundThread.run(name: "lower") { try Self.niceness() }
            return (own, inherited)
        }
        #expect(own == expected)
        #expect(inherited == min(19, expected + BackgroundThread.niceness))
        #expect(try Self.niceness() == usual)
    }

    @Test func `a pool for the background has a low priority`() throws {
        let usual = try #require(try Self.niceness())
        let seen = Mutex<[Int32?]>([])
        for isBackground in [true, false] {
            let pool = WorkerPool(
                name: "pool", threads: 1, queueMax: 1, isBackground: isBackground)
            #expect(pool.submit { seen.withLock { $0.append(try? Self.niceness()) } })
            pool.shutdown()
        }
        #expect(seen.withLock { $0 } == [min(19, usual + BackgroundThread.niceness), usual])
    }

    @Test func `what goes wrong in it is told`() {
        #expect(throws: Refusal()) {
            try BackgroundThread.run(name: "low") { () throws(Refusal) -> Int in throw Refusal() }
        }
    }
}
