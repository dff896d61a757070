// XXH3 as a safe function of bytes: the one hash that places keys, checks frames and compares
// objects. A pure function over a C library, hence importable by pure targets.

internal import CXXHash

/// Returns the XXH3 64-bit hash of `bytes` with seed 0.
///
/// On disk and on the wire: positions, record checksums and digests are made of it.
public func xxh3(_ bytes: [UInt8]) -> UInt64 {
    unsafe bytes.withUnsafeBytes { unsafe XXH3_64bits($0.baseAddress, $0.count) }
}

/// Returns the XXH3 64-bit hash of the bytes that `span` covers, with seed 0.
public func xxh3(_ span: Span<UInt8>) -> UInt64 {
    unsafe span.withUnsafeBytes { unsafe XXH3_64bits($0.baseAddress, $0.count) }
}
