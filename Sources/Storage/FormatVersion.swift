internal import Essentials

/// The version of everything Martlet itself encodes in a database: keys, records, facts.
///
///     key "format-version" in `.meta` → version (4, big-endian)
///
/// On disk. The record's place and shape never change, so that any build can say which it is.
enum FormatVersion {
    static let current: UInt32 = 1
    static let key = Array("format-version".utf8)

    /// Writes the version into a new database; refuses a database of a newer build.
    static func check(
        _ engine: some StorageEngine, directory: String
    ) throws(StorageError) {
        switch try engine.read(key, from: .meta, mayBlock: true) {
        case .found(let bytes):
            let version = try decode(bytes)
            guard version <= current else {
                throw .unknownFormat(
                    directory: directory,
                    reason: "its format is \(version), this build knows up to \(current)")
            }
        case .absent, .notInMemory:
            var batch = WriteBatch()
            var value: [UInt8] = []
            value.appendBigEndian(current)
            batch.put(key, value, in: .meta)
            try engine.writeOrThrow(batch)
            try engine.sync()
        }
    }

    private static func decode(_ bytes: [UInt8]) throws(StorageError) -> UInt32 {
        do throws(DecodingError) {
            var reader = ByteReader(bytes)
            let version = try reader.readBigEndian(UInt32.self)
            try reader.finish()
            return version
        } catch {
            throw .corrupt(reason: "the format version record cannot be read: \(error)")
        }
    }
}
