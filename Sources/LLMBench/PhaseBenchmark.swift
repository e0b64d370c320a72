public import LLMGen
import LLMTensor

/// A test of llama.cpp's `llama-bench`: a prompt, generation, or one behind the other.
public struct PhaseTest: Sendable, Hashable {
    /// Tokens of the prompt; 0 for generation alone.
    public let promptTokens: Int
    /// Tokens generated; 0 for a prompt alone.
    public let outputTokens: Int

    /// Reads `pp512`, `tg128` or `pp512+tg128`; nil for what is none.
    public init?(_ text: String) {
        func count(_ part: Substring?, _ kind: String) -> Int? {
            guard let part, part.hasPrefix(kind), let count = Int(part.dropFirst(kind.count)), count > 0,
                count <= 10_000_000
            else { return nil }
            return count
        }
        let parts = text.split(separator: "+", omittingEmptySubsequences: false)
        switch parts.count {
        case 1:
            (promptTokens, outputTokens) = (count(parts[0], "pp") ?? 0, count(parts[0], "tg") ?? 0)
            guard promptTokens + outputTokens > 0 else { return nil }
        case 2:
            guard let prompt = count(parts[0], "pp"), let output = count(parts[1], "tg") else { return nil }
            (promptTokens, outputTokens) = (prompt, output)
        default: return nil
        }
    }

    /// Its name.
    public var name: String {
        [promptTokens > 0 ? "pp\(promptTokens)" : nil, outputTokens > 0 ? "tg\(outputTokens)" : nil]
            .compactMap { $0 }.joined(separator: "+")
    }
}

/// Times one sequence as llama.cpp's `llama-bench` does: what `llmgen bench latency --tests` runs.
///
/// A test at a depth begins behind so many tokens of context, which the prefix cache holds and which are in no figure.
/// Generation is timed from the first token to the last; what comes before the first is a prompt of one token where the
/// test has none.
public struct PhaseBenchmark: Sendable {
    /// The speeds of one test.
    public struct Result: Sendable, Hashable {
        /// The test.
        public let test: PhaseTest
        /// Tokens of context before it.
        public let depth: Int
        /// Tokens a second, one value a run.
        public let samples: Samples

        /// `pp512`, or `pp512 @ d4096` at a depth.
        public var name: String { test.name + (depth > 0 ? " @ d\(depth)" : "") }
    }

    private let tests: [PhaseTest]
    private let depths: [Int]
    private let runs: Int

    /// - Throws: ``LLMGenError`` `invalidArgument` for a number out of its range.
    public init(tests: [PhaseTest], depths: [Int], runs: Int) throws(LLMGenError) {
        try BenchOption.check("repeat", runs, 1...1000)
        for depth in depths { try BenchOption.check("depth", depth, 0...10_000_000) }
        self.tests = tests
        self.depths = depths
        self.runs = runs
    }

    /// Bytes of a model's packed linear layers, the output head included, and their weights.
    public static func size(_ model: LanguageModel) -> (bytes: Int, parameters: Int) {
        let layers = model.linearLayers
        return (layers.reduce(0) { $0 + $1.byteCount }, layers.reduce(0) { $0 + $1.inputs * $1.outputs })
    }

    /// Checks that every test fits the engine. - Throws: ``LLMGenError`` with the numbers.
    public func check(_ engine: Engine) throws {
        for depth in depths {
            guard depth % engine.blockSize == 0 else {
                throw LLMGenError(
                    code: .invalidArgument,
                    message: "depth is \(depth); it must be a multiple of the block size, \(engine.blockSize)")
            }
            for test in tests {
                let prompt = Prompt.tokenIDs(Array(repeating: 0, count: depth + max(test.promptTokens, 1)))
                _ = try engine.prepare(prompt, parameters(test.outputTokens + 1))
            }
        }
    }

    /// Runs every test at every depth once to warm up and then as often as asked.
    ///
    /// - Throws: ``LLMGenError`` where a test does not fit the engine, or the context does not stay in the prefix cache.
    public func run(_ engine: Engine) async throws -> [Result] {
        try check(engine)
        var results: [Result] = []
        for depth in depths {
            let context = random(depth, engine)
            if depth > 0 { _ = try await output(context, 1, engine) }
            for test in tests {
                _ = try await speed(test, context, engine)
                var speeds: [Double] = []
                for _ in 0..<runs { speeds.append(try await speed(test, context, engine)) }
                guard let samples = Samples(speeds) else { continue }
                results.append(Result(test: test, depth: depth, samples: samples))
            }
        }
        return results
    }

    /// Tokens a second of one run.
    private func speed(_ test: PhaseTest, _ context: [TokenID], _ engine: Engine) async throws -> Double {
        let prompt = context + random(max(test.promptTokens, 1), engine)
        // The first token comes with the prompt.
        let whole = try await output(prompt, test.outputTokens + 1, engine)
        guard whole.usage.cachedTokens == context.count else {
            throw LLMGenError(
                code: .failed,
                message:
                    "of a context of \(context.count) tokens the prefix cache held \(whole.usage.cachedTokens); give more "
                    + "kv-cache-memory, or less depth")
        }
        let prefill = test.promptTokens > 0 ? whole.timings.prefillSeconds : 0
        let decode = test.outputTokens > 0 ? whole.timings.decodeSeconds : 0
        return Double(test.promptTokens + test.outputTokens) / (prefill + decode)
    }

    private func output(_ prompt: [TokenID], _ tokens: Int, _ engine: Engine) async throws -> RequestOutput {
        try await Engine.output(of: engine.generate(.tokenIDs(prompt), parameters(tokens)))
    }

    private func parameters(_ tokens: Int) throws -> SamplingParameters {
        try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: tokens)
    }

    private func random(_ count: Int, _ engine: Engine) -> [TokenID] {
        (0..<count).map { _ in TokenID.random(in: 0..<TokenID(engine.model.vocabularySize)) }
    }
}
