import Glibc
public import LLMGen

/// Times a fixed batch of random prompts, without a client or a queue: what `llmgen bench latency` runs.
///
/// The prompts are random token ids, fresh in each run; decoding is greedy and goes on after EOS.
public struct LatencyBenchmark: Sendable {
    /// Tokens of each prompt.
    public let inputLength: Int
    /// Tokens generated from each prompt.
    public let outputLength: Int
    /// Prompts that run together.
    public let batchSize: Int
    /// Runs after the warm-up.
    public let runs: Int

    /// Times, each the median of the runs.
    public struct Result: Sendable, Hashable {
        /// Input tokens of the whole batch over the time until each sequence had its first token.
        public let prefillTokensPerSecond: Double
        /// Tokens of all sequences after the last sequence's first one, over the time they took.
        public let decodeTokensPerSecond: Double
        /// Seconds until the first token, the mean of the sequences.
        public let ttftSeconds: Double
        /// Seconds a token after a sequence's first one, the mean of the sequences.
        public let tpotSeconds: Double
        /// Largest resident memory of the process so far.
        public let peakRSS: ByteCount
        /// The machine's limits beside them.
        public let limits: Limits
        /// What the medians are of: the runs' values of `prefill_tokens_per_s`, `decode_tokens_per_s`, `ttft_s` and
        /// `tpot_s`.
        public let samples: [String: [Double]]
    }

    /// - Throws: ``LLMGenError`` `invalidArgument` for a size below 1.
    public init(inputLength: Int, outputLength: Int, batchSize: Int, runs: Int) throws(LLMGenError) {
        let sizes = [
            ("input-len", inputLength), ("output-len", outputLength), ("batch-size", batchSize), ("repeat", runs),
        ]
        for (name, value) in sizes where value < 1 {
            throw LLMGenError(code: .invalidArgument, message: "\(name) is \(value); it must be at least 1")
        }
        self.inputLength = inputLength
        self.outputLength = outputLength
        self.batchSize = batchSize
        self.runs = runs
    }

    /// Checks that the batch fits the engine. - Throws: ``LLMGenError`` with the numbers.
    public func check(_ engine: Engine) throws {
        _ = try engine.prepare(.tokenIDs(Array(repeating: 0, count: inputLength)), parameters())
    }

    private func parameters() throws -> SamplingParameters {
        try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: outputLength)
    }

    /// Runs once to warm up and then ``runs`` times. - Throws: ``LLMGenError`` where the batch does not fit the engine.
    public func run(_ engine: Engine) async throws -> Result {
        _ = try await runOnce(engine)
        var all: [Run] = []
        var limits: [Limits] = []
        for _ in 0..<runs {
            let machine = Machine(engine.model)
            let run = try await runOnce(engine)
            all.append(run)
            limits.append(self.limits(machine, engine, prefill: run.prefill, decode: run.decode))
        }
        func median<Value>(_ values: [Value], _ value: KeyPath<Value, Double>) -> Double {
            let sorted = values.map { $0[keyPath: value] }.sorted()
            return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        }
        return Result(
            prefillTokensPerSecond: median(all, \.prefill), decodeTokensPerSecond: median(all, \.decode),
            ttftSeconds: median(all, \.ttft), tpotSeconds: median(all, \.tpot), peakRSS: LatencyBenchmark.peakRSS,
            limits: Limits(
                readBytesPerSecond: median(limits, \.readBytesPerSecond), arithmetic: limits[0].arithmetic,
                operationsPerSecond: median(limits, \.operationsPerSecond), bytesPerStep: limits[0].bytesPerStep,
                prefillOfOperations: median(limits, \.prefillOfOperations),
                decodeOfOperations: median(limits, \.decodeOfOperations),
                decodeOfRead: median(limits, \.decodeOfRead)),
            samples: [
                "prefill_tokens_per_s": all.map(\.prefill), "decode_tokens_per_s": all.map(\.decode),
                "ttft_s": all.map(\.ttft), "tpot_s": all.map(\.tpot),
            ])
    }

    private struct Run: Sendable {
        let prefill: Double
        let decode: Double
        let ttft: Double
        let tpot: Double
    }

    private func runOnce(_ engine: Engine) async throws -> Run {
        let prompts = (0..<batchSize).map { _ in
            Prompt.tokenIDs((0..<inputLength).map { _ in TokenID.random(in: 0..<TokenID(engine.model.vocabularySize)) })
        }
        let start = ContinuousClock.now
        var tokens: [[ContinuousClock.Instant]] = []  // [sequence][token]
        for stream in engine.streams(prompts, try parameters()) {
            var instants: [ContinuousClock.Instant] = []
            for try await piece in stream where piece.tokenID != nil { instants.append(piece.instant) }
            tokens.append(instants)
        }
        let firsts = tokens.compactMap(\.first)
        guard let lastFirst = firsts.max(), let end = tokens.compactMap(\.last).max() else { throw CancellationError() }
        let later = tokens.joined().count { $0 > lastFirst }
        let decodeSeconds = (end - lastFirst).seconds
        let gaps = tokens.filter { $0.count > 1 }.map { ($0[$0.count - 1] - $0[0]).seconds / Double($0.count - 1) }
        return Run(
            prefill: Double(batchSize * inputLength) / (lastFirst - start).seconds,
            decode: decodeSeconds > 0 ? Double(later) / decodeSeconds : 0,
            ttft: firsts.reduce(0) { $0 + ($1 - start).seconds } / Double(firsts.count),
            tpot: gaps.isEmpty ? 0 : gaps.reduce(0, +) / Double(gaps.count))
    }

    private static var peakRSS: ByteCount {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return .kibibytes(usage.ru_maxrss)
    }
}
