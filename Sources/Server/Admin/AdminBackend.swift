public import Placement

/// What the admin port asks of the node.
///
/// Called on the threads of the admin port, many at a time; a call may wait for the node's loops,
/// but not for ever: one that gets no answer throws.
public protocol AdminBackend: Sendable {
    /// Why requests cannot be served yet or any more; nil when they can. Must not wait.
    var unreadiness: String? { get }

    func status() throws(AdminError) -> StatusReport
    func ring() throws(AdminError) -> RingReport
    func hints() throws(AdminError) -> HintReport
    func keyspaces() throws(AdminError) -> KeyspaceReport
    /// Makes the keyspace, or changes what is named of it, and returns once that is made.
    func setKeyspace(prefix: [UInt8], _ quorums: Quorums) throws(AdminError) -> KeyspaceReport
    func unsetKeyspace(prefix: [UInt8]) throws(AdminError) -> KeyspaceReport
    /// What it would mean to go on without these members, named by numbers or ids.
    func planRemoval(_ removal: Removal, of words: [String]) throws(AdminError) -> RemovalReport
    /// Goes on without them, and returns once that is decided.
    func remove(_ removal: Removal, _ words: [String]) throws(AdminError) -> RemovalReport
    func explain(key: [UInt8]) throws(AdminError) -> KeyReport
    func metrics() throws(AdminError) -> [Metric]
}

/// Why the node did not answer the admin port.
public enum AdminError: Error, Equatable, CustomStringConvertible {
    /// The node does not serve now; the text says why, for people.
    case unavailable(String)
    /// The question makes no sense, such as a key over the limit, or a change cannot be made.
    case refused(String)

    public var description: String {
        switch self {
        case .unavailable(let reason), .refused(let reason): reason
        }
    }
}
