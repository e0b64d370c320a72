import NIOCore
import NIOPosix

/// Sends its share of the requests from one event loop: the numbers that are its own number modulo the workers.
final class LoadWorker {
    private let loop: any EventLoop
    private let number: Int
    private let workers: Int
    private let configuration: LoadGenerator.Configuration
    private let template: RequestTemplate
    private let bootstrap: ClientBootstrap
    private let address: SocketAddress

    private var phase: LoadPhase?
    private var promise: EventLoopPromise<[RequestRecord]>?
    private var records: [RequestRecord] = []
    private var origin: UInt64 = 0
    private var nextIndex = 0
    /// Conversations that may begin as soon as there is a place, whenever that is.
    private var waiting = 0
    /// The times of those that were to begin by now, in nanoseconds of the monotonic clock; some have begun.
    private var due: [UInt64] = []
    private var firstDue = 0
    /// Conversations that go on after the answer under way, by their number.
    private var talks: [Int: Talk] = [:]
    /// Whether more conversations will come to wait.
    private var isExpectingMore = false
    private var arrivals: ArrivalTimes?
    /// How many arrivals have been drawn.
    private var arrivalCount = 0
    /// Seconds from the start to the worker's next arrival.
    private var nextArrival: Double?
    private var isWatching = false
    /// Requests under way, those that wait for a connection included.
    private var busy = 0
    private var isPumping = false
    private var isCancelled = false
    /// Whether no further request is sent.
    private var isStopped = false
    private var idle: [LoadConnection] = []
    private var active: [ObjectIdentifier: LoadConnection] = [:]

