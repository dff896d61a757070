/// Why the storage cannot go on: each case says in its description what was wrong and what to do.
public enum StorageError: Error, Equatable, CustomStringConvertible {
    /// Another process has the directory open.
    case busy(directory: String, reason: String)
    /// A checksum, a length or an order was wrong: what this node stores cannot be trusted.
    case corrupt(reason: String)
    /// The operating system failed to read or write.
    case io(reason: String)
    /// There is not enough free space for what must be written now.
    case full(reason: String)
    /// An fsync failed: acknowledged writes may not be on the disk.
    case syncFailed(reason: String)
    /// The directory was written by a build that knows more than this one.
    case unknownFormat(directory: String, reason: String)
    /// RocksDB refused what it was asked: a setting or a call it does not accept.
    case refused(reason: String)

    public var description: String {
        switch self {
        case .busy(let directory, let reason):
            """
            data directory \(directory) is in use by another process: stop that process, or give \
            this one a directory of its own (\(reason))
            """
        case .corrupt(let reason):
            """
            stored data is corrupt and this node must not serve it: move the data directory away \
            and rebuild the node from its replicas (\(reason))
            """
        case .io(let reason):
            "the disk or file system failed: check the data directory and its device (\(reason))"
        case .full(let reason):
            "the disk of the data directory is full: free some space (\(reason))"
        case .syncFailed(let reason):
            """
            an fsync failed, so writes may not be on the disk: check the device, then restart \
            this node (\(reason))
            """
        case .unknownFormat(let directory, let reason):
            """
            data directory \(directory) was written by a newer version: start that version, or \
            use another directory (\(reason))
            """
        case .refused(let reason):
            "RocksDB refused an operation (\(reason))"
        }
    }
}

extension StorageError {
    /// Whether it is about some of the data, so that other data may be there.
    public var isDamage: Bool {
        switch self {
        case .corrupt, .io: true
        case .busy, .full, .syncFailed, .unknownFormat, .refused: false
        }
    }
}
