package import Causality
internal import Essentials
internal import Hashing

// The causal context as clients hold it: opaque to them, kept by some of them for long. Never
// reorder or reuse.
//
//     u8   version, 1
//     u32  the low half of XXH3-64 of the key (little endian)
//     …    causal context (CausalContext+Coding)
//
// The key's hash is there because a context of another key would silently cover nothing, or worse,
// cover dots that this key happens to use too.

package enum ContextToken {
    private static let version: UInt8 = 1

    package enum Failure: Error, Equatable {
        case malformed
        case otherKey

        package var text: String {
            switch self {
            case .malformed: "ERR invalid causal context: pass on what DGET, DPUT or DDEL answered"
            case .otherKey: "ERR the causal context belongs to another key"
            }
        }
    }

    /// Empty for a key that was never written.
    package static func encode(_ context: CausalContext, of key: [UInt8]) -> [UInt8] {
        guard !context.isEmpty else { return [] }
        var bytes: [UInt8] = [version]
        bytes.appendLittleEndian(UInt32(truncatingIfNeeded: xxh3(key)))
        context.encode(into: &bytes)
        return bytes
    }

    package static func decode(_ bytes: [UInt8], of key: [UInt8]) throws(Failure) -> CausalContext {
        guard !bytes.isEmpty else { return CausalContext() }
        do {
            var reader = ByteReader(bytes)
            guard try reader.readByte() == version else { throw Failure.malformed }
            let hash: UInt32 = try reader.readLittleEndian()
            guard hash == UInt32(truncatingIfNeeded: xxh3(key)) else { throw Failure.otherKey }
            let context = try CausalContext(from: &reader)
            try reader.finish()
            return context
        } catch let failure as Failure {
            throw failure
        } catch {
            throw .malformed
        }
    }
}
