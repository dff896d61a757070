internal import CUV
public import Essentials
internal import Synchronization

/// A libuv loop with a thread of its own, which is also the serial executor of the actors pinned
/// to it.
///
/// Everything that lives on a loop (streams, timers, a shard's state) is reached from this thread
/// only, so the request path needs no lock, task or await. Non-Sendable state is entered through
/// an actor whose `unownedExecutor` is the loop's, by `assumeIsolated` inside a callback: that
/// traps when the caller is not where it believes to be.
///
/// A pass of the loop is: poll and run what is ready (reads, timers, closes), then what other
/// threads posted, then `passEnded` once. The server commits its write batch there.
///
/// Other threads may use `post`, `perform`, `enqueue`, `isCurrent`, `start` and `stop`; all else
/// is confined to the loop's thread. `@unchecked` because the compiler cannot see this
/// confinement: the stored properties of the second part are touched by the loop's thread alone.
/// `@safe` because libuv's memory is owned here and never handed out.
@safe
public final class EventLoop: SerialExecutor, @unchecked Sendable {
    /// Bytes that one read takes at most. 64 KiB holds some thousand pipelined requests, and
    /// stays in the second-level cache.
    static let readBytesMax = 64 * 1024

    /// What other threads ask of the loop.
    enum Work {
        case job(UnownedJob)
        case call(@Sendable () -> Void)
        case drain(any Drainable)
    }

    private struct Inbox {
        var work: [Work] = []
        var isOpen = true
    }

    public let name: String
    private let inbox = Mutex(Inbox())
    /// Whether the loop knows that its inbox has work; changed only with the inbox locked, so a
    /// batch costs one wake-up, and a pass without work costs one load.
    private let isSignalled = Atomic(false)
    private let isStopping = Atomic(false)
    /// The loop's thread, 0 before it runs and after it has ended.
    private let owner = Atomic<UInt>(0)
    private let thread = Mutex<SystemThread?>(nil)
    private let wake: WakeEvent

    // Confined to the loop's thread.

    /// Runs exactly once after every poll phase and the posted work, before the loop sleeps; no
    /// longer once the loop is stopping.
    public var passEnded: (() -> Void)?
    let uv: UnsafeMutablePointer<uv_loop_t>
    private let wakePoll: UnsafeMutablePointer<uv_poll_t>
    /// What every stream of the loop reads into: a read is consumed before the next one begins.
    let readBuffer: UnsafeMutableRawPointer
    private var batch: [Work] = []
    private var handles: [ObjectIdentifier: any LoopHandle] = [:]
    private var cachedNow: Now?
    private var isInPoll = false
    private var isPassRequested = false

    /// - Parameter name: of the thread, for `top -H`; the system keeps 15 bytes.
    public init(name: String) throws(PlatformError) {
        self.name = name
        wake = try WakeEvent()
        unsafe uv = .allocate(capacity: 1)
        unsafe wakePoll = .allocate(capacity: 1)
        unsafe readBuffer = .allocate(byteCount: Self.readBytesMax, alignment: 64)
        var status = unsafe uv_loop_init(uv)
        if status == 0 {
            status = unsafe uv_poll_init(uv, wakePoll, wake.descriptor)
            if status != 0 { unsafe uv_loop_close(uv) }
        }
        if status != 0 {
            // There is no loop for `deinit` to close, which runs nevertheless.
            inbox.withLock { $0.isOpen = false }
            throw PlatformError(status: status, operation: "creating a loop", subject: name)
        }
        unsafe uv.pointee.data = readBuffer
        unsafe wakePoll.pointee.data = Unmanaged.passUnretained(wake).toOpaque()
        // Waking is all the callback is for: posted work is taken at its place in the pass.
        unsafe uv_poll_start(wakePoll, Int32(UV_READABLE.rawValue)) { handle, _, _ in
            guard let data = unsafe handle?.pointee.data else { return }
            unsafe Unmanaged<WakeEvent>.fromOpaque(data).takeUnretainedValue().reset()
        }
    }

    deinit {
        let neverStarted = inbox.withLock { $0.isOpen }
        if neverStarted { closeLoop() }
        unsafe uv.deallocate()
        unsafe wakePoll.deallocate()
        unsafe readBuffer.deallocate()
    }

    // MARK: From any thread

    /// Starts the loop's thread. To be called once.
    public func start() {
        thread.withLock { thread in
            invariant(thread == nil, "the loop \(name) was started twice")
            thread = SystemThread(name: name) { self.run() }
        }
    }

    /// Closes everything that lives on the loop and waits for its thread to end; on the loop's own
    /// thread it only asks for that. Work posted later is dropped.
    public func stop() {
        isStopping.store(true, ordering: .releasing)
        post {}
        guard !isCurrent else { return }
        let ending = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        ending?.join()
    }

    /// Whether the caller runs on the loop's thread.
    public var isCurrent: Bool { owner.load(ordering: .relaxed) == SystemThread.current }

