internal import Essentials
internal import Platform

/// A client of etcd: one connection, with as many calls at once as the pipeline is deep. Confined
/// to its loop.
final class EtcdClient: Client, StreamHandler {
    private static let reconnectMs: UInt64 = 100
    private static let connectMsMax: UInt64 = 5000
    /// A response longer than this is none: a value of the largest size, and what surrounds it.
    private static let messageSizeMax = 64 << 10
    /// Bytes received after which the server is told that it may send as many again.
    private static let windowRefill = 1 << 30

    /// A call that has not been answered.
    private struct Call {
        let stream: UInt32
        let operation: Operation
        /// The gRPC message so far, with its prefix of five bytes.
        var message: [UInt8] = []
    }

    unowned let driver: Driver
    var isWaiting = false
    private var server: Int
    private var writer: EtcdWriter
    private var stream: TCPStream?
    private var isUsable = false
    private var isReady = false
    private var output: [UInt8] = []
    private var carry: [UInt8] = []
    private var headers = HeaderTable()
    private var nextStream: UInt32 = 1
    private var calls: [Call] = []
    private var followUps: [Operation] = []
    /// What the server takes before it has to say more.
    private var sendWindow = 0
    private var unacknowledgedBytes = 0
    private var lastProgressNs: UInt64 = 0
    private var lossCode = "CONNECTION"
    private var reconnection: Timer?

    init(_ driver: Driver, index: Int) {
        self.driver = driver
        server = index
        writer = EtcdWriter(driver.writer, authority: "")
    }

    private var address: SocketAddress {
        driver.options.servers[server % driver.options.servers.count]
    }

    func connect() {
        writer = EtcdWriter(driver.writer, authority: address.description)
        headers = HeaderTable()
        nextStream = 1
        sendWindow = HTTP2.windowInitial
        unacknowledgedBytes = 0
        lossCode = "CONNECTION"
        stream = TCPStream.connect(
            loop: driver.loop, to: address, timeoutMs: Self.connectMsMax, handler: self)
    }

    // MARK: Sending

    func pump(nowNs: UInt64) {
        guard isUsable, calls.isEmpty || driver.isOpenLoop else { return flush() }
        if calls.isEmpty { lastProgressNs = nowNs }
        while calls.count < driver.options.pipeline, sendWindow >= Self.messageSizeMax / 2 {
            guard let operation = followUps.popLast() ?? driver.take(for: self, nowNs: nowNs) else {
                break
            }
            sendWindow -= writer.append(
                operation, stream: nextStream, isFirst: nextStream == 1, to: &output)
            calls.append(Call(stream: nextStream, operation: operation))
            // A connection has some thousand million streams: more than a run has calls.
            nextStream += 2
        }
        flush()
    }

    private func flush() {
        guard !output.isEmpty else { return }
        stream?.write(output)
        output.removeAll(keepingCapacity: true)
    }

    func expire(unansweredSince deadlineNs: UInt64) {
        guard isUsable, !calls.isEmpty, lastProgressNs < deadlineNs else { return }
        lose("TIMEOUT")
    }

    // MARK: Stream

    func streamConnected(_ stream: TCPStream) {
        isUsable = true
        stream.write(HTTP2.opening)
        if !isReady {
            isReady = true
            driver.status.clientReady()
        }
        pump(nowNs: SystemClock.monotonicNs())
    }

    func streamReceived(_ stream: TCPStream, _ bytes: Span<UInt8>) {
        let nowNs = SystemClock.monotonicNs()
        lastProgressNs = nowNs
        var whole: [UInt8] = []
        swap(&whole, &carry)
        whole.append(contentsOf: bytes)
        var offset = 0
        while case .frame(let frame) = HTTP2.frame(whole.span, from: offset) {
            handle(frame, whole.span, nowNs)
            offset = frame.payload.upperBound
        }
        if case .malformed = HTTP2.frame(whole.span, from: offset) { lose("PROTOCOL") }
        whole.removeSubrange(..<offset)
        carry = whole
        if unacknowledgedBytes > Self.windowRefill {
            HTTP2.appendWindowUpdate(unacknowledgedBytes, to: &output)
            unacknowledgedBytes = 0
        }
        pump(nowNs: nowNs)
    }

