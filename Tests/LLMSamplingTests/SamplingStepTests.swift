import LLMSampling
import LLMTestSupport
import Testing

@Suite struct SamplingStepTests {
    @Test func `The steps come in vLLM's order`() {
        #expect(
            SamplingStep.order.map(\.name) == [
                "min_tokens", "repetition_penalty", "frequency_penalty", "presence_penalty", "temperature", "min_p",
                "top_k", "top_p",
            ])
    }

    @Test func `Every edit of logits comes before every filter, and only edits change the argmax`() {
        let stages = SamplingStep.order.map(\.stage)
        #expect(stages == stages.sorted())
        for step in SamplingStep.order { #expect(step.changesArgmax == (step.stage == .logits), "\(step.name)") }
    }

    @Test func `No step is active for a request that asks for nothing`() throws {
        let context = SamplingContext(parameters: try resolve(SamplingParameters()), counts: TokenCounts(prompt: [1]))
        for step in SamplingStep.order { #expect(!step.isActive(context), "\(step.name)") }
    }

    @Test func `A row that says so never changes the argmax, and keeps candidates in id order`() throws {
        let parameters = try resolve(
            SamplingParameters(temperature: 0.7, topP: 0.3, topK: 4, minP: 0.4), vocabulary: 300)
        let context = SamplingContext(parameters: parameters, counts: TokenCounts(prompt: []))
        for seed in 0..<50 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let logits = (0..<300).map { _ in generator.float(in: -9...9).rounded() }
            for step in SamplingStep.order where !step.changesArgmax {
                #expect(step.isActive(context), "\(step.name)")
                var candidates = Candidates()
                candidates.load(logits.span)
                let best = candidates.findHighest()
                step.apply(&candidates, context)
                let kept = candidates.keptIDs
                let keptBest = (0..<candidates.count).max {
                    (candidates.logit(at: $0), kept[$1]) < (candidates.logit(at: $1), kept[$0])
                }
                #expect(keptBest.map { kept[$0] } == best, "\(step.name) seed \(seed)")
                #expect(kept == kept.sorted(), "\(step.name) seed \(seed)")
            }
        }
    }

    @Test func `EOS and stop tokens are masked until the minimum is there`() throws {
        let parameters = try resolve(
            SamplingParameters(temperature: 0, stopTokenIDs: [1], minTokens: 2), vocabulary: 4, eos: [3])
        var counts = TokenCounts(prompt: [])
        var sampler = Sampler()
        let logits: [Float] = [0, 5, 1, 9]
        for _ in 0..<2 {
            let token = try sampler.next(logits.span, parameters, counts).id
            #expect(token == 2)
            counts.add(token)
        }
        #expect(try sampler.next(logits.span, parameters, counts).id == 3)
    }

    @Test func `Penalties follow vLLM's formulas on prompt and output`() throws {
        for seed in 0..<20 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let logits = (0..<40).map { _ in generator.float(in: -4...4) }
            let prompt = (0..<15).map { _ in TokenID.random(in: 0..<40, using: &generator) }
            let output = (0..<15).map { _ in TokenID.random(in: 0..<40, using: &generator) }
            var counts = TokenCounts(prompt: prompt)
            for id in output { counts.add(id) }
            let parameters = try resolve(
                SamplingParameters(presencePenalty: 0.75, frequencyPenalty: -0.5, repetitionPenalty: 1.25),
                vocabulary: 40)
            let edited = candidates(logits, parameters, counts)
            for id in 0..<40 as Range<TokenID> {
                var logit = Double(logits[Int(id)])
                if prompt.contains(id) || output.contains(id) { logit = logit > 0 ? logit / 1.25 : logit * 1.25 }
                let count = output.count { $0 == id }
                logit -= -0.5 * Double(count)
                logit -= count > 0 ? 0.75 : 0
                #expect(abs(Double(edited.logit(at: Int(id))) - logit) < 1e-5, "seed \(seed) id \(id)")
            }
        }
    }

    @Test func `Counts outside the row are passed over`() throws {
        let parameters = try resolve(SamplingParameters(repetitionPenalty: 2, temperature: 0), vocabulary: 3)
        var sampler = Sampler()
        let logits: [Float] = [1, 3, 2]
        #expect(try sampler.next(logits.span, parameters, TokenCounts(prompt: [1, 77, -1])).id == 2)
    }

    @Test func `Token counts are those of the output`() {
        var counts = TokenCounts(prompt: [4, 4, 5])
        for id in [5, 6, 6] as [TokenID] { counts.add(id) }
        #expect(counts.outputLength == 3)
        #expect([4, 5, 6, 7].map { counts.outputCount(of: $0) } == [0, 1, 2, 0])
    }

    @Test(arguments: [0.5, 0.25, 0.75, 1e-9])
    func `Top-p of equal probabilities keeps the lowest ids that reach it`(topP: Double) throws {
        let kept = candidates([2, 2, 2, 2], try resolve(SamplingParameters(topP: topP), vocabulary: 4)).keptIDs
        #expect(kept == Array(0..<TokenID((topP * 4).rounded(.up))))
    }

    @Test func `Top-k and top-p cut through equal logits by id, across blocks of the row`() throws {
        var logits = [Float](repeating: 0, count: 1000)
        logits[700] = 1
        let topK = candidates(logits, try resolve(SamplingParameters(topK: 5), vocabulary: 1000)).keptIDs
        #expect(topK == [0, 1, 2, 3, 700])
        let topP = candidates(logits, try resolve(SamplingParameters(topP: 0.005), vocabulary: 1000)).keptIDs
        #expect(topP == [0, 1, 2, 700])  // 0.0027, then 0.001 each
    }

    @Test func `Zero and minus zero tie`() throws {
        let kept = candidates([-0.0, 0, -0.0, 0], try resolve(SamplingParameters(topK: 2), vocabulary: 4)).keptIDs
        #expect(kept == [0, 1])
    }

    @Test func `Min-p 1 keeps the most probable tokens only`() throws {
        let kept = candidates([1, 3, 2, 3], try resolve(SamplingParameters(minP: 1), vocabulary: 4)).keptIDs
        #expect(kept == [1, 3])
    }
}
