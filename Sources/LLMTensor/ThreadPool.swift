import CLLMKernels
import Glibc
import Synchronization

/// A pool of threads that works on the pieces of one job at a time; callers on several threads take turns.
///
/// The caller works too, so a pool of `threads` starts `threads - 1`. Pieces are claimed from an atomic counter; which
/// thread takes a piece never changes a result. Idle threads spin briefly, then sleep, so that the rest of the process
/// gets its cores.
public final class ThreadPool: Sendable {
    /// Threads that work on a job, the caller included.
    public let threads: Int
    private let job = Job()

    /// Starts the pool's threads. A thread that the system refuses is done without.
    ///
    /// - Precondition: `threads` is at least 1.
    public init(threads: Int) {
        precondition(threads >= 1, "a pool needs a thread")
        var started = 1
        for _ in 1..<threads {
            let retained = Unmanaged.passRetained(job)
            var handle = pthread_t()
            let code = pthread_create(
                &handle, nil,
                { argument in
                    if let argument { Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().work() }
                    return nil
                }, retained.toOpaque())
            if code == 0 {
                pthread_detach(handle)
                started += 1
            } else {
                retained.release()
            }
        }
        self.threads = started
    }

    deinit { job.stop() }

    /// Runs `body(0)` to `body(count - 1)`, in any order and on any thread, and returns when all are done.
    ///
    /// A body must not start a job of the same pool.
    public func run(_ count: Int, _ body: @Sendable (Int) -> Void) {
        if count <= 1 || threads == 1 {
            for piece in 0..<max(count, 0) { body(piece) }
        } else {
            withoutActuallyEscaping(body) { job.run(count, $0) }
        }
    }

    /// `body(0)` to `body(count - 1)`, worked out in any order and on any thread.
    ///
    /// A body must not start a job of the same pool.
    public func map<Value: Sendable>(_ count: Int, _ body: @Sendable (Int) -> Value) -> [Value] {
        [Value](unsafeUninitializedCapacity: max(count, 0)) { values, initialized in
            let places = Places(values)
            run(count) { places.initialize($0, to: body($0)) }
            initialized = max(count, 0)
        }
    }
}

/// Places in memory that several threads fill, each its own.
private struct Places<Value>: @unchecked Sendable {
    private let buffer: UnsafeMutableBufferPointer<Value>

    init(_ buffer: UnsafeMutableBufferPointer<Value>) { self.buffer = buffer }

    func initialize(_ index: Int, to value: Value) { buffer.initializeElement(at: index, to: value) }
}

/// The job in work. `remaining` publishes it: a piece is claimed by lowering it, and `body` is read only between a claim
/// and the lowering of `unfinished`, while the caller waits.
private final class Job: @unchecked Sendable {
    private let remaining = Atomic<Int>(0)
    private let unfinished = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)
    private let stopped = Atomic<Bool>(false)
    private var body: (@Sendable (Int) -> Void)?
    // The C library's mutexes, which the thread sanitizer sees.
    private let turn = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// How long a thread waits in a loop, before a worker sleeps or the caller yields its core. Longer than what lies
    /// between two ops of a step, and about what it costs to wake a thread.
    private static let spinNanoseconds: UInt64 = 50_000

    init() {
        pthread_mutex_init(turn, nil)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(wake, nil)
    }

    deinit {
        pthread_cond_destroy(wake)
        pthread_mutex_destroy(mutex)
        pthread_mutex_destroy(turn)
        wake.deallocate()
        mutex.deallocate()
        turn.deallocate()
    }

    func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        pthread_mutex_lock(turn)
        defer { pthread_mutex_unlock(turn) }
        self.body = body
        unfinished.store(count, ordering: .relaxed)
        remaining.store(count, ordering: .sequentiallyConsistent)
        if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
        workOff()
        if !spin(until: { unfinished.load(ordering: .acquiring) == 0 }) {
            while unfinished.load(ordering: .acquiring) > 0 { sched_yield() }
        }
        self.body = nil
    }

    func work() {
        while !stopped.load(ordering: .acquiring) {
            workOff()
            if !spin(until: { remaining.load(ordering: .relaxed) > 0 }) { sleep() }
        }
    }

    func stop() {
        stopped.store(true, ordering: .sequentiallyConsistent)
        wakeAll()
    }

    /// Claims and runs pieces until none is left.
    private func workOff() {
        var left = remaining.load(ordering: .relaxed)
        while left > 0 {
            let claim = remaining.weakCompareExchange(
                expected: left, desired: left - 1, successOrdering: .acquiring, failureOrdering: .relaxed)
            guard claim.exchanged else {
                left = claim.original
                continue
            }
            body?(left - 1)
            unfinished.subtract(1, ordering: .releasing)
            left = remaining.load(ordering: .relaxed)
        }
    }

    /// Waits in a loop until `condition` holds; false where it takes too long.
    private func spin(until condition: () -> Bool) -> Bool {
        // The clock is read now and then only, for a pause takes from 1 to 100 nanoseconds, according to the CPU.
        var end = UInt64.max
        while true {
            for _ in 0..<64 {
                if condition() { return true }
                llm_pause()
            }
            let now = monotonicNanoseconds()
            if now >= end { return false }
            if end == .max { end = now + Job.spinNanoseconds }
        }
    }

    private func sleep() {
        pthread_mutex_lock(mutex)
        sleepers.add(1, ordering: .sequentiallyConsistent)
        while remaining.load(ordering: .sequentiallyConsistent) == 0,
            !stopped.load(ordering: .sequentiallyConsistent)
        {
            pthread_cond_wait(wake, mutex)
        }
        sleepers.subtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(mutex)
    }

    private func wakeAll() {
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(wake)
        pthread_mutex_unlock(mutex)
    }
}

private func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