    /// Runs `work` on the loop, in its next pass, in the order of posting. After the loop has
    /// stopped, nothing happens.
    public func post(_ work: @escaping @Sendable () -> Void) { submit(.call(work)) }

    /// Runs `work` on the loop and waits for its result: for starting, stopping and tests. Called
    /// on the loop itself, it runs at once.
    ///
    /// - Precondition: the loop is running.
    public func perform<Result: Sendable, Failure: Error>(
        _ work: @escaping @Sendable () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if isCurrent { return try work() }
        let outcome = Outcome<Result, Failure>()
        post { outcome.fulfil(Swift.Result(catching: work)) }
        return try outcome.wait().get()
    }

    /// Queues `work`, and wakes the loop if nobody has since it last emptied its inbox.
    func submit(_ work: Work) {
        let isFirst = inbox.withLock { inbox in
            guard inbox.isOpen else { return false }
            inbox.work.append(work)
            guard !isSignalled.load(ordering: .relaxed) else { return false }
            isSignalled.store(true, ordering: .releasing)
            return true
        }
        guard isFirst else { return }
        // Not inside the lock: the loop, once awake, may take this thread's processor, and would
        // then wait for the lock.
        if isCurrent { requestPass() } else { wake.signal() }
    }

    // MARK: On the loop

    /// The clocks, read once a pass: all that happens in a pass happens at one time, as a rule.
    public var now: Now {
        if let cachedNow { return cachedNow }
        let now = SystemClock.now()
        cachedNow = now
        return now
    }

    /// Reads the clocks once more, for what must not go by the time at which the pass began.
    public func readClocks() { cachedNow = nil }

    /// Makes `passEnded` run again before the loop sleeps: for a hook that has left work over.
    public func requestPass() {
        // Stopping libuv's loop means no more than a poll without waiting, and a return.
        if isInPoll { unsafe uv_stop(uv) } else { isPassRequested = true }
    }

    /// Keeps `handle` alive, and known to `stop`, until it is forgotten.
    func remember(_ handle: any LoopHandle) { handles[ObjectIdentifier(handle)] = handle }

    func forget(_ handle: any LoopHandle) { handles[ObjectIdentifier(handle)] = nil }

    private func run() {
        owner.store(SystemThread.current, ordering: .relaxed)
        while !isStopping.load(ordering: .acquiring) {
            let mode = isPassRequested ? UV_RUN_NOWAIT : UV_RUN_ONCE
            isPassRequested = false
            poll(mode)
            drainInbox()
            passEnded?()
        }
        closeHandles()
        owner.store(0, ordering: .relaxed)
    }

    private func poll(_ mode: uv_run_mode) {
        cachedNow = nil
        isInPoll = true
        unsafe uv_run(uv, mode)
        isInPoll = false
    }

    /// Does what was posted before this pass; what that posts in turn waits for the next one, so
    /// that sockets are not starved.
    private func drainInbox() {
        guard isSignalled.load(ordering: .acquiring) else { return }
        inbox.withLock { inbox in
            swap(&inbox.work, &batch)
            isSignalled.store(false, ordering: .relaxed)
        }
        for work in batch {
            switch work {
            case .job(let job): unsafe job.runSynchronously(on: asUnownedSerialExecutor())
            case .call(let call): call()
            case .drain(let mailbox): mailbox.drain()
            }
        }
        batch.removeAll(keepingCapacity: true)
    }

    /// Closes what is still open, with its callbacks, and then the loop itself.
    private func closeHandles() {
        while !handles.isEmpty {
            for handle in Array(handles.values) { handle.close() }
            poll(UV_RUN_ONCE)
            drainInbox()
        }
        inbox.withLock { inbox in
            inbox.isOpen = false
            inbox.work = []
        }
        passEnded = nil
        closeLoop()
    }

    private func closeLoop() {
        unsafe UnsafeMutableRawPointer(wakePoll).withMemoryRebound(
            to: uv_handle_t.self, capacity: 1
        ) {
            unsafe uv_close($0, nil)
        }
        unsafe uv_run(uv, UV_RUN_DEFAULT)
        let status = unsafe uv_loop_close(uv)
        invariant(status == 0, "the loop \(name) ended with something open")
    }
}

/// Something open on a loop: the loop keeps it alive until it has been closed.
protocol LoopHandle: AnyObject {
    func close()
}

/// Where one thread leaves the result that another waits for.
private final class Outcome<Value: Sendable, Failure: Error>: Sendable {
    private let result = Mutex<Result<Value, Failure>?>(nil)
    private let done = Semaphore()

    func fulfil(_ value: Result<Value, Failure>) {
        result.withLock { $0 = value }
        done.signal()
    }

    func wait() -> Result<Value, Failure> {
        done.wait()
        guard let value = result.withLock({ $0 }) else { fatalError("signalled without a result") }
        return value
    }
}
