// The one place where RocksDB's errors become ours. Its C API reports a status as a string that
// begins with the status' class ("Corruption: …", `util/status.cc`), allocated for us to free.

internal import CRocksDB

/// The out-parameter of a call into RocksDB: nil after success.
typealias StatusPointer = UnsafeMutablePointer<CChar>?

/// An error of RocksDB by class, with the whole text.
struct RocksDBStatus {
    enum Class {
        case corruption, io, noSpace, incomplete, other
    }

    let text: String

    /// Takes over `pointer` and frees it; nil when the call succeeded.
    init?(taking pointer: StatusPointer) {
        guard let pointer = unsafe pointer else { return nil }
        self.text = unsafe String(cString: pointer)
        unsafe rocksdb_free(pointer)
    }

    var kind: Class {
        if text.hasPrefix("Corruption: ") { return .corruption }
        if text.hasPrefix("Result incomplete: ") { return .incomplete }
        if text.hasPrefix("IO error: ") {
            return text.contains("No space left on device") ? .noSpace : .io
        }
        return .other
    }

    /// Whether it is about a file of the WAL. One that could not be appended to takes no more
    /// records, and trying to mend it ends the process by an assertion.
    var isOfLog: Bool { text.contains(".log: ") }

    /// The error for a read, write or scan of an open database.
    var error: StorageError {
        switch kind {
        case .corruption: .corrupt(reason: text)
        case .io: .io(reason: text)
        case .noSpace: .full(reason: text)
        case .incomplete, .other: .refused(reason: text)
        }
    }

    /// The error for opening `directory`.
    ///
    /// RocksDB tells a lock that another process holds ("While lock file") and one that this
    /// process holds ("lock hold by current process") as an I/O error of the file LOCK; and data
    /// that it must not drop silently as an invalid argument or a missing file as well as as a
    /// corruption.
    func openError(directory: String) -> StorageError {
        if text.contains("lock file") || text.contains("lock hold by current process") {
            return .busy(directory: directory, reason: text)
        }
        let isMissingFile = kind == .io && text.contains("No such file") && text.contains(".sst")
        return isMissingFile ? .corrupt(reason: text) : error
    }
}
