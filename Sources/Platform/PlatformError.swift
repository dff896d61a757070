internal import CUV
internal import Glibc

/// What the operating system refused: the payloads are what an operator needs to act on it.
public enum PlatformError: Error, Equatable, CustomStringConvertible {
    /// Somebody else listens there; the payload is `host:port`.
    case addressInUse(String)
    /// No interface of this machine has the address.
    case addressNotAvailable(String)
    /// The name has no address, or no resolver answered.
    case hostNotFound(String)
    case connectionRefused(String)
    case connectionReset(String)
    case timedOut(String)
    /// The file, directory or address that may not be used.
    case permissionDenied(String)
    case notFound(String)
    /// Another process holds the lock file; its id is 0 where the file does not tell.
    case locked(path: String, processID: Int32)
    /// Everything else: what was tried, on what, and the system's words for what went wrong.
    case failed(operation: String, subject: String, reason: String)

    public var description: String {
        switch self {
        case .addressInUse(let address): "\(address): address already in use"
        case .addressNotAvailable(let address): "\(address): not an address of this machine"
        case .hostNotFound(let host): "\(host): host not found"
        case .connectionRefused(let address): "\(address): connection refused"
        case .connectionReset(let address): "\(address): connection reset"
        case .timedOut(let address): "\(address): timed out"
        case .permissionDenied(let subject): "\(subject): permission denied"
        case .notFound(let subject): "\(subject): no such file or directory"
        case .locked(let path, 0): "\(path): locked by another process"
        case .locked(let path, let processID): "\(path): locked by process \(processID)"
        case .failed(let operation, let subject, let reason):
            "\(subject): \(operation) failed: \(reason)"
        }
    }
}

// The only place where status codes of libuv and the system become errors of ours. libuv's codes
// are the negated numbers of the system on every platform that we run on.
extension PlatformError {
    /// Converts a negative result of libuv.
    init(status: Int32, operation: String, subject: String) {
        switch status {
        case UV_EADDRINUSE.rawValue: self = .addressInUse(subject)
        case UV_EADDRNOTAVAIL.rawValue: self = .addressNotAvailable(subject)
        case UV_ECONNREFUSED.rawValue: self = .connectionRefused(subject)
        case UV_ECONNRESET.rawValue, UV_EPIPE.rawValue: self = .connectionReset(subject)
        case UV_ETIMEDOUT.rawValue: self = .timedOut(subject)
        case UV_EACCES.rawValue, UV_EPERM.rawValue: self = .permissionDenied(subject)
        case UV_ENOENT.rawValue: self = .notFound(subject)
        case UV_EAI_NONAME.rawValue, UV_EAI_NODATA.rawValue, UV_EAI_AGAIN.rawValue,
            UV_EAI_FAIL.rawValue:
            self = .hostNotFound(subject)
        default:
            let reason = unsafe String(cString: uv_strerror(status))
            self = .failed(operation: operation, subject: subject, reason: reason)
        }
    }

    /// Converts an error number of the system.
    init(errorNumber: Int32, operation: String, subject: String) {
        self.init(status: -errorNumber, operation: operation, subject: subject)
    }

    /// Converts the error number that the system call just made has left.
    static func last(operation: String, subject: String) -> PlatformError {
        PlatformError(errorNumber: errno, operation: operation, subject: subject)
    }
}
