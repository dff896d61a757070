import Essentials
import Testing
import Wire

@Suite struct PeerHandshakeTests {
    private static let hello = PeerHandshake.Hello(
        purpose: .member, clusterID: UniqueID(high: 1, low: 2), nodeID: UniqueID(high: 3, low: 4),
        number: NodeNumber(rawValue: 5), nonce: [UInt8](repeating: 6, count: 16),
        life: 13, previousLife: 14, listedID: UniqueID(high: 15, low: 16))
    private static let welcome = PeerHandshake.Welcome(
        nodeID: UniqueID(high: 7, low: 8), number: NodeNumber(rawValue: 9),
        nonce: [UInt8](repeating: 10, count: 16), life: 17,
        code: [UInt8](repeating: 11, count: 32), monotonicNs: 12)
    private static let messages: [PeerHandshake.Message] = [
        .hello(hello), .welcome(welcome), .proof([UInt8](repeating: 12, count: 32)),
        .reject("not you"), .copy(address: "127.0.0.1:7380"), .forgotten(life: 18),
    ]

    private func payload(_ message: PeerHandshake.Message) -> [UInt8] {
        var reader = PeerFrameReader(sizeMax: PeerFrameReader.handshakeSizeMax)
        reader.append(PeerHandshake.frame(message).span)
        if case .payload(let payload) = reader.next() { return payload }
        return []
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    @Test(arguments: messages) func `messages arrive as they were sent`(
        message: PeerHandshake.Message
    ) throws {
        #expect(try PeerHandshake.decode(payload(message)) == message)
    }

    /// The format as bytes: a newer node must be able to refuse an older one in words.
    @Test func `the format does not change`() {
        #expect(
            hex(payload(.hello(Self.hello)))
                == "01" + "4d52544c" + "03" + "01"
                + "0000000000000001" + "0000000000000002" + "0000000000000003"
                + "0000000000000004" + "0500" + String(repeating: "06", count: 16)
                + "0d00000000000000" + "0e00000000000000"
                + "000000000000000f" + "0000000000000010")
        #expect(
            hex(payload(.welcome(Self.welcome)))
                == "02" + "03" + "0000000000000007" + "0000000000000008" + "0900"
                + String(repeating: "0a", count: 16) + "1100000000000000"
                + String(repeating: "0b", count: 32) + "0c00000000000000")
        #expect(hex(payload(.reject("no"))) == "04" + "02" + "6e6f")
        #expect(hex(payload(.copy(address: "a:1"))) == "05" + "03" + "613a31")
        #expect(hex(payload(.forgotten(life: 18))) == "06" + "1200000000000000")
    }

    @Test(arguments: messages) func `every truncation is refused, and so is a byte too many`(
        message: PeerHandshake.Message
    ) {
        let payload = payload(message)
        for size in payload.indices {
            #expect(throws: DecodingError.self) {
                try PeerHandshake.decode(Array(payload[..<size]))
            }
        }
        #expect(throws: DecodingError.self) { try PeerHandshake.decode(payload + [0]) }
    }

    @Test func `something else on the port is noticed at once`() {
        var payload = payload(.hello(Self.hello))
        payload[1] ^= 0x20
        #expect(throws: DecodingError.invalid("magic")) { try PeerHandshake.decode(payload) }
    }

    @Test func `another version and unknown purposes are refused`() {
        var newer = payload(.hello(Self.hello))
        newer[5] = 4
        #expect(throws: DecodingError.unknownVersion(4)) { try PeerHandshake.decode(newer) }
        var purposeless = payload(.hello(Self.hello))
        purposeless[6] = 3
        #expect(throws: DecodingError.self) { try PeerHandshake.decode(purposeless) }
        #expect(throws: DecodingError.self) { try PeerHandshake.decode([9]) }
    }

    @Test func `a long reason is cut so that its reader takes it`() throws {
        let reason = String(repeating: "€", count: 10_000)
        guard case .reject(let text) = try PeerHandshake.decode(payload(.reject(reason))) else {
            Issue.record("not a rejection")
            return
        }
        #expect(reason.hasPrefix(text))
        #expect(!text.isEmpty)
    }

    @Test func `codes cover who speaks, both nonces and both nodes`() {
        let nonce = [UInt8](repeating: 1, count: 16)
        let id = UniqueID(high: 20, low: 21)
        var transcripts: Set<[UInt8]> = []
        for role in [PeerHandshake.Role.opener, .acceptor] {
            transcripts.insert(
                PeerHandshake.transcript(
                    role, hello: Self.hello, acceptorID: id, acceptorNonce: nonce))
        }
        var otherNonce = Self.hello
        otherNonce.nonce[0] = 0
        var otherCluster = Self.hello
        otherCluster.clusterID = UniqueID(high: 1, low: 3)
        var otherNode = Self.hello
        otherNode.nodeID = UniqueID(high: 3, low: 5)
        var otherLife = Self.hello
        otherLife.life += 1
        for hello in [otherNonce, otherCluster, otherNode, otherLife] {
            transcripts.insert(
                PeerHandshake.transcript(
                    .opener, hello: hello, acceptorID: id, acceptorNonce: nonce))
        }
        transcripts.insert(
            PeerHandshake.transcript(
                .opener, hello: Self.hello, acceptorID: UniqueID(high: 20, low: 22),
                acceptorNonce: nonce))
        transcripts.insert(
            PeerHandshake.transcript(
                .opener, hello: Self.hello, acceptorID: id,
                acceptorNonce: [UInt8](repeating: 2, count: 16)))
        #expect(transcripts.count == 8)
    }

    @Test(arguments: 0..<10) func `mutated messages are refused or harmless`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        for _ in 0..<1000 {
            var bytes = payload(Self.messages.randomElement(using: &random) ?? .reject(""))
            let index = Int.random(in: bytes.indices, using: &random)
            bytes[index] = UInt8.random(in: 0...255, using: &random)
            if random.oneIn(3) { bytes.remove(at: index) }
            guard let message = try? PeerHandshake.decode(bytes) else { continue }
            #expect((try? PeerHandshake.decode(payload(message))) == message)
        }
    }
}