    private func handle(_ frame: HTTP2.Frame, _ bytes: Span<UInt8>, _ nowNs: UInt64) {
        switch frame.type {
        case HTTP2.FrameType.data: dataReceived(frame, bytes, nowNs)
        case HTTP2.FrameType.headers: headersReceived(frame, bytes, nowNs)
        case HTTP2.FrameType.resetStream:
            if let call = takeCall(frame.stream) {
                driver.failed(call.operation, code: "RESET", nowNs: nowNs)
            }
        case HTTP2.FrameType.settings where !frame.has(HTTP2.Flag.acknowledged):
            HTTP2.appendFrame(
                HTTP2.FrameType.settings, flags: HTTP2.Flag.acknowledged, payload: [], to: &output)
        case HTTP2.FrameType.ping where !frame.has(HTTP2.Flag.acknowledged):
            HTTP2.appendFrame(
                HTTP2.FrameType.ping, flags: HTTP2.Flag.acknowledged,
                payload: frame.payload.map { bytes[$0] }, to: &output)
        case HTTP2.FrameType.windowUpdate where frame.stream == 0 && frame.payload.count == 4:
            sendWindow += Int(HTTP2.number(bytes, at: frame.payload.lowerBound) & 0x7FFF_FFFF)
        case HTTP2.FrameType.goAway: lose("CONNECTION")
        default: break
        }
    }

    private func dataReceived(_ frame: HTTP2.Frame, _ bytes: Span<UInt8>, _ nowNs: UInt64) {
        unacknowledgedBytes += frame.payload.count
        guard let content = HTTP2.content(of: frame, in: bytes) else { return lose("PROTOCOL") }
        guard let index = calls.firstIndex(where: { $0.stream == frame.stream }) else { return }
        calls[index].message.append(contentsOf: bytes.extracting(content))
        if calls[index].message.count > Self.messageSizeMax { lose("PROTOCOL") }
    }

    private func headersReceived(_ frame: HTTP2.Frame, _ bytes: Span<UInt8>, _ nowNs: UInt64) {
        guard frame.has(HTTP2.Flag.endHeaders),
            let content = HTTP2.content(of: frame, in: bytes)
        else { return lose("PROTOCOL") }
        let status = headers.status(in: content.map { bytes[$0] })
        guard frame.has(HTTP2.Flag.endStream), let call = takeCall(frame.stream) else { return }
        // A call that fails has no message, whatever the status is called.
        if call.message.count < 5 || (status ?? 0) != 0 {
            driver.failed(call.operation, code: GRPCStatus.name(status), nowNs: nowNs)
        } else {
            answered(call, nowNs)
        }
    }

    private func takeCall(_ stream: UInt32) -> Call? {
        calls.firstIndex { $0.stream == stream }.map { calls.remove(at: $0) }
    }

    private func answered(_ call: Call, _ nowNs: UInt64) {
        var operation = call.operation
        let isRead = operation.part == .whole
        if operation.kind == .get || operation.kind == .readModifyWrite && isRead {
            check(Array(call.message.dropFirst(5)), key: operation.key)
        }
        if operation.kind == .readModifyWrite, isRead {
            operation.part = .write
            followUps.append(operation)
        } else {
            driver.succeeded(operation, nowNs: nowNs)
        }
    }

    private func check(_ response: [UInt8], key: Int) {
        do throws(DecodingError) {
            guard let value = try EtcdWriter.value(inRangeResponse: response) else {
                return driver.readNothing()
            }
            guard driver.options.verifies else { return }
            let range = 0..<value.count
            if !driver.writer.values.isValid(value.span, in: range, key: key) {
                driver.readWrongValue()
            }
        } catch {
            driver.readWrongValue()
        }
    }

    // MARK: Closing

    private func lose(_ code: String) {
        lossCode = code
        stream?.close()
    }

    func streamClosed(_ stream: TCPStream, error: PlatformError?) {
        self.stream = nil
        isUsable = false
        output = []
        carry = []
        if !isReady {
            return driver.status.fail(error?.description ?? "\(address): connection closed")
        }
        let lost = calls
        calls = []
        let nowNs = SystemClock.monotonicNs()
        for call in lost { driver.failed(call.operation, code: lossCode, nowNs: nowNs) }
        server += 1
        reconnection = reconnection ?? Timer(loop: driver.loop) { [weak self] in self?.connect() }
        reconnection?.set(afterMs: Self.reconnectMs)
    }
}
