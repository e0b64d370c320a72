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
    /// Requests that may be sent as soon as there is a place.
    private var waiting = 0
    /// Whether more requests will come to wait.
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
        let share = phase.count.map { LoadPhase.share(of: $0, worker: number, workers: workers) }
        if phase.rate.isInfinite {
            waiting = share ?? .max
            isExpectingMore = false
        } else {
            arrivals = ArrivalTimes(
                rate: phase.rate, burstiness: configuration.burstiness, seed: configuration.seed, count: phase.count)
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
        waiting = 0
        isExpectingMore = false
        pump()
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
        guard !isExpectingMore, waiting == 0, busy == 0, let promise else { return }
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
            let due = origin + UInt64(min(seconds, 1e9) * 1e9)
            guard due <= NIODeadline.now().uptimeNanoseconds else {
                _ = loop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(due)) {
                    self.awaitArrival()
                    self.pump()
                }
                return
            }
            nextArrival = nil
            waiting += 1
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
                guard let exchange = connection.exchange, now >= exchange.start + UInt64(timeout) else { continue }
                connection.fail("timeout", "no end within \(configuration.timeout)")
            }
            awaitTimeouts()
        }
    }

    // MARK: Requests

    /// Sends what waits, as far as there are places.
    private func pump() {
        guard !isPumping, let phase else { return }
        isPumping = true
        let places = phase.maxConcurrency.map { LoadPhase.share(of: $0, worker: number, workers: workers) } ?? .max
        while waiting > 0, busy < places {
            if waiting != .max { waiting -= 1 }
            busy += 1
            send()
        }
        isPumping = false
        finishIfDone()
    }

    private func send() {
        let index = nextIndex
        nextIndex += workers
        let request = template.request(index, isWarmUp: phase?.isWarmUp ?? false)
        let exchange = Exchange(
            index: index, start: NIODeadline.now().uptimeNanoseconds, expected: configuration.outputLength,
            outputLimit: request.outputLimit, isChat: configuration.endpoint == .chatCompletions,
            takesText: configuration.takesText)
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
        records.append(exchange.record(outcome, at: NIODeadline.now().uptimeNanoseconds, origin: origin))
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
        records.append(exchange.record(conclusion.outcome, at: NIODeadline.now().uptimeNanoseconds, origin: origin))
        busy -= 1
        pump()
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
