import Essentials

/// Bytes that are nearly right: valid samples that were cut, joined, flipped and stretched, and now
/// and then bytes out of nowhere. The same seed gives the same bytes.
struct NearMisses {
    var random: SeededRandom
    private let samples: [[UInt8]]

    /// Bytes that lengths, counts, kinds and varints go wrong by.
    private static let provocations: [[UInt8]] = [
        [0x00], [0x01], [0x7F], [0x80], [0xFF], [0x80, 0x80, 0x00],
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40],
        [UInt8](repeating: 0xFF, count: 8), [UInt8](repeating: 0x00, count: 8),
    ]

    /// - Precondition: there is a sample.
    init(of samples: [[UInt8]], seed: UInt64) {
        self.samples = samples
        random = SeededRandom(seed: seed)
    }

    mutating func next() -> [UInt8] {
        if random.oneIn(20) {
            let size = Int.random(in: 0...80, using: &random)
            return (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        var bytes = sample()
        for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&bytes) }
        return bytes
    }

    private mutating func sample() -> [UInt8] {
        samples[Int.random(in: 0..<samples.count, using: &random)]
    }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: bytes.removeSubrange(place...)
        case 1: bytes.removeSubrange(place..<end(after: place, of: bytes))
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        case 3: bytes.insert(contentsOf: provocation(), at: place)
        case 4:
            let other = sample()
            let start = Int.random(in: 0...other.count, using: &random)
            bytes.insert(contentsOf: other[start..<end(after: start, of: other)], at: place)
        case 5:
            let provocation = provocation()
            let end = min(bytes.count, place + provocation.count)
            bytes.replaceSubrange(place..<end, with: provocation)
        default:
            guard place < bytes.count else { return }
            bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
    }

    private mutating func end(after start: Int, of bytes: [UInt8]) -> Int {
        Int.random(in: start...min(bytes.count, start + 40), using: &random)
    }

    private mutating func provocation() -> [UInt8] {
        Self.provocations[Int.random(in: 0..<Self.provocations.count, using: &random)]
    }
}
