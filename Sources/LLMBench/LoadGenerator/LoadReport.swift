/// What a load showed, measured at the client: vLLM's measures by vLLM's definitions, over completed requests.
public struct LoadReport: Sendable {
    /// Requests that the server had no room for (429 and 503).
    public struct Rejections: Sendable, Hashable {
        /// How many there were.
        public let count: Int
        /// How many of them said when to come back (`Retry-After`).
        public let withRetryAfter: Int
        /// From sending to the end of the refusal, in seconds.
        public let latency: Distribution?
    }

    /// Failures of one kind.
    public struct Failures: Sendable, Hashable {
        /// The kind; see ``RequestRecord/Failure/kind``.
        public let kind: String
        /// How many there were.
        public let count: Int
        /// What the first one said.
        public let firstMessage: String

        /// So many failures of a kind.
        public init(kind: String, count: Int, firstMessage: String) {
            self.kind = kind
            self.count = count
            self.firstMessage = firstMessage
        }
    }

    /// What the client itself took.
    public struct ClientUsage: Sendable, Hashable {
        /// Processor seconds of this process in user code while the load ran.
        public var userSeconds = 0.0
        /// Processor seconds of this process in the system while the load ran.
        public var systemSeconds = 0.0
        /// Event loops.
        public var threads = 1

        /// No usage.
        public init() {}
    }

    /// The name of the model that was asked.
    public var model = ""
    /// What the client itself took.
    public var client = ClientUsage()
    /// Clients that sent a request and never read.
    public var noReadClients = 0
    /// Every request, in the order of their numbers.
    public let records: [RequestRecord]
    /// Seconds from the start to the end of the last request.
    public let durationSeconds: Double
    /// Requests with status 200 and `[DONE]`.
    public let completed: Int
    /// Requests that the client itself broke off.
    public let disconnected: Int
    /// Requests that failed otherwise than by a refusal for want of room.
    public let failed: Int
    /// Requests refused for want of room.
    public let rejections: Rejections
    /// The failures by kind, most frequent first.
    public let failures: [Failures]
    /// Tokens of the prompts of completed requests.
    public let inputTokens: Int
    /// Those of ``inputTokens`` that came from the server's prefix cache.
    public let cachedTokens: Int
    /// Tokens generated for completed requests.
    public let outputTokens: Int
    /// Completed requests a second that kept every bound; nil without bounds.
    public let requestGoodput: Double?
    /// The shares of requests that kept their bounds; nil without bounds.
    public let attainment: Attainment?
    /// The part of the load without ramp and drain; nil where there is none.
    public let steady: SteadyState?
    /// From the time at which a request was to be sent to its sending, in seconds, over all requests.
    public let sendDelay: Distribution?
    /// Time to the first token, in seconds.
    public let ttft: Distribution?
    /// Time per output token after the first, in seconds, of requests of two tokens or more.
    public let tpot: Distribution?
    /// Time between consecutive outputs, in seconds, over all of them.
    public let itl: Distribution?
    /// End-to-end latency, in seconds.
    public let e2el: Distribution?
    /// Most outputs in a second of the load, counted in whole seconds from its start.
    public let peakOutputsPerSecond: Int
    /// Most completed requests that were under way at one time.
    public let peakConcurrency: Int

    /// Completed requests a second.
    public var requestThroughput: Double { rate(completed) }
    /// Generated tokens a second.
    public var outputThroughput: Double { rate(outputTokens) }
    /// Prompt and generated tokens a second.
    public var totalTokenThroughput: Double { rate(inputTokens + outputTokens) }
    /// Processor time of the client over the duration: 1 is a whole core.
    public var clientShare: Double {
        durationSeconds > 0 ? (client.userSeconds + client.systemSeconds) / durationSeconds : 0
    }
    /// Processor time of the client for each streamed output of completed requests, in seconds; nil without any.
    public var clientSecondsPerOutput: Double? {
        let outputs = records.reduce(0) { $0 + ($1.outcome == .completed ? $1.gapSeconds.count + 1 : 0) }
        return outputs > 0 ? (client.userSeconds + client.systemSeconds) / Double(outputs) : nil
    }

    private func rate(_ count: Int) -> Double { durationSeconds > 0 ? Double(count) / durationSeconds : 0 }

    /// Works the measures out of the records.
    public init(records: [RequestRecord], durationSeconds: Double, goodput: Goodput? = nil) {
        let completed = records.filter { $0.outcome == .completed }
        self.records = records.sorted { ($0.index, $0.turn) < ($1.index, $1.turn) }
        self.durationSeconds = durationSeconds
        self.completed = completed.count
        disconnected = records.count { $0.outcome == .disconnected }
        (rejections, failures) = LoadReport.refusals(self.records)
        failed = failures.reduce(0) { $0 + $1.count }
        inputTokens = completed.reduce(0) { $0 + $1.promptTokens }
        cachedTokens = completed.reduce(0) { $0 + $1.cachedTokens }
        outputTokens = completed.reduce(0) { $0 + $1.completionTokens }
        requestGoodput = goodput.map { goodput in
            durationSeconds > 0 ? Double(completed.count { goodput.isMet(by: $0) }) / durationSeconds : 0
        }
        attainment = goodput.flatMap { Attainment($0, of: records) }
        steady = SteadyState(completed.map(\.activity))
        sendDelay = Distribution(records.map(\.sendDelaySeconds))
        ttft = Distribution(completed.map(\.ttftSeconds))
        tpot = Distribution(completed.compactMap(\.tpotSeconds))
        itl = Distribution(completed.flatMap(\.gapSeconds))
        e2el = Distribution(completed.map(\.latencySeconds))
        peakOutputsPerSecond = LoadReport.peakOutputs(completed)
        peakConcurrency = LoadReport.peakConcurrency(completed)
    }

    private static func refusals(_ records: [RequestRecord]) -> (Rejections, [Failures]) {
        var (latencies, withRetryAfter) = ([Double](), 0)
        var kinds: [String: (count: Int, message: String)] = [:]
        for record in records {
            switch record.outcome {
            case .rejected(_, let hasRetryAfter):
                latencies.append(record.latencySeconds)
                withRetryAfter += hasRetryAfter ? 1 : 0
            case .failed(let failure): kinds[failure.kind, default: (0, failure.message)].count += 1
            case .completed, .disconnected: break
            }
        }
        let failures = kinds.map { Failures(kind: $0.key, count: $0.value.count, firstMessage: $0.value.message) }
        return (
            Rejections(
                count: latencies.count, withRetryAfter: withRetryAfter, latency: Distribution(latencies)),
            failures.sorted { ($1.count, $0.kind) < ($0.count, $1.kind) }
        )
    }

    private static func peakOutputs(_ records: [RequestRecord]) -> Int {
        var outputs: [Int: Int] = [:]  // by whole seconds since the start
        for record in records {
            var time = record.startSeconds + record.ttftSeconds
            outputs[Int(time), default: 0] += 1
            for gap in record.gapSeconds {
                time += gap
                outputs[Int(time), default: 0] += 1
            }
        }
        return outputs.values.max() ?? 0
    }

    /// A request is under way from its sending up to its last output, which is not included.
    private static func peakConcurrency(_ records: [RequestRecord]) -> Int {
        let changes = records.flatMap { [($0.activity.start, 1), ($0.activity.end, -1)] }
        var (current, peak) = (0, 0)
        for (_, change) in changes.sorted(by: <) {
            current += change
            peak = max(peak, current)
        }
        return peak
    }
}
