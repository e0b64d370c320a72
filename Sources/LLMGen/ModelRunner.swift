import LLMModels
import LLMScheduling
import LLMTensor

/// Runs a scheduled batch through the model over the pages of one cache.
final class ModelRunner {
    private let model: LanguageModel
    private let pages: KVPages
    private let workspace = Workspace()

    init(_ model: LanguageModel, _ shape: KVPagesShape, blockCount: Int) {
        self.model = model
        pages = KVPages(shape: shape, blockCount: blockCount)
    }

    /// The logits of the sequences that need them, one row each in the batch's order; valid until the next call.
    func logits(_ batch: ScheduledBatch) -> Matrix {
        let forward = ForwardBatch(
            tokens: batch.tokens,
            sequences: batch.sequences.map {
                AttentionSequence(rows: $0.rows, firstPosition: $0.positions.lowerBound, blockTable: $0.blockTable)
            },
            outputRows: batch.sequences.filter(\.needsLogits).map { $0.rows.upperBound - 1 },
            blockSize: pages.shape.blockSize)
        let hidden = model.architecture.hiddenStates(forward, pages, workspace, on: model.compute)
        return model.architecture.logits(hidden, workspace, on: model.compute)
    }
}
