import Foundation
import LLMModels
public import LLMTensor

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

    /// Measures a text. `progress` is told the tokens done and all of them, window by window.
    ///
    /// - Parameter kvCacheDtype: the type of cached keys and values; unset, as in ``EngineOptions/kvCacheDtype``.
    /// - Throws: ``LLMGenError``: a window longer than the model's context, a model without a tokenizer, a text of fewer
    ///   than 2 tokens.
    public func measure(
        _ text: String, _ model: LanguageModel, kvCacheDtype: KVCacheDtype? = nil,
        progress: (Int, Int) -> Void = { _, _ in }
    ) throws(LLMGenError) -> Result {
        guard window <= model.maxPositions else {
            throw LLMGenError(
                code: .invalidArgument,
                message: "window is \(window); the model was made for at most \(model.maxPositions) tokens")
        }
        let tokens = try model.tokens(of: .text(text))
        guard tokens.count >= 2 else {
            throw LLMGenError(
                code: .invalidInput, message: "the text has \(tokens.count) tokens; perplexity needs at least 2")
        }
        var runner = WindowRunner(model, window: window, kvCacheDtype ?? model.automaticKVCacheDtype)
        var (loss, counted, done) = (0.0, 0, 1)
        for start in Swift.stride(from: 0, to: tokens.count, by: stride) where done < tokens.count {
            let end = min(start + window, tokens.count)
            let logprobs = runner.logprobs(Array(tokens[start..<end]), from: done - start)
            loss -= logprobs.reduce(0, +)
            counted += logprobs.count
            done = end
            progress(done, tokens.count)
        }
        let mean = loss / Double(counted)
        return Result(perplexity: exp(mean), loss: mean, tokens: counted)
    }
}

/// Runs one window at a time through the model, from position 0, in blocks of its own.
private struct WindowRunner {
    private let model: LanguageModel
    private let cache: KVCache
    private let workspace = Workspace()
    private let blockTable: [Int32]

    /// Rows of logits at a time: a large vocabulary's would take much memory together.
    private static let rowsAtATime = 64
    private static let blockSize = 32

    init(_ model: LanguageModel, window: Int, _ dtype: KVCacheDtype) {
        self.model = model
        let layout = model.decoder.cacheLayout
        let blocks = (window + WindowRunner.blockSize - 1) / WindowRunner.blockSize
        cache = KVCache(
            layout, blockSize: WindowRunner.blockSize, dtype: dtype, blockCounts: layout.groups.map { _ in blocks })
        blockTable = (0..<Int32(blocks)).map(\.self)
    }

    /// The log probabilities of the tokens from index `first` on, each given those before it.
    mutating func logprobs(_ tokens: [TokenID], from first: Int) -> [Double] {
        let sequence = BatchSequence(
            rows: 0..<tokens.count, firstPosition: 0, blockTables: cache.pages.map { _ in blockTable })
        let batch = ForwardBatch(
            tokens: tokens, sequences: [sequence], outputRows: Array(first - 1..<tokens.count - 1),
            blockSize: WindowRunner.blockSize)
        let hidden = model.decoder.hiddenStates(batch, cache, workspace, on: model.compute)
        var logprobs: [Double] = []
        for start in stride(from: 0, to: hidden.rows, by: WindowRunner.rowsAtATime) {
            let rows = start..<min(start + WindowRunner.rowsAtATime, hidden.rows)
            let logits = model.decoder.logits(hidden.rows(rows), workspace, on: model.compute)
            let part = Matrix(rows: rows.count, columns: 1)
            model.compute.pool.run(rows.count) { row in
                let target = Int(tokens[first + start + row])
                let logprob = logits.withRow(row) { WindowRunner.logprob(of: target, in: $0.span) }
                part.withRow(row) { $0[0] = Float(logprob) }
            }
            logprobs += (0..<rows.count).map { Double(part.row($0)[0]) }
        }
        return logprobs
    }

    private static func logprob(of target: Int, in logits: Span<Float>) -> Double {
        var highest = -Float.infinity
        for index in logits.indices { highest = max(highest, logits[index]) }
        var sum = 0.0
        for index in logits.indices { sum += exp(Double(logits[index] - highest)) }
        return Double(logits[target] - highest) - log(sum)
    }
}
