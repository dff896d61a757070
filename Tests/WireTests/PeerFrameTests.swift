import Essentials
import Testing
import Wire

@Suite struct PeerFrameTests {
    private func payloads(_ chunks: [[UInt8]]) -> (payloads: [[UInt8]], failure: String?) {
        var reader = PeerFrameReader(sizeMax: PeerFrameReader.payloadSizeMax)
        var payloads: [[UInt8]] = []
        for chunk in chunks {
            reader.append(chunk.span)
            reading: while true {
                switch reader.next() {
                case .needMore: break reading
                case .payload(let payload): payloads.append(payload)
                case .failed(let reason): return (payloads, reason)
                }
            }
        }
        return (payloads, nil)
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    /// The format as bytes: nodes of two versions speak it with each other.
    @Test func `the format does not change`() throws {
        let golden = [
            "kind 1": "01" + "01" + "e807" + "0807060504030201" + "036b6579" + "01" + "03010203",
            "kind 2": "02" + "ac02" + "ffffffff0f" + "0807060504030201" + "036b6579"
                + "8090a0b0c0d0e0f0",
            "kind 3": "03" + "07" + "0102030405" + "e8030000" + "8804"
                + "0908070605040302" + "03" + "03474554" + "00" + "01ff",
        ]
        for (message, name) in zip(PeerSamples.all, ["kind 1", "kind 2", "kind 3"]) {
            let frame = PeerSamples.frame([message], epoch: 5, fence: 4)
            #expect(
                hex(Array(frame[12...])) == "03" + "0500000000000000" + "0400000000000000"
                    + "0100000000000000" + "0200000000000000" + "0300000000000000"
                    + (golden[name] ?? ""))
        }
        let answers: [(PeerMessage, String)] = [
            (.wrote(id: 1, isDurable: true), "210101"), (.same(id: 1), "2201"),
            (.differs(id: 1, record: [7]), "23010107"),
            (.wroteBeside(id: 1, isDurable: false, wasKnown: true, record: [7]), "2701020107"),
            (.forwarded(id: 1, reply: [8]), "24010108"), (.refused(id: 1, .diskFull), "250103"),
            (.control([9]), "400109"),
        ]
        for (message, expected) in answers {
            #expect(hex(Array(PeerSamples.frame([message])[53...])) == expected)
        }
        #expect(
            hex(PeerSamples.frame([.same(id: 1)], epoch: 1, fence: 1))
                == "2b000000" + "66e8d4b4e58c41e7" + "03" + "0100000000000000"
                + "0100000000000000" + "0100000000000000" + "0200000000000000"
                + "0300000000000000" + "2201")
    }

    @Test func `messages arrive as they were sent, with the header`() throws {
        let frame = PeerSamples.frame(PeerSamples.all, epoch: 12, fence: 10)
        let (payloads, failure) = payloads([frame])
        #expect(failure == nil)
        #expect(payloads.count == 1)
        var reader = try PeerPayloadReader(payloads[0])
        #expect(reader.header == PeerFrameHeader(epoch: 12, fence: 10, clocks: PeerSamples.clocks))
        for message in PeerSamples.all { #expect(try reader.next() == message) }
        #expect(try reader.next() == nil)
    }

    @Test func `a writer is empty after each frame`() {
        var writer = PeerFrameWriter()
        #expect(writer.isEmpty)
        writer.append(.same(id: 1))
        #expect(!writer.isEmpty)
        #expect(writer.size == 55)
        let header = PeerFrameHeader(epoch: 1, fence: 1)
        let first = writer.take(header: header)
        #expect(writer.isEmpty)
        writer.append(.same(id: 1))
        #expect(writer.take(header: header) == first)
    }

    @Test(arguments: 0..<50) func `frames survive any chunking`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var sent: [[PeerMessage]] = []
        var stream: [UInt8] = []
        for _ in 0..<20 {
            let messages = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                PeerSamples.draw(using: &random)
            }
            sent.append(messages)
            stream += PeerSamples.frame(messages)
        }
        var chunks: [[UInt8]] = []
        let sizeMax = random.oneIn(3) ? 1 : 200
        while !stream.isEmpty {
            let size = min(stream.count, Int.random(in: 1...sizeMax, using: &random))
            chunks.append(Array(stream.prefix(size)))
            stream.removeFirst(size)
        }
        let (payloads, failure) = payloads(chunks)
        #expect(failure == nil)
        #expect(payloads.map { PeerSamples.messages($0) } == sent)
    }

    @Test func `every truncation waits for more, and every truncated payload is refused`() {
        let frame = PeerSamples.frame(PeerSamples.all)
        for size in frame.indices {
            let (payloads, failure) = payloads([Array(frame[..<size])])
            #expect(payloads.isEmpty && failure == nil)
        }
        for message in PeerSamples.all {
            let payload = Array(PeerSamples.frame([message])[12...])
            for size in payload.indices where size != 41 {
                #expect(PeerSamples.messages(Array(payload[..<size])) == nil)
            }
        }
    }

    @Test func `every flipped bit of a frame is noticed`() {
        let frame = PeerSamples.frame(PeerSamples.all)
        for bit in 0..<frame.count * 8 {
            var flipped = frame
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            // A length that has grown waits for bytes that do not come; all else is refused.
            #expect(payloads([flipped]).payloads.isEmpty)
        }
    }

    @Test func `what follows a broken frame is not read`() {
        var frame = PeerSamples.frame([.same(id: 1)])
        frame[20] ^= 1
        let (payloads, failure) = payloads([frame + PeerSamples.frame([.same(id: 2)])])
        #expect(payloads.isEmpty)
        #expect(failure == "frame checksum does not match")
    }

    @Test func `an announced length is refused when it is too long, and never allocated`() {
        var reader = PeerFrameReader(sizeMax: PeerFrameReader.handshakeSizeMax)
        reader.append([0x01, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0].span)
        #expect(
            reader.next() == .failed("frame of 4097 bytes, at most 4096 are allowed here"))
        var patient = PeerFrameReader(sizeMax: PeerFrameReader.payloadSizeMax)
        patient.append([0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0].span)
        #expect(patient.next() == .needMore)
        #expect(patient.bufferedSize == 12)
    }

    @Test func `a reader holds no more than what has not been taken`() {
        var reader = PeerFrameReader(sizeMax: PeerFrameReader.payloadSizeMax)
        let frame = PeerSamples.frame([.control([UInt8](repeating: 7, count: 1000))])
        for _ in 0..<2000 {
            reader.append(frame.span)
            guard case .payload = reader.next() else {
                Issue.record("no payload")
                return
            }
            #expect(reader.next() == .needMore)
            #expect(reader.bufferedSize == 0)
        }
    }

    @Test func `payloads of another version, or with unknown kinds, are refused`() {
        var payload = Array(PeerSamples.frame([.same(id: 1)])[12...])
        #expect(PeerSamples.messages(payload) != nil)
        for kind: UInt8 in [0, 5, 32, 42, 63, 65, 255] {
            payload[41] = kind
            #expect(PeerSamples.messages(payload) == nil)
        }
        payload[41] = 34
        payload[0] = 1
        #expect(throws: DecodingError.unknownVersion(1)) { try PeerPayloadReader(payload) }
    }

    @Test func `a key longer than keys may be is refused`() {
        let long = PeerKey(position: 0, bytes: [UInt8](repeating: 1, count: (64 << 10) + 1))
        let frame = PeerSamples.frame([.check(id: 1, key: long, fingerprint: 0)])
        #expect(PeerSamples.messages(Array(frame[12...])) == nil)
    }
}
