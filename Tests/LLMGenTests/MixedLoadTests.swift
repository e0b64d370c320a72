import Foundation
import LLMGen
import LLMTestSupport
import Testing

/// Law 1 on mixed requests: lengths, seeds, samples, penalties and stops of all kinds give the same tokens one at a time
/// and under every load.
@Suite struct MixedLoadTests {
    struct Request: Sendable {
        let prompt: [TokenID]
        let parameters: SamplingParameters
    }

    #if DEBUG
        private static let count = 40
    #else
        private static let count = 200
    #endif

    /// Requests that begin alike now and then, so that the cache has something to find.
    static let requests: [Request] = {
        var generator = SeededGenerator(seed: 2026)
        let openings = (try? Fairytale.reference().map(\.prompt_ids)) ?? []
        return (0..<count).map { index in
            var prompt = openings[index % openings.count]
            prompt += (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                TokenID.random(in: 3..<4096, using: &generator)
            }
            if index % 3 == 0 { prompt = openings[0] + openings[1] + prompt }
            let greedy = index % 4 == 0
            let parameters = try? SamplingParameters(
                n: greedy ? 1 : Int.random(in: 1...3, using: &generator),
                presencePenalty: index % 5 == 0 ? 0.5 : nil, frequencyPenalty: index % 7 == 0 ? 0.3 : nil,
                repetitionPenalty: index % 3 == 0 ? 1.2 : nil, temperature: greedy ? 0 : 0.9,
                topP: index % 2 == 0 ? 0.95 : nil, topK: index % 6 == 0 ? 40 : nil, seed: Int64(index),
                stop: index % 8 == 0 ? ["and", ", "] : nil,
                stopTokenIDs: index % 9 == 0 ? [300, 400, 500] : nil, ignoreEOS: index % 2 == 0,
                maxTokens: Int.random(in: 1...40, using: &generator))
            return Request(prompt: prompt, parameters: parameters!)
        }
    }()

    struct Load: Sendable, CustomTestStringConvertible {
        let name: String
        var engine = EngineOptions()
        var threads = 2
        var isWarm = false
        var cancelsNeighbours = false
        var arrivesAtRandom = false

        var testDescription: String { name }
    }

    static let loads: [Load] = {
        var uncached = EngineOptions()
        uncached.prefixCaching = false
        var prioritized = EngineOptions(kvBlocks: 24, blockSize: 16)
        prioritized.policy = .priority
        var bounded = EngineOptions()
        bounded.targetITL = .milliseconds(4)
        return [
            Load(name: "all together"),
            Load(name: "random arrival", arrivesAtRandom: true),
            Load(name: "8 tokens a step", engine: EngineOptions(maxNumBatchedTokens: 8)),
            Load(name: "512 tokens a step", engine: EngineOptions(maxNumBatchedTokens: 512)),
            Load(name: "12 blocks", engine: EngineOptions(kvBlocks: 12, blockSize: 16)),
            Load(name: "no cache", engine: uncached),
            Load(name: "warm cache", isWarm: true),
            Load(name: "neighbours that are cancelled", cancelsNeighbours: true),
            Load(name: "1 thread", threads: 1),
            Load(name: "priorities", engine: prioritized),
            Load(name: "a bound on steps", engine: bounded),
        ]
    }()

    private static let alone = Task { try await tokens(Load(name: "alone"), oneAtATime: true) }

    @Test(arguments: loads)
    func `Mixed requests give the same tokens under every load`(load: Load) async throws {
        let wanted = try await MixedLoadTests.alone.value
        let tokens = try await MixedLoadTests.tokens(load)
        for (index, (one, other)) in zip(wanted, tokens).enumerated() where one != other {
            Issue.record("request \(index): \(other) and alone \(one)")
        }
    }

    /// The tokens of every sample of every request.
    private static func tokens(_ load: Load, oneAtATime: Bool = false) async throws -> [[[TokenID]]] {
        let model = try await Fairytale.load(LoadOptions(threads: load.threads))
        let engine = try Engine(model: model, options: load.engine)
        let noise = try SamplingParameters(n: 2, seed: 1, ignoreEOS: true, maxTokens: 60)
        var generator = SystemRandomNumberGenerator()
        var results: [[[TokenID]]] = []
        for pass in 0..<(load.isWarm ? 2 : 1) {
            var streams: [AsyncThrowingStream<OutputPiece, any Error>] = []
            results = []
            for (index, request) in requests.enumerated() {
                let options = RequestOptions(priority: index % 3)
                let stream = engine.generate(.tokenIDs(request.prompt), request.parameters, options)
                if oneAtATime {
                    results.append(try await Engine.output(of: stream).outputs.map(\.tokenIDs))
                    continue
                }
                streams.append(stream)
                if load.arrivesAtRandom, Bool.random(using: &generator) {
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...8, using: &generator)))
                }
                if load.cancelsNeighbours, index % 2 == 0 {
                    let prompt = Prompt.tokenIDs(Array(request.prompt.prefix(20)))
                    for try await _ in engine.generate(prompt, noise) { break }
                }
            }
            for stream in streams { results.append(try await Engine.output(of: stream).outputs.map(\.tokenIDs)) }
            if pass == 1 { #expect(engine.metrics.prefixCacheHits > 0) }
        }
        #expect(await engine.usedBlocks == 0)
        if load.name == "12 blocks" { #expect(engine.metrics.preemptions > 50) }
        if load.name == "no cache" { #expect(engine.metrics.prefixCacheQueries == 0) }
        return results
    }
}
