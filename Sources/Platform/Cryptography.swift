internal import CCrypto
internal import Essentials

/// The few primitives of OpenSSL's libcrypto that authentication needs.
public enum Cryptography {
    /// Bytes of a SHA-256 digest and of its HMAC.
    public static let digestBytes = 32

    /// Compares two secrets in a time that tells neither where they differ nor, but for the
    /// hashing of each, how long they are: their digests are compared.
    public static func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        let (left, right) = (sha256(left), sha256(right))
        return unsafe CRYPTO_memcmp(left, right, digestBytes) == 0
    }

    public static func sha256(_ message: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: digestBytes)
        let status = unsafe EVP_Digest(message, message.count, &digest, nil, EVP_sha256(), nil)
        invariant(status == 1, "libcrypto has no SHA-256")
        return digest
    }

    /// The keyed digest of RFC 2104 over SHA-256.
    public static func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: digestBytes)
        let result = unsafe HMAC(
            EVP_sha256(), key, Int32(key.count), message, message.count, &digest, nil)
        invariant(unsafe result != nil, "libcrypto has no HMAC")
        return digest
    }

    /// Bytes that nobody can predict: for challenges and keys.
    public static func secureRandomBytes(count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let status = unsafe RAND_bytes(&bytes, Int32(count))
        invariant(status == 1, "the system has no randomness to give")
        return bytes
    }
}
