import LLMModels
import LLMScheduling
import LLMTensor

/// Runs a scheduled batch through the model over the pages of one cache.
final class ModelRunner {
    private let model: LanguageModel
    private let cache: KVCache  // empty of an encoder
    private let blockSize: Int
    private let workspace = Workspace()

    /// Rows that the output head computes at once; what they take is bounded by that, however many are wanted.
    private static let headRows = 128

    init(_ model: LanguageModel, _ options: SchedulerOptions, _ dtype: KVCacheDtype) {
        self.model = model
        blockSize = options.blockSize
        cache = KVCache(
            model.network.cacheLayout, blockSize: blockSize, dtype: dtype,
            blockCounts: options.groups.map(\.blockCount), stateSlots: options.stateSlots)
    }

    /// Computes the batch.
    ///
    /// `states` gets the hidden states of each sequence that wants some, `[rows, hidden]`, or of a model that classifies
    /// texts its outputs for the text, `[1, labels]`. Then `logits` gets the logits of the rows that want those, in order, a
    /// part at a time: which of all `logitRows` they are, and one row for each.
    ///
    /// - Parameter types: of a sequence's tokens, for an encoder; nil where all are 0.
    func run(
        _ batch: ScheduledBatch, types: (SequenceID) -> [Int32]?, states: (ScheduledSequence, Matrix) -> Void,
        logits: (Range<Int>, Matrix) -> Void
    ) {
        guard !batch.isEmpty else { return }
        switch model.network {
        case .decoder(let decoder): run(batch, decoder, states: states, logits: logits)
        case .encoder(let encoder): run(batch, encoder, types, states: states)
        }
    }

    private func run(
        _ batch: ScheduledBatch, _ encoder: Encoder, _ types: (SequenceID) -> [Int32]?,
        states: (ScheduledSequence, Matrix) -> Void
    ) {
        let types = batch.sequences.flatMap { types($0.id) ?? Array(repeating: 0, count: $0.rows.count) }
        let texts = EncoderBatch(tokens: batch.tokens, tokenTypes: types, texts: batch.sequences.map(\.rows))
        let hidden = encoder.hiddenStates(texts, workspace, on: model.compute)
        let scores = encoder.scores(hidden, texts, workspace, on: model.compute)
        for (index, sequence) in batch.sequences.enumerated() {
            states(sequence, scores?.rows(index..<index + 1) ?? hidden.rows(sequence.promptStates))
        }
    }

    private func run(
        _ batch: ScheduledBatch, _ decoder: Decoder, states: (ScheduledSequence, Matrix) -> Void,
        logits: (Range<Int>, Matrix) -> Void
    ) {
        for copy in batch.copies { cache.pages[copy.group].copyBlock(from: Int(copy.from), to: Int(copy.to)) }
        let forward = ForwardBatch(
            tokens: batch.tokens,
            sequences: batch.sequences.map { sequence in
                BatchSequence(
                    rows: sequence.rows, firstPosition: sequence.positions.lowerBound,
                    blockTables: sequence.blockTables, states: sequence.states.map(SequenceStates.init))
            },
            outputRows: batch.sequences.flatMap(\.outputRows), blockSize: blockSize)
        let hidden = decoder.hiddenStates(forward, cache, workspace, on: model.compute)
        var (next, forHead) = (0, [Int]())
        for sequence in batch.sequences {
            let rows = next..<next + sequence.outputRows.count
            if sequence.promptStates.isEmpty { forHead += rows } else { states(sequence, hidden.rows(rows)) }
            next = rows.upperBound
        }
        let head = rows(forHead, of: hidden)
        for start in stride(from: 0, to: head.rows, by: ModelRunner.headRows) {
            let part = start..<min(start + ModelRunner.headRows, head.rows)
            workspace.scope {
                logits(part, decoder.logits(head.rows(part), workspace, on: model.compute))
            }
        }
    }

    /// Some of the hidden states, side by side, so that the head reads its weights once for all of them.
    private func rows(_ indices: [Int], of hidden: Matrix) -> Matrix {
        guard indices.count < hidden.rows else { return hidden }
        let rows = workspace.matrix(rows: indices.count, columns: hidden.columns)
        model.compute.copyRows(hidden, indices, into: rows)
        return rows
    }
}

extension SequenceStates {
    /// The slots that the scheduler chose.
    fileprivate init(_ states: ScheduledStates) {
        self.init(source: states.source, writes: states.writes.map { Write(rows: $0.rows, slot: $0.slot) })
    }
}

extension ScheduledSequence {
    /// The rows whose logits are wanted: those of the prompt, if asked for, and those that yield tokens.
    var logitRows: [Int] {
        Array(promptLogits) + Array(tokenLogits)
    }

    /// The rows whose hidden states are wanted, for themselves or for their logits.
    var outputRows: [Int] { promptStates.isEmpty ? logitRows : Array(promptStates) }
}
