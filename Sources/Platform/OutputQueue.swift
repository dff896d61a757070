internal import CUV

/// What a stream could not write at once: queued arrays, and the one write request under way.
///
/// A stream has one only while its peer is slower than we are. A request carries a copy of up to
/// 64 KiB, which libuv writes as soon as the socket takes more; the rest is then written straight
/// from the arrays, until the socket is full again. So the copy is small however much is queued.
@safe
final class OutputQueue {
    /// Small answers are gathered up to this size, so that draining takes few system calls.
    static let chunkBytesMax = 64 * 1024

    private var chunks = FIFO<[UInt8]>()
    /// Bytes of the first chunk that are written or staged.
    private var offset = 0
    /// Bytes queued, with those of the request under way.
    private(set) var count = 0
    private(set) var stagedCount = 0
    let request: UnsafeMutablePointer<uv_write_t>
    private let staging: UnsafeMutablePointer<UInt8>

    init() {
        unsafe request = .allocate(capacity: 1)
        unsafe staging = .allocate(capacity: Self.chunkBytesMax)
    }

    deinit {
        unsafe request.deallocate()
        unsafe staging.deallocate()
    }

    /// Queues `bytes` without their first `start`. A large array is kept as it is, a small rest
    /// is copied to its neighbours.
    func append(_ bytes: [UInt8], from start: Int = 0) {
        let added = bytes.count - start
        count += added
        if chunks.isEmpty, added > Self.chunkBytesMax {
            chunks.append(bytes)
            offset = start
            return
        }
        let isGathered = chunks.withLast { last in
            guard last.count + added <= Self.chunkBytesMax else { return false }
            last.append(contentsOf: bytes[start...])
            return true
        }
        if isGathered != true { chunks.append(start == 0 ? bytes : Array(bytes[start...])) }
    }

    /// Copies the next bytes for a request, and returns where they are; `stagedCount` of them.
    func stage() -> UnsafeMutablePointer<UInt8>? {
        guard let first = chunks.first else { return nil }
        let amount = min(first.count - offset, Self.chunkBytesMax)
        unsafe first.withUnsafeBufferPointer { source in
            if let base = source.baseAddress {
                unsafe staging.update(from: base + offset, count: amount)
            }
        }
        stagedCount = amount
        advance(amount)
        return unsafe staging
    }

    /// The request under way has been written.
    func stagedWritten() {
        count -= stagedCount
        stagedCount = 0
    }

    /// Offers the first chunk to `write`, which returns how many bytes it took; false when there
    /// is none.
    func writeFirst(_ write: (_ bytes: [UInt8], _ start: Int) -> Int) -> Bool {
        guard let first = chunks.first else { return false }
        let written = write(first, offset)
        count -= written
        advance(written)
        return true
    }

    private func advance(_ amount: Int) {
        offset += amount
        guard let first = chunks.first, offset == first.count else { return }
        _ = chunks.popFirst()
        offset = 0
    }
}
