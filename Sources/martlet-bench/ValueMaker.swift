internal import Essentials

/// Makes the values, and knows whether what a server returns is one of them.
///
/// A value is a function of seed, key and version, so nothing has to be remembered to check it:
///
///     0         8          16                                   size
///     +---------+----------+------------------------------------+
///     | version | checksum | numbers that follow from the       |
///     |         |          | checksum                           |
///     +---------+----------+------------------------------------+
///
/// all in little-endian words, cut off at the size. The checksum depends on the key too, so a value
/// found under another key is noticed. A compressible value repeats every other word.
struct ValueMaker: Sendable {
    /// The least size that can be checked: the header.
    static let verifiableSizeMin = 16

    let sizes: ClosedRange<Int>
    private let isCompressible: Bool
    private let seed: UInt64

    init(sizes: ClosedRange<Int>, isCompressible: Bool = false, seed: UInt64) {
        self.sizes = sizes
        self.isCompressible = isCompressible
        self.seed = seed
    }

    /// The size of one value.
    func size(key: Int, version: UInt64) -> Int {
        guard sizes.count > 1 else { return sizes.lowerBound }
        var random = SeededRandom(seed: checksum(key: key, version: version))
        return sizes.lowerBound + random.next(below: sizes.count)
    }

    /// Appends the value; `size` is its size.
    func append(key: Int, version: UInt64, size: Int, to bytes: inout [UInt8]) {
        let start = bytes.count
        // Whole words are written; what is too much is taken away again.
        let words = (size + 7) / 8
        bytes.append(contentsOf: repeatElement(0, count: words * 8))
        var span = bytes.mutableSpan
        // Safe for bytes: there is no bit pattern that is not one.
        var target = unsafe span.mutableBytes
        var source = Words(self, key: key, version: version)
        for index in 0..<words {
            target.storeBytes(
                of: source.next().littleEndian, toByteOffset: start + 8 * index, as: UInt64.self)
        }
        bytes.removeLast(words * 8 - size)
    }

    /// Whether the bytes of `range` are a value that was made for `key`.
    func isValid(_ bytes: Span<UInt8>, in range: Range<Int>, key: Int) -> Bool {
        guard sizes.contains(range.count), range.count >= Self.verifiableSizeMin else {
            return false
        }
        var version: UInt64 = 0
        for index in 0..<8 { version |= UInt64(bytes[range.lowerBound + index]) << (8 * index) }
        guard range.count == size(key: key, version: version) else { return false }
        var source = Words(self, key: key, version: version)
        var word: UInt64 = 0
        for offset in 0..<range.count {
            if offset % 8 == 0 { word = source.next() }
            guard bytes[range.lowerBound + offset] == UInt8(truncatingIfNeeded: word) else {
                return false
            }
            word >>= 8
        }
        return true
    }

    private func checksum(key: Int, version: UInt64) -> UInt64 {
        var random = SeededRandom(seed: seed ^ UInt64(key))
        random = SeededRandom(seed: random.next() ^ version)
        return random.next()
    }

    /// The words of one value, one after the other.
    private struct Words {
        let version: UInt64
        let checksum: UInt64
        let isCompressible: Bool
        var random: SeededRandom
        var index = 0

        init(_ maker: ValueMaker, key: Int, version: UInt64) {
            self.version = version
            checksum = maker.checksum(key: key, version: version)
            isCompressible = maker.isCompressible
            random = SeededRandom(seed: checksum)
        }

        mutating func next() -> UInt64 {
            defer { index += 1 }
            switch index {
            case 0: return version
            case 1: return checksum
            default: return isCompressible && index % 2 == 1 ? checksum : random.next()
            }
        }
    }
}
