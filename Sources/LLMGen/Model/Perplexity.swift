import Foundation

/// How well a model predicts a text: exp of the mean negative log probability of its tokens.
///
/// The text goes through the model in windows that overlap, each `stride` tokens on; a token counts in the first window
/// that has it, so that it sees at least `window - stride` tokens before it (but at the text's beginning). The first
/// token of the text has nothing before it and does not count.
public struct Perplexity: Sendable {
    /// Tokens of a window.
    public let window: Int
    /// Tokens from one window to the next.
    public let stride: Int

    /// What a text came to.
    public struct Result: Sendable, Hashable {
        /// exp(loss).
        public let perplexity: Double
        /// Mean negative log probability of a token, in nats.
        public let loss: Double
        /// Tokens that were predicted.
        public let tokens: Int
    }

    /// - Throws: ``LLMGenError`` `invalidArgument` for a window below 2 or a stride that is not shorter than the window.
    public init(window: Int = 512, stride: Int = 256) throws(LLMGenError) {
        guard window >= 2 else {
            throw LLMGenError(code: .invalidArgument, message: "window is \(window); it must be at least 2")
        }
        guard (1..<window).contains(stride) else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "stride is \(stride); it must be from 1 to \(window - 1), one less than the window")
        }
        self.window = window
        self.stride = stride
    }

    /// Measures a text, one window at a time. `progress` is given the tokens done and all of them, window by window.
    ///
    /// - Throws: ``LLMGenError``: a window longer than the model's context or the engine's, a model without a tokenizer, a
    ///   text of fewer than 2 tokens.
    public func measure(
        _ text: String, _ engine: Engine, progress: (Int, Int) -> Void = { _, _ in }
    ) async throws -> Result {
        guard window <= engine.model.maxPositions else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "window is \(window); the model was made for at most \(engine.model.maxPositions) tokens")
        }
        let tokens = try engine.tokens(of: .text(text))
        guard tokens.count >= 2 else {
            throw LLMGenError(
                code: .invalidInput, message: "the text has \(tokens.count) tokens; perplexity needs at least 2")
        }
        var (loss, counted, done) = (0.0, 0, 1)
        for start in Swift.stride(from: 0, to: tokens.count, by: stride) where done < tokens.count {
            let end = min(start + window, tokens.count)
            let scored = try await engine.score(.tokenIDs(Array(tokens[start..<end])))
            // The first log probability is that of the window's second token.
            let logprobs = scored.logprobs[(done - start - 1)...]
            loss -= logprobs.reduce(0, +)
            counted += logprobs.count
            done = end
            progress(done, tokens.count)
        }
        let mean = loss / Double(counted)
        return Result(perplexity: exp(mean), loss: mean, tokens: counted)
    }
}
