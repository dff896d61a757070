import Platform
import Testing

@Suite struct CryptographyTests {
    @Test func `digests are those of the standards`() {
        #expect(
            hexadecimal(Cryptography.sha256(Array("abc".utf8)))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        // RFC 4231, test case 2.
        let digest = Cryptography.hmacSHA256(
            key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8))
        #expect(
            hexadecimal(digest)
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(Cryptography.hmacSHA256(key: [], message: []).count == Cryptography.digestBytes)
    }

    @Test func `secrets are equal only when they are the same bytes`() {
        #expect(Cryptography.constantTimeEquals([1, 2, 3], [1, 2, 3]))
        #expect(Cryptography.constantTimeEquals([], []))
        #expect(!Cryptography.constantTimeEquals([1, 2, 3], [1, 2, 4]))
        #expect(!Cryptography.constantTimeEquals([1, 2, 3], [1, 2]))
        #expect(!Cryptography.constantTimeEquals([], [0]))
    }

    @Test func `random bytes do not repeat`() {
        let bytes = Cryptography.secureRandomBytes(count: 32)
        #expect(bytes.count == 32)
        #expect(bytes != Cryptography.secureRandomBytes(count: 32))
        #expect(Cryptography.secureRandomBytes(count: 0).isEmpty)
    }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
