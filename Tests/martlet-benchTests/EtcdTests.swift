import Essentials
import Testing

@testable import martlet_bench

@Suite struct EtcdTests {
    private let writer = EtcdWriter(
        CommandWriter(
            keyPrefix: "k", values: ValueMaker(sizes: 3...3, seed: 1), keysPerCommand: 1),
        authority: "a:1")

    private func frames(_ bytes: [UInt8]) -> [HTTP2.Frame] {
        var (offset, frames): (Int, [HTTP2.Frame]) = (0, [])
        while case .frame(let frame) = HTTP2.frame(bytes.span, from: offset) {
            frames.append(frame)
            offset = frame.payload.upperBound
        }
        #expect(offset == bytes.count)
        return frames
    }

    @Test func `a call is headers and one message`() throws {
        var bytes: [UInt8] = []
        let operation = Operation(kind: .set, key: 7, version: 0x63_6261)
        let size = writer.append(operation, stream: 5, isFirst: false, to: &bytes)
        let frames = frames(bytes)
        try #require(frames.count == 2)
        #expect(frames.map(\.type) == [HTTP2.FrameType.headers, HTTP2.FrameType.data])
        #expect(frames.map(\.stream) == [5, 5])
        #expect(frames.map(\.flags) == [HTTP2.Flag.endHeaders, HTTP2.Flag.endStream])
        #expect(size == frames[1].payload.count)
        let message = Array(bytes[frames[1].payload])
        let key = Array("k000000000007".utf8)
        let value = Array("abc".utf8)
        #expect(message == [0, 0, 0, 0, 20, 0x0A, 13] + key + [0x12, 3] + value)
    }

    @Test func `reads have no value`() throws {
        var bytes: [UInt8] = []
        _ = writer.append(
            Operation(kind: .get, key: 7, version: 1), stream: 1, isFirst: true, to: &bytes)
        let data = try #require(frames(bytes).last)
        #expect(
            Array(bytes[data.payload]) == [0, 0, 0, 0, 15, 0x0A, 13] + Array("k000000000007".utf8))
    }

    @Test func `the value of a response is found`() throws {
        // A header, a pair of key, revision and value, and a count.
        let pair: [UInt8] = [0x0A, 1, 0x6B, 0x10, 5, 0x2A, 3, 1, 2, 3]
        let response: [UInt8] = [0x0A, 2, 0x18, 9, 0x12, UInt8(pair.count)] + pair + [0x20, 1]
        #expect(try EtcdWriter.value(inRangeResponse: response) == [1, 2, 3])
        #expect(try EtcdWriter.value(inRangeResponse: [0x0A, 2, 0x18, 9]) == nil)
        #expect(throws: DecodingError.self) {
            try EtcdWriter.value(inRangeResponse: [0x12, 9, 1])
        }
    }

    @Test func `frames are read whole or not at all`() {
        var bytes: [UInt8] = []
        HTTP2.appendFrame(HTTP2.FrameType.ping, stream: 0, payload: [1, 2], to: &bytes)
        for size in 0..<bytes.count {
            #expect(HTTP2.frame(Array(bytes[..<size]).span, from: 0) == .needMore)
        }
        #expect(
            HTTP2.frame(bytes.span, from: 0)
                == .frame(HTTP2.Frame(type: 6, flags: 0, stream: 0, payload: 9..<11)))
        #expect(HTTP2.frame([1, 0, 0, 0, 0, 0, 0, 0, 0].span, from: 0) == .malformed)
    }

    @Test func `padding and priority are no content`() {
        let padded = HTTP2.Frame(type: 0, flags: HTTP2.Flag.padded, stream: 1, payload: 0..<4)
        #expect(HTTP2.content(of: padded, in: [2, 9, 0, 0].span) == 1..<2)
        #expect(HTTP2.content(of: padded, in: [4, 9, 0, 0].span) == nil)
        let ranked = HTTP2.Frame(type: 1, flags: HTTP2.Flag.priority, stream: 1, payload: 0..<6)
        #expect(HTTP2.content(of: ranked, in: [0, 0, 0, 0, 0, 7].span) == 5..<6)
    }

    @Test func `the status is found when it is spelt out, Huffman-coded, or referred to`() {
        var table = HeaderTable()
        let name = Array("grpc-status".utf8)
        #expect(table.status(in: [0x88]) == nil)
        // Spelt out, and not remembered.
        #expect(table.status(in: [0x00, 11] + name + [1, 0x35]) == 5)
        // Coded, and remembered as field 62.
        let coded: [UInt8] = [0x9A, 0xCA, 0xC8, 0xB2, 0x12, 0x34, 0xDA, 0x8F]
        #expect(table.status(in: [0x40, 0x88] + coded + [2, 0x31, 0x34]) == 14)
        #expect(table.status(in: [0xBE]) == 14)
        // Its name only; then another field makes it the second one.
        #expect(table.status(in: [0x0F, 62 - 15, 1, 0x30]) == 0)
        #expect(table.status(in: [0x40, 1, 0x61, 1, 0x62]) == nil)
        #expect(table.status(in: [0xBF]) == 14)
        // The table is emptied.
        #expect(table.status(in: [0x20, 0xBF]) == nil)
    }

    @Test func `a broken block has no status`() {
        var table = HeaderTable()
        #expect(table.status(in: [0x40, 0x88, 1]) == nil)
        #expect(table.status(in: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]) == nil)
    }

    @Test func `status codes have their names`() {
        #expect(GRPCStatus.name(14) == "UNAVAILABLE")
        #expect(GRPCStatus.name(99) == "GRPC-99")
        #expect(GRPCStatus.name(nil) == "UNKNOWN")
    }
}
