import Essentials
import Wire

/// What attackers, broken clients and lost programs send: known seeds, and what comes of them by
/// cutting, joining and flipping. The same numbers give the same bytes.
struct BadBytes {
    private var random: SeededRandom
    private let seeds: [[UInt8]]

    init(seed: UInt64, seeds: [[UInt8]]) {
        random = SeededRandom(seed: seed)
        self.seeds = seeds
    }

    mutating func next() -> [UInt8] {
        var bytes = pick()
        for _ in 0..<Int.random(in: 0...4, using: &random) { mutate(&bytes) }
        return bytes
    }

    private mutating func pick() -> [UInt8] { seeds.randomElement(using: &random) ?? [] }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes.removeSubrange(place...)
        case 1: bytes += pick()
        case 2: bytes.insert(contentsOf: pick(), at: place)
        case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        case 4 where place < bytes.count:
            bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        default:
            let end = Int.random(in: place...bytes.count, using: &random)
            bytes.removeSubrange(place..<end)
        }
    }

    // MARK: Seeds

    /// For the clients' port.
    static let commands: [[UInt8]] = {
        let texts = [
            "*-1\r\n", "*0\r\n", "*3000000000\r\n", "*1000000000\r\n", "*1\r\n$-1\r\n",
            "*1\r\n$-10\r\n", "*1\r\n$9999999999999999999\r\n", "*1\r\n$+5\r\nHELLO\r\n",
            "*1\r\n$05\r\nHELLO\r\n", "*1\r\n$ 5\r\nHELLO\r\n", "*1\r\n$4\r\nPINGxx",
            "*2\r\n$3\r\nGET\r\n$536870912\r\n", "*1\r\n$4\nPING\r\n", "*1\n$4\nPING\n",
            "\nPING\n", "\0PING\r\n", "PING\r\n", "SET key \"unbalanced\r\n", "SET key 'x'y\r\n",
            "SET key \"\\xzz\"\r\n", "GET / HTTP/1.1\r\nHost: example\r\n\r\n",
            "POST / HTTP/1.1\r\n\r\n", "%1\r\n+key\r\n:1\r\n", "~1\r\n:1\r\n", "_\r\n", "#t\r\n",
            ",1.5\r\n", "(123456789012345678901234567890\r\n", "=7\r\ntxt:abc\r\n",
            "*1\r\n*1\r\n*1\r\n$4\r\nPING\r\n",
            "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n", "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n",
            "*4\r\n$8\r\nSETRANGE\r\n$1\r\ns\r\n$19\r\n9223372036854775807\r\n$1\r\nx\r\n",
            "*4\r\n$6\r\nSETBIT\r\n$1\r\nb\r\n$10\r\n4294967296\r\n$1\r\n1\r\n",
            "*2\r\n$4\r\nKEYS\r\n$24\r\na*a*a*a*a*a*a*a*a*a*a*b*\r\n", "DPUT key garbage value\r\n",
            "RESTORE key 0 garbage\r\n", "SCAN 18446744073709551615 COUNT 9223372036854775807\r\n",
            "BITFIELD b SET u63 #9223372036854775807 1\r\n", "LCS a b IDX MINMATCHLEN -1\r\n",
            "HELLO 3\r\n", "CLIENT KILL ID 0\r\n", "CONSISTENCY R 99999999999\r\n",
        ]
        let tlsHello: [UInt8] = [0x16, 3, 1, 0, 0xA5, 1, 0, 0, 0xA1, 3, 3] + Array(0..<160)
        let noise = (0..<32).map { UInt8(truncatingIfNeeded: $0 &* 73 &+ 11) }
        return texts.map { Array($0.utf8) } + [
            tlsHello, noise, Array(repeating: UInt8(ascii: "x"), count: 70_000),
            Array(repeating: 0, count: 1000), [0xFF, 0xFE, 0xFD],
        ]
    }()

    /// For the peers' port. A frame is a length, a checksum and a payload.
    static let frames: [[UInt8]] = {
        func frame(length: UInt32, _ payload: [UInt8]) -> [UInt8] {
            var bytes: [UInt8] = []
            bytes.appendLittleEndian(length)
            bytes.appendLittleEndian(UInt64(0))
            return bytes + payload
        }
        let magic = Array("MRTL".utf8)
        let hello = [1] + magic.reversed() + [1, 1] + Array(repeating: 7, count: 50)
        return [
            frame(length: 0, []), frame(length: .max, []), frame(length: 4096, []),
            frame(length: 4097, []), frame(length: UInt32(hello.count), hello),
            frame(length: 57, Array(repeating: 0, count: 57)), Array("PING\r\n".utf8),
            Array("GET / HTTP/1.1\r\n\r\n".utf8), [0x16, 3, 1, 0, 0xA5],
            Array(repeating: 0xFF, count: 5000), Array(repeating: 0, count: 5000), hello,
        ]
    }()

    /// Payloads of frames, for peers that have proven themselves: header and messages.
    static let messages: [[UInt8]] = {
        let key = PeerKey(position: 5, bytes: Array("key".utf8))
        let consistency = PeerConsistency(r: 9, w: 9, pr: 9, pw: 9, dw: 9, timeoutMs: 50)
        let noise = (0..<64).map { UInt8(truncatingIfNeeded: $0 &* 73 &+ 11) }
        let messages: [PeerMessage] = [
            .write(id: 1, key: key, wantsDurability: true, record: noise),
            .check(id: .max, key: key, fingerprint: 7),
            .forward(
                id: 7, consistency: consistency,
                arguments: ["SET", "key", "1", "KEEPTTL"].map { Array($0.utf8) }),
            .execute(id: 8, arguments: ["SCAN", "0"].map { Array($0.utf8) }),
            .execute(id: 8, arguments: []), .wrote(id: 1, isDurable: true), .same(id: 2),
            .differs(id: 3, record: noise), .forwarded(id: 4, reply: Array("*1000000\r\n".utf8)),
            .executed(id: 5, reply: noise), .refused(id: 6, .epoch), .control([]),
            .control([11]), .control([10, 0xFF, 0xFF, 0x03]), .control(noise),
        ]
        return messages.map { message in
            var writer = PeerFrameWriter()
            writer.append(message)
            let frame = writer.take(header: PeerFrameHeader(epoch: 3, fence: 3))
            return Array(frame.dropFirst(PeerImpostor.framePrefixSize))
        }
    }()

    /// For the admins' port.
    static let requests: [[UInt8]] = {
        let texts = [
            "GET /v1/status HTTP/1.1\r\nHost: a\r\n\r\n", "GET /metrics HTTP/1.0\r\n\r\n",
            "GET /v1/explain?key=%zz%00%ff HTTP/1.1\r\nHost: a\r\n\r\n",
            "PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n{",
            "PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{\"name\": [",
            "POST /v1/config HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n",
            "GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", "GET\r\n\r\n", "\r\n\r\n",
            "HEAD / HTTP/9.9\r\n\r\n", "*1\r\n$4\r\nPING\r\n", "GET / HTTP/1.1\r\nHost:\0\r\n\r\n",
        ]
        let long = "GET /" + String(repeating: "a", count: 100_000) + " HTTP/1.1\r\n\r\n"
        let deep =
            "PUT /v1/config HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n"
            + String(repeating: "[", count: 5000)
        return (texts + [long, deep]).map { Array($0.utf8) }
    }()
}
