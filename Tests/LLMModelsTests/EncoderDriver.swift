import Foundation
import LLMModels
import LLMTensor
import LLMWeights

/// Runs one encoder without an engine.
struct EncoderDriver {
    /// A text's tokens, and their segments.
    struct Text {
        let tokens: [Int32]
        var types: [Int32]?
    }

    /// What is computed of a text.
    struct Output: Equatable {
        let states: [[Float]]
        let scores: [Float]?
    }

    let model: Encoder
    let compute: Compute

    init(folder: URL, config: String = "config.json", compute: Compute = Compute(threads: 2)) throws {
        let file = try ConfigFile(path: folder.appending(path: config).path)
        self.compute = compute
        model = try Architectures.loadEncoder(file, file.tensors(of: Checkpoint(path: folder.path)), on: compute)
    }

    init(_ model: Encoder, compute: Compute) {
        self.model = model
        self.compute = compute
    }

    init(config: String, format: LinearFormat = .stored, compute: Compute = Compute(threads: 2)) throws {
        let file = try ConfigFile(bytes: Array(config.utf8), path: "config.json")
        self.compute = compute
        model = try Architectures.loadEncoder(file, try DummyTensors(file, dtype: .float32), format, on: compute)
    }

    /// The texts as one batch.
    func outputs(_ texts: [Text]) -> [Output] {
        let workspace = Workspace()
        let types = texts.map { $0.types ?? $0.tokens.map { _ in 0 } }
        var ranges: [Range<Int>] = []
        for text in texts {
            let start = ranges.last?.upperBound ?? 0
            ranges.append(start..<start + text.tokens.count)
        }
        let batch = EncoderBatch(
            tokens: texts.flatMap(\.tokens),
            tokenTypes: texts.contains { $0.types != nil } ? types.flatMap(\.self) : nil, texts: ranges)
        let states = model.hiddenStates(batch, workspace, on: compute)
        let scores = model.scores(states, batch, workspace, on: compute)
        return ranges.enumerated().map { index, rows in
            Output(states: rows.map { states.row($0) }, scores: scores?.row(index))
        }
    }
}
