import Causality
import Essentials
import Objects
import Testing

@Suite struct ObjectCodingTests {
    private func sample() throws -> Object {
        var object = Object()
        let one = Actor(node: NodeNumber(rawValue: 1), epochMs: 10)
        let two = Actor(node: NodeNumber(rawValue: 2), epochMs: 11)
        object.write(
            .assign(Array("7".utf8), deadline: .set(500)), dot: Dot(actor: one, counter: 1),
            stamp: Timestamp(rawValue: 1), nowMs: 0)
        object.write(
            .increment(5), dot: Dot(actor: two, counter: 1), stamp: Timestamp(rawValue: 2), nowMs: 0
        )
        object.write(
            .incrementDecimal(FixedDecimal(2)), dot: Dot(actor: one, counter: 2),
            stamp: Timestamp(rawValue: 3), nowMs: 0)
        return object
    }

    @Test func `every truncation and every flipped bit is refused`() throws {
        let bytes = try sample().encoded()
        for size in bytes.indices {
            #expect(throws: DecodingError.self) { try Object(decoding: Array(bytes[..<size])) }
        }
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: DecodingError.self) { try Object(decoding: flipped) }
        }
        #expect(throws: DecodingError.self) { try Object(decoding: bytes + [0]) }
    }

    @Test func `equal fingerprints mean equal bytes, also where payloads have expired`() throws {
        let object = try sample()
        var expired = object
        expired.expire(nowMs: 499)
        #expect(expired.fingerprint == object.fingerprint)
        expired.expire(nowMs: 500)
        #expect(expired != object)
        #expect(expired.fingerprint != object.fingerprint)
        #expect(expired.context == object.context)
        var merged = expired
        let hasChanged = merged.merge(object)
        #expect(hasChanged)
        #expect(merged.fingerprint == object.fingerprint)
        #expect(merged.encoded() == object.encoded())
    }
}