    init(
        loop: any EventLoop, number: Int, workers: Int, configuration: LoadGenerator.Configuration,
        template: RequestTemplate, address: SocketAddress
    ) {
        self.loop = loop
        self.number = number
        self.workers = workers
        self.configuration = configuration
        self.template = template
        self.address = address
        bootstrap = ClientBootstrap(group: loop)
            // The loop is told again of what is left to read; asking for more after each event costs a system call.
            .channelOption(.maxMessagesPerRead, value: 1)
            .connectTimeout(.nanoseconds(min(30_000_000_000, configuration.timeoutNanoseconds)))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(LoadConnection())
                }
            }
    }

    // MARK: Phases

    /// Runs the worker's share of a phase and gives its records, whose times count from `origin`.
    func run(_ phase: LoadPhase, origin: UInt64) -> EventLoopFuture<[RequestRecord]> {
        guard !isCancelled else { return loop.makeSucceededFuture([]) }
        let promise = loop.makePromise(of: [RequestRecord].self)
        self.promise = promise
        self.phase = phase
        self.origin = origin
        records = []
        nextIndex = number
        isStopped = false
        (due, firstDue) = ([], 0)
        let share = phase.count.map { LoadPhase.share(of: $0, worker: number, workers: workers) }
        if phase.arrivals == .immediate {
            waiting = share ?? .max
            isExpectingMore = false
        } else {
            arrivals = ArrivalTimes(
                phase.arrivals, seed: configuration.seed, count: phase.count,
                seconds: phase.nanoseconds.map { Double($0) * 1e-9 }, recorded: configuration.dataset.arrivalSeconds)
            arrivalCount = 0
            nextArrival = nil
            isExpectingMore = true
            awaitArrival()
        }
        if let nanoseconds = phase.nanoseconds {
            _ = loop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(origin + nanoseconds)) { self.stop() }
        }
        if !isWatching { awaitTimeouts() }
        pump()
        return promise.futureResult
    }

    /// Begins no more requests.
    private func stop() {
        isStopped = true
        waiting = 0
        (due, firstDue) = ([], 0)
        isExpectingMore = false
        pump()
    }

    /// Ends the phase; the clients of what runs go away.
    private func abandon() {
        stop()
        for connection in Array(active.values) { connection.leave() }
    }

    /// Ends every request at once.
    func cancel() {
        isCancelled = true
        stop()
        for connection in Array(active.values) { connection.fail("cancelled", "the load was cancelled") }
    }

    /// Closes the connections that are kept open.
    func close() {
        for connection in idle { connection.close() }
        idle = []
    }

    private func finishIfDone() {
        guard !isExpectingMore, waiting == 0, firstDue == due.count, busy == 0, let promise else { return }
        self.promise = nil
        promise.succeed(records)
    }

    // MARK: Arrivals and timeouts

    /// Every worker draws all arrivals and keeps its own, so that their number does not change when requests come.
    private func awaitArrival() {
        while isExpectingMore {
            guard let seconds = nextArrival ?? drawArrival() else {
                isExpectingMore = false
                return
            }
            nextArrival = seconds
            let time = origin + UInt64(min(seconds, 1e9) * 1e9)
            guard time <= NIODeadline.now().uptimeNanoseconds else {
                _ = loop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(time)) {
                    self.awaitArrival()
                    self.pump()
                }
                return
            }
            nextArrival = nil
            due.append(time)
        }
    }

    private func drawArrival() -> Double? {
        while arrivalCount < phase?.count ?? .max, let seconds = arrivals?.next() {
            arrivalCount += 1
            if (arrivalCount - 1) % workers == number { return seconds }
        }
        return nil
    }

    private func awaitTimeouts() {
        isWatching = true
        let timeout = configuration.timeoutNanoseconds
        let interval = TimeAmount.nanoseconds(min(1_000_000_000, timeout / 2 + 1))
        _ = loop.assumeIsolated().scheduleTask(in: interval) { [self] in
            let now = NIODeadline.now().uptimeNanoseconds
            for connection in Array(active.values) {
                guard let exchange = connection.exchange, now >= exchange.sent + UInt64(timeout) else { continue }
                connection.fail("timeout", "no end within \(configuration.timeout)")
            }
            if phase?.misses?.isExceeded == true, !isStopped { abandon() }
            awaitTimeouts()
        }
    }

    // MARK: Requests

    /// Sends what waits, as far as there are places.
    private func pump() {
        guard !isPumping, let phase else { return }
        isPumping = true
        let places = phase.maxConcurrency.map { LoadPhase.share(of: $0, worker: number, workers: workers) } ?? .max
        while busy < places, let time = nextDue() {
            busy += 1
            begin(at: time)
        }
        isPumping = false
        finishIfDone()
    }

    /// The time of the next conversation that may begin; nil where none may.
    private func nextDue() -> UInt64? {
        if firstDue < due.count {
            firstDue += 1
            let time = due[firstDue - 1]
            if firstDue == due.count { (due, firstDue) = ([], 0) }
            return time
        }
        guard waiting > 0 else { return nil }
        if waiting != .max { waiting -= 1 }
        return NIODeadline.now().uptimeNanoseconds
    }

    private func begin(at time: UInt64) {
        let index = nextIndex
        nextIndex += workers
        let isWarmUp = phase?.isWarmUp ?? false
        let conversation = configuration.dataset.conversation((phase?.first ?? 0) + index, isWarmUp: isWarmUp)
        if conversation.turns.count > 1 { talks[index] = Talk(conversation) }
        send(conversation.turns[0].content, conversation.turns[0], index, turn: 0, at: time)
    }

    /// Sends a request that was to be sent at `time`.
    private func send(
        _ content: Dataset.Content, _ turn: Dataset.Turn, _ index: Int, turn number: Int, at time: UInt64
    ) {
        let request = template.request(
            content, outputTokens: turn.outputTokens, index, turn: number, isWarmUp: phase?.isWarmUp ?? false)
        let exchange = Exchange(
            index: index, turn: number, start: time, sent: max(time, NIODeadline.now().uptimeNanoseconds),
            expected: turn.outputTokens, outputLimit: request.outputLimit,
            isChat: configuration.endpoint == .chatCompletions,
            takesText: configuration.takesText || talks[index] != nil)
        while let connection = idle.popLast() {
            guard connection.isOpen else { continue }
            active[ObjectIdentifier(connection)] = connection
            return connection.begin(exchange, request.bytes)
        }
        bootstrap.connect(to: address)
            .flatMapThrowing { channel in
                NIOLoopBound(
                    try channel.pipeline.syncOperations.handler(type: LoadConnection.self), eventLoop: channel.eventLoop
                )
            }
            .assumeIsolated().whenComplete { [self] result in
                switch result {
                case .success(let bound): connected(bound.value, exchange, request.bytes)
                case .failure(let error): notConnected(exchange, error)
                }
            }
    }

    private func connected(_ connection: LoadConnection, _ exchange: Exchange, _ request: ByteBuffer) {
        connection.worker = self
        active[ObjectIdentifier(connection)] = connection
        connection.begin(exchange, request)
        if isCancelled { connection.fail("cancelled", "the load was cancelled") }
    }

    private func notConnected(_ exchange: Exchange, _ error: any Error) {
        let outcome: RequestRecord.Outcome
        if case ChannelError.connectTimeout(let time) = error {
            let limit = Duration.nanoseconds(time.nanoseconds)
            outcome = exchange.fail("timeout", "no connection to \(address) within \(limit)").outcome
        } else {
            outcome = exchange.fail("connect", "no connection to \(address): \(SystemReason.text(error))").outcome
        }
        add(exchange.record(outcome, at: NIODeadline.now().uptimeNanoseconds, origin: origin))
        talks[exchange.index] = nil
        // A server that is not there refuses at once: without a pause the loop would do nothing but try.
        _ = loop.assumeIsolated().scheduleTask(in: .milliseconds(50)) {
            self.busy -= 1
            self.pump()
        }
    }

    /// An exchange has ended.
    func ended(_ exchange: Exchange, _ conclusion: Exchange.Conclusion, on connection: LoadConnection) {
        active[ObjectIdentifier(connection)] = nil
        if conclusion.isReusable {
            if configuration.reusesConnections, !isCancelled { idle.append(connection) } else { connection.close() }
        }
        let record = exchange.record(conclusion.outcome, at: NIODeadline.now().uptimeNanoseconds, origin: origin)
        add(record)
        guard !goesOn(after: record) else { return }
        busy -= 1
        pump()
    }

    private func add(_ record: RequestRecord) {
        var record = record
        if !configuration.takesText { record.text = nil }
        records.append(record)
        phase?.misses?.count(record)
        if phase?.misses?.isExceeded == true, !isStopped { abandon() }
    }

    /// Has a conversation's user think and send the next request, which keeps its place; false where there is none.
    private func goesOn(after record: RequestRecord) -> Bool {
        guard var talk = talks.removeValue(forKey: record.index), record.outcome == .completed, !isStopped,
            let turn = talk.next(after: record, configuration)
        else { return false }
        let time = NIODeadline.now().uptimeNanoseconds + UInt64(turn.thinkSeconds * 1e9)
        if talk.hasMore { talks[record.index] = talk }
        let content = talk.said
        _ = loop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(time)) { [self] in
            guard !isStopped else {
                talks[record.index] = nil
                busy -= 1
                return pump()
            }
            send(content, turn, record.index, turn: record.turn + 1, at: time)
        }
        return true
    }

    /// A connection without an exchange was closed by the server.
    func closed(_ connection: LoadConnection) {
        idle.removeAll { $0 === connection }
    }
}

extension LoadGenerator.Configuration {
    /// ``timeout`` in nanoseconds.
    fileprivate var timeoutNanoseconds: Int64 { Int64(timeout / .nanoseconds(1)) }
}
