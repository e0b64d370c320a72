import LLMModels
import LLMScheduling
import LLMTensor

/// Runs a scheduled batch through the model over the pages of one cache.
final class ModelRunner {
    private let model: LanguageModel
    private let pages: KVPages
    private let workspace = Workspace()

    /// Rows that the output head computes at once; what they take is bounded by that, however many are wanted.
    private static let headRows = 128

    init(_ model: LanguageModel, _ shape: KVPagesShape, blockCount: Int) {
        self.model = model
        pages = KVPages(shape: shape, blockCount: blockCount)
    }

    /// Computes the batch. `body` gets the logits of the batch's output rows in order, a part at a time: which of
    /// `batch.outputRows` they are, and one row for each.
    func run(_ batch: ScheduledBatch, _ body: (Range<Int>, Matrix) -> Void) {
        for copy in batch.copies { pages.copyBlock(from: Int(copy.from), to: Int(copy.to)) }
        let forward = ForwardBatch(
            tokens: batch.tokens,
            sequences: batch.sequences.map {
                AttentionSequence(rows: $0.rows, firstPosition: $0.positions.lowerBound, blockTable: $0.blockTable)
            },
            outputRows: batch.sequences.flatMap(\.outputRows), blockSize: pages.shape.blockSize)
        let hidden = model.architecture.hiddenStates(forward, pages, workspace, on: model.compute)
        for start in stride(from: 0, to: hidden.rows, by: ModelRunner.headRows) {
            let part = start..<min(start + ModelRunner.headRows, hidden.rows)
            body(part, model.architecture.logits(hidden.rows(part), workspace, on: model.compute))
        }
    }
}

extension ScheduledSequence {
    /// The rows whose logits are wanted: those of the prompt, if asked for, and the one that yields the next token.
    var outputRows: [Int] {
        Array(promptLogits) + (needsLogits ? [rows.upperBound - 1] : [])
    }
}
