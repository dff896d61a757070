internal import Causality
internal import Essentials
internal import Hashing
package import Objects

// The causal context as clients hold it: opaque to them, kept by some of them for long. Never
// reorder or reuse.
//
//     u8   version, 1 or 2
//     u32  the low half of XXH3-64 of the key (little endian)
//     …    causal context (CausalContext+Coding)
//     …    marks of counters (CounterMark+Coding), in version 2
//
// Version 2 is written for keys with counters, version 1 for others. A client that comes back with
// a version 1 of a key with counters covers of each counter what the replica knows that it has
// seen.
//
// The key's hash is there because a context of another key would silently cover nothing, or worse,
// cover dots that this key happens to use too.

package enum ContextToken {
    private static let version: UInt8 = 2
    private static let versionWithoutCounters: UInt8 = 1

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
    package static func encode(_ sighting: Sighting, of key: [UInt8]) -> [UInt8] {
        guard !sighting.context.isEmpty else { return [] }
        let hasCounters = !sighting.marks.isEmpty
        var bytes: [UInt8] = [hasCounters ? version : versionWithoutCounters]
        bytes.appendLittleEndian(UInt32(truncatingIfNeeded: xxh3(key)))
        sighting.context.encode(into: &bytes)
        if hasCounters { sighting.marks.encode(into: &bytes) }
        return bytes
    }

    package static func decode(_ bytes: [UInt8], of key: [UInt8]) throws(Failure) -> Sighting {
        guard !bytes.isEmpty else { return Sighting() }
        do {
            var reader = ByteReader(bytes)
            let version = try reader.readByte()
            guard versionWithoutCounters...Self.version ~= version else { throw Failure.malformed }
            let hash: UInt32 = try reader.readLittleEndian()
            guard hash == UInt32(truncatingIfNeeded: xxh3(key)) else { throw Failure.otherKey }
            let context = try CausalContext(from: &reader)
            let marks =
                version == versionWithoutCounters
                ? [] : try [CounterMark](from: &reader, within: context)
            try reader.finish()
            return Sighting(context, marks: marks)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw .malformed
        }
    }
}
