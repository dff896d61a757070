import Foundation
import Testing

@testable import Storage

/// A log that lacks something is refused, whatever RocksDB makes of it; only its end may be torn.
@Suite struct LogTests {
    /// Writes until the log has at least three files, of which none but the last is empty, and
    /// leaves the directory as a killed process does.
    private func scratchWithLog(isInOrder: Bool = false) throws -> Scratch {
        let scratch = try Scratch()
        let storage = try scratch.open()
        var number = 0
        while try scratch.files(".log").count < 4 {
            _ = try storage.write(Sample.batch(number..<number + 50), mayStall: true)
            number += 50
            if number % 500 == 0 { try storage.sync() }
        }
        _ = try storage.write(Sample.batch(number..<number + 50), mayStall: true)
        if isInOrder {
            try storage.closeInOrder()
        } else {
            // As after a second.
            try storage.noteLog()
            storage.close()
        }
        return scratch
    }

    private func expectRefusal(_ scratch: Scratch, saying word: String) throws {
        let error = try failure { try scratch.open().close() }
        #expect(error.name == "corrupt")
        #expect(error.mentions(word), "\(error)")
        #expect(error.mentions("rebuild the node from its replicas"))
    }

    @Test func `a whole log opens, however often its files were changed`() throws {
        for isInOrder in [false, true] {
            let scratch = try scratchWithLog(isInOrder: isInOrder)
            for _ in 0..<3 {
                let storage = try scratch.open()
                #expect(try storage.countKeys() > 0)
                storage.close()
            }
        }
    }

    @Test(arguments: [0.5, 0.999, 0.0])
    func `a file in the middle that is cut short is refused`(_ part: Double) throws {
        let scratch = try scratchWithLog()
        let files = try scratch.files(".log")
        let file = files[files.count - 2]
        let size = try Damage.size(file)
        try Damage.truncate(file, by: size - Int(Double(size) * part))
        try expectRefusal(scratch, saying: "log")
    }

    @Test func `nor is one without a mark of an earlier look at it`() throws {
        let scratch = try scratchWithLog()
        try FileManager.default.removeItem(atPath: scratch.path + "/db/log-mark")
        let files = try scratch.files(".log")
        let file = files[files.count - 2]
        try Damage.truncate(file, by: try Damage.size(file) / 2)
        try expectRefusal(scratch, saying: "hole")
    }

    enum Missing: CaseIterable { case first, middle, last, lastInOrder }

    @Test(arguments: Missing.allCases)
    func `a file that is gone is refused`(_ missing: Missing) throws {
        let scratch = try scratchWithLog(isInOrder: missing == .lastInOrder)
        let files = try scratch.files(".log")
        let index =
            switch missing {
            case .first: 0
            case .middle: files.count - 2
            case .last, .lastInOrder: files.count - 1
            }
        try FileManager.default.removeItem(atPath: files[index])
        try expectRefusal(scratch, saying: "log")
    }

    @Test func `a file cut between two records is refused`() throws {
        let scratch = try scratchWithLog()
        let files = try scratch.files(".log")
        let file = files[files.count - 2]
        // The first block is full of whole and begun records; its first record ends before.
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: file)))
        let length = Int(bytes[4]) | Int(bytes[5]) << 8
        try Data(bytes.prefix(7 + length)).write(to: URL(fileURLWithPath: file))
        try expectRefusal(scratch, saying: "log")
    }

    @Test func `the end of the last file may be torn, but not after an orderly end`() throws {
        for isInOrder in [false, true] {
            let scratch = try scratchWithLog(isInOrder: isInOrder)
            let file = try #require(try scratch.files(".log").last)
            try Damage.truncate(file, by: 10)
            if isInOrder {
                try expectRefusal(scratch, saying: "log")
            } else {
                try scratch.open().close()
            }
        }
    }

    @Test func `after a power failure what no sync had covered may be gone in any order`() throws {
        let scratch = try scratchWithLog()
        let files = try scratch.files(".log")
        let path = scratch.path + "/db/log-mark"
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        var content = try #require(LogMark.decode(bytes))
        content.bootID = "another"
        content.files = []
        try Data(LogMark.encode(content)).write(to: URL(fileURLWithPath: path))
        let file = files[files.count - 2]
        try Damage.truncate(file, by: 5000)
        try scratch.open().close()
    }
}
