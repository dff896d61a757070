import Testing

@testable import martlet_bench

@Suite struct CommandWriterTests {
    private let values = ValueMaker(sizes: 3...3, seed: 1)

    private func text(_ kind: OperationKind, part: Operation.Part = .whole, key: Int = 42) -> String
    {
        let writer = CommandWriter(keyPrefix: "k:", values: values, keysPerCommand: 2)
        let operation = Operation(kind: kind, key: key, version: 0x61_6263, part: part)
        var bytes: [UInt8] = []
        writer.append(operation, keyCount: 43, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `operations are Redis commands`() {
        let key = "$14\r\nk:000000000042\r\n"
        let first = "$14\r\nk:000000000000\r\n"
        let set = "*3\r\n$3\r\nSET\r\n\(key)$3\r\ncba\r\n"
        #expect(text(.get) == "*2\r\n$3\r\nGET\r\n\(key)")
        #expect(text(.set) == set)
        #expect(text(.insert) == set)
        #expect(text(.readModifyWrite) == "*2\r\n$3\r\nGET\r\n\(key)")
        #expect(text(.readModifyWrite, part: .write) == set)
        #expect(text(.increment) == "*2\r\n$4\r\nINCR\r\n$22\r\nk:counter:000000000042\r\n")
        #expect(text(.delete) == "*2\r\n$3\r\nDEL\r\n\(key)")
        #expect(text(.getMany) == "*3\r\n$4\r\nMGET\r\n\(key)\(first)")
        #expect(text(.setMany) == "*5\r\n$4\r\nMSET\r\n\(key)$3\r\ncba\r\n\(first)$3\r\ncba\r\n")
        #expect(text(.ping) == "*1\r\n$4\r\nPING\r\n")
    }

    @Test func `keys are numbers of twelve digits`() {
        #expect(text(.get, key: 0).hasSuffix("k:000000000000\r\n"))
        #expect(text(.get, key: 999_999_999_999).hasSuffix("k:999999999999\r\n"))
    }

    @Test func `values of several sizes are announced each`() {
        let values = ValueMaker(sizes: 9...11, seed: 1)
        let writer = CommandWriter(keyPrefix: "", values: values, keysPerCommand: 1)
        for key in 0..<20 {
            var bytes: [UInt8] = []
            writer.append(Operation(kind: .set, key: key, version: 1), keyCount: 20, to: &bytes)
            let size = values.size(key: key, version: 1)
            let head = "*3\r\n$3\r\nSET\r\n$12\r\n000000000000\r\n$\(size)\r\n"
            #expect(bytes.count == head.utf8.count + size + 2)
        }
    }
}
