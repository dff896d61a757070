internal import Essentials
internal import Glibc

/// One file of RocksDB's write-ahead log, as the file system shows it.
struct LogFile: Hashable {
    let number: UInt64
    let size: UInt64

    /// The log's files in `directory`, oldest first; none where there is no such directory.
    static func all(in directory: String) -> [LogFile] {
        DataDirectory.files(directory, suffix: ".log").compactMap { name, size in
            UInt64(name.dropLast(4)).map { LogFile(number: $0, size: size) }
        }.sorted { $0.number < $1.number }
    }

    func path(in directory: String) -> String {
        let digits = String(number)
        return directory + "/" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
            + ".log"
    }
}

/// Walks the log before RocksDB reads it: its recovery mode 0 takes a file that is cut short, or
/// gone, for the end of what was written, also where later files follow.
///
/// A file is a row of blocks of 32 KiB. A record is one fragment or several; each has a header of
/// checksum (4), length (2, little-endian) and kind (1). A record begins with the sequence number
/// of its first operation (8, little-endian) and the number of operations (4): each record begins
/// where the one before has ended, over all files. Checksums are RocksDB's to look at.
struct LogWalk {
    /// Where something is missing.
    struct Hole: Equatable {
        /// The file that ends too early, or before which one is missing.
        let file: UInt64
        /// The first operation that is missing.
        let sequence: UInt64
    }

    private static let blockSize = 32 << 10
    private static let headerSize = 7
    private static let recordHeadSize = 12
    /// What is read at once.
    private static let chunkSize = 128 * blockSize

    /// The operation that the next record must begin with; nil before the first record.
    private var next: UInt64?
    /// The first bytes of the record that is being read; nil between two records.
    private var head: [UInt8]?
    private var hole: Hole?
    /// The file is of a kind that this build does not write.
    private var isForeign = false
    /// Nothing follows in this file but what was set aside for it.
    private var isAtEnd = false

    /// The first hole in the log; nil when only the end of the last file may be torn.
    static func firstHole(
        in directory: String, _ files: [LogFile]
    ) throws(StorageError) -> Hole? {
        var walk = LogWalk()
        for (index, file) in files.enumerated() {
            let isTorn = try walk.read(file, in: directory)
            if walk.isForeign { return nil }
            if let hole = walk.hole { return hole }
            // An empty file may follow one that was being written: nothing follows then.
            if isTorn, files[(index + 1)...].contains(where: { $0.size > 0 }) {
                return Hole(file: file.number, sequence: walk.next ?? 0)
            }
        }
        return nil
    }

    /// Returns whether the file ends within a record.
    private mutating func read(_ file: LogFile, in directory: String) throws(StorageError) -> Bool {
        let path = file.path(in: directory)
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .io(reason: DataDirectory.failure("open", path)) }
        defer { _ = close(descriptor) }
        head = nil
        isAtEnd = false
        var offset = 0
        var chunk = [UInt8](repeating: 0, count: Self.chunkSize)
        while !isAtEnd {
            let count = unsafe chunk.withUnsafeMutableBytes { bytes in
                unsafe pread(descriptor, bytes.baseAddress, bytes.count, off_t(offset))
            }
            guard count >= 0 else { throw .io(reason: DataDirectory.failure("read", path)) }
            if count == 0 { return head != nil }
            var start = 0
            while start < count, !isAtEnd {
                let end = min(start + Self.blockSize, count)
                guard readBlock(chunk, start..<end, of: file.number) else { return true }
                start += Self.blockSize
            }
            offset += count
        }
        return head != nil
    }

    /// Returns false where the block ends within a fragment.
    private mutating func readBlock(
        _ bytes: [UInt8], _ block: Range<Int>, of file: UInt64
    ) -> Bool {
        var place = block.lowerBound
        // The last bytes of a full block are left empty where no header fits in.
        while place + Self.headerSize <= block.upperBound {
            let length = Int(bytes[place + 4]) | Int(bytes[place + 5]) << 8
            let kind = bytes[place + 6]
            guard kind != 0 else {
                isAtEnd = true
                return true
            }
            place += Self.headerSize
            guard place + length <= block.upperBound else { return false }
            take(bytes[place..<place + length], kind: kind, of: file)
            if isForeign || hole != nil {
                isAtEnd = true
                return true
            }
            place += length
        }
        let isFull = block.count == Self.blockSize
        return isFull || place == block.upperBound
    }

    private mutating func take(_ fragment: ArraySlice<UInt8>, kind: UInt8, of file: UInt64) {
        switch kind {
        case 1, 2: head = Array(fragment.prefix(Self.recordHeadSize))
        case 3, 4:
            let missing = Self.recordHeadSize - (head?.count ?? Self.recordHeadSize)
            head?.append(contentsOf: fragment.prefix(missing))
        default: isForeign = true
        }
        guard kind == 1 || kind == 4, let head, head.count == Self.recordHeadSize else { return }
        self.head = nil
        let sequence = head.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let count = head.suffix(4).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        if let next, sequence > next { hole = Hole(file: file, sequence: next) }
        next = max(next ?? 0, sequence &+ count)
    }
}
