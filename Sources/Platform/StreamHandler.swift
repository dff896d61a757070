/// What a stream tells its owner, on the stream's loop.
///
/// A stream keeps its handler alive until `streamClosed`, its last call.
public protocol StreamHandler: AnyObject {
    /// A stream made by `TCPStream.connect` is connected. Not called for an accepted one.
    func streamConnected(_ stream: TCPStream)

    /// Bytes came. They are in the loop's own buffer: copy what is to be kept.
    func streamReceived(_ stream: TCPStream, _ bytes: Span<UInt8>)

    /// The peer will send nothing more, but may still wait for answers. Unless a handler says
    /// otherwise, the stream is closed once what is queued has been written.
    func streamEnded(_ stream: TCPStream)

    /// The kernel has taken all that was queued: whoever stopped producing may go on.
    func streamDrained(_ stream: TCPStream)

    /// The stream is closed; nothing follows. `error` is nil after `close`.
    func streamClosed(_ stream: TCPStream, error: PlatformError?)
}

extension StreamHandler {
    public func streamConnected(_ stream: TCPStream) {}
    public func streamEnded(_ stream: TCPStream) { stream.closeWhenDrained() }
    public func streamDrained(_ stream: TCPStream) {}
}

extension [UInt8] {
    /// Appends a copy of `bytes`.
    public mutating func append(contentsOf bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
