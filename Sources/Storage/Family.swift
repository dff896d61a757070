/// A separate key space inside one database: it has its own memtables and files, and shares the
/// WAL, so that one batch over several families is atomic.
///
/// On disk. Never reorder or reuse: the raw value is RocksDB's column family id, which follows from
/// the order of creation, and the name is in the manifest. A new family goes at the end; opening a
/// database that lacks it creates it.
public enum Family: UInt32, CaseIterable, Sendable {
    /// What clients stored: one record a cell, position first. It is RocksDB's default family,
    /// whose records are the cheapest to write: they carry no family id.
    case objects = 0
    /// Facts about this node: few, small, and read at start.
    case meta = 1
    /// What other nodes have missed: written while they are away, and removed when they are back.
    /// Apart from the objects, so that this churn does not make their reads slower.
    case hints = 2

    var name: String {
        switch self {
        case .objects: "default"
        case .meta: "meta"
        case .hints: "hints"
        }
    }

    /// `rawValue` as an index into arrays that hold one element per family.
    var index: Int { Int(rawValue) }
}
