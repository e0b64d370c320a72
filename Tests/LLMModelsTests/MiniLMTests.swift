import Foundation
import LLMModels
import LLMTensor
import LLMTestSupport
import Testing

/// A real encoder, all-MiniLM-L6-v2, against what sentence-transformers computes with it: see `make_minilm.py`.
@Suite struct MiniLMTests {
    private struct Reference: Decodable {
        struct Text: Decodable {
            let ids: [Int32]
            let embedding: [Float]
        }
        let texts: [Text]
        /// The first of the texts; the others are documents.
        let queries: Int
        /// For each query the documents, nearest first.
        let orders: [[Int]]
    }

    private static let folder = ProcessInfo.processInfo.environment["LLMGEN_MINILM"]

    @Test(.enabled(if: folder != nil, "LLMGEN_MINILM names no folder of all-MiniLM-L6-v2"))
    func `Embeddings of a real model equal those of sentence-transformers, and so does what they find`() throws {
        let file = Paths.fixtures.appending(path: "embeddings/minilm.json")
        let reference = try JSONDecoder().decode(Reference.self, from: Data(contentsOf: file))
        let driver = try EncoderDriver(folder: URL(fileURLWithPath: try #require(MiniLMTests.folder)))
        let outputs = driver.outputs(reference.texts.map { EncoderDriver.Text(tokens: $0.ids) })
        let embeddings = outputs.map { normalizedMean($0.states) }
        for (ours, theirs) in zip(embeddings, reference.texts) {
            #expect(ours.count == theirs.embedding.count)
            let difference = zip(ours, theirs.embedding).map { abs($0 - $1) }.max() ?? 0
            #expect(difference < 1e-4)
        }
        let documents = embeddings[reference.queries...]
        for (query, order) in zip(embeddings, reference.orders) {
            let scores = documents.map { document in zip(query, document).reduce(0) { $0 + $1.0 * $1.1 } }
            #expect(scores.indices.sorted { scores[$0] > scores[$1] } == order)
        }
    }

    private func normalizedMean(_ states: [[Float]]) -> [Float] {
        let mean = states[0].indices.map { column in states.reduce(0) { $0 + $1[column] } / Float(states.count) }
        let length = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return mean.map { $0 / length }
    }
}
