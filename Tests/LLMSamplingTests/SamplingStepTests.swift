import Foundation
import LLMSampling
import LLMTestSupport
import Testing

@Suite struct SamplingStepTests {
    @Test func `The steps come in vLLM's order, with llama.cpp's and transformers' among them`() {
        #expect(
            SamplingStep.order.map(\.name) == [
                "structured_outputs", "allowed_token_ids", "bad_words", "min_tokens", "logit_bias",
                "logits_processors",
                "repetition_penalty", "frequency_penalty", "presence_penalty", "dry_multiplier", "logits_processors",
                "temperature", "dynatemp_range", "top_n_sigma", "min_p", "top_k", "typical_p", "top_p",
                "epsilon_cutoff", "eta_cutoff", "xtc_probability", "mirostat",
            ])
    }

    @Test func `The documented order is the order`() throws {
        let page = try String(contentsOf: Paths.root.appending(path: "docs/sampling.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").map {
            $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        let documented = rows.filter {
            $0.count == 4 && $0[0].hasPrefix("`") && ["logits", "candidates"].contains($0[2])
        }
        let steps = SamplingStep.order.map { step in
            ["`\(step.name)`", "\(step.stage)", step.changesArgmax ? "yes" : "no"]
        }
        #expect(documented.map { [$0[0].replacing(" †", with: "").replacing(" ‡", with: ""), $0[2], $0[3]] } == steps)
    }

    @Test func `Every edit of logits comes before every filter`() {
        let stages = SamplingStep.order.map(\.stage)
        #expect(stages == stages.sorted())
        let surprising = SamplingStep.order.filter { $0.stage == .candidates && $0.changesArgmax }
        #expect(surprising.map(\.name) == ["typical_p", "xtc_probability"])
        #expect(SamplingStep.order.allSatisfy { $0.stage == .candidates || $0.changesArgmax })
    }

    @Test func `No step is active for a request that asks for nothing`() throws {
        let parameters = try resolve(SamplingParameters())
        let names = SamplingStep.order.filter { $0.isOn(parameters) }.map(\.name)
        #expect(names == ["structured_outputs", "logits_processors", "logits_processors"])
    }

    @Test func `No step after the highest logit is active for a greedy request, whatever it sets`() throws {
        let parameters = try resolve(
            SamplingParameters(
                temperature: 0, topP: 0.3, topK: 4, minP: 0.4, typicalP: 0.5, topNSigma: 1, dynatempRange: 0.5,
                xtcProbability: 1, mirostat: 2, epsilonCutoff: 0.1, etaCutoff: 0.1))
        #expect(
            SamplingStep.order.filter { $0.isOn(parameters) }.map(\.name) == [
                "structured_outputs", "logits_processors",
            ])
    }

    @Test func `A row that says so never changes the argmax, and keeps candidates in id order`() throws {
        struct Sharpen: LogitsProcessor {
            let changesArgmax = false
            func process(_ logits: inout MutableSpan<Float>, prompt: [TokenID], output: [TokenID]) {
                for index in logits.indices { logits[index] *= 1.5 }
            }
        }
        let settings = [
            try SamplingParameters(
                temperature: 0.7, topP: 0.3, topK: 4, minP: 0.4, typicalP: 0.5, topNSigma: 0.5, mirostat: 2,
                epsilonCutoff: 0.01, etaCutoff: 0.02),
            try SamplingParameters(dynatempRange: 0.5),
        ]
        var seen: Set<String> = []
        for parameters in try settings.map({ try resolve($0, vocabulary: 300) }) {
            let context = SamplingContext(parameters, history(parameters), [Sharpen()])
            for seed in 0..<50 as Range<UInt64> {
                var generator = SeededGenerator(seed: seed)
                let logits = (0..<300).map { _ in generator.float(in: -9...9).rounded() }
                for step in SamplingStep.order where !step.changesArgmax && step.isOn(context.parameters) {
                    seen.insert(step.name)
                    var candidates = Candidates()
                    candidates.load(logits.span)
                    let best = candidates.findHighest()
                    try step.apply(&candidates, context)
                    let kept = candidates.keptIDs
                    let keptBest = (0..<candidates.count).max {
                        (candidates.logit(at: $0), kept[$1]) < (candidates.logit(at: $1), kept[$0])
                    }
                    #expect(keptBest.map { kept[$0] } == best, "\(step.name) seed \(seed)")
                    #expect(kept == kept.sorted(), "\(step.name) seed \(seed)")
                }
            }
        }
        #expect(seen == Set(SamplingStep.order.filter { !$0.changesArgmax }.map(\.name)))
    }

    @Test func `EOS and stop tokens are masked until the minimum is there`() throws {
        let parameters = try resolve(
            SamplingParameters(temperature: 0, stopTokenIDs: [1], minTokens: 2), vocabulary: 4, eos: [3])
        var history = history(parameters)
        var sampler = Sampler()
        let logits: [Float] = [0, 5, 1, 9]
        for _ in 0..<2 {
            let token = try sampler.next(logits.span, parameters, history)
            #expect(token.id == 2)
            history.append(token)
        }
        #expect(try sampler.next(logits.span, parameters, history).id == 3)
    }

    @Test func `Penalties follow vLLM's formulas on prompt and output`() throws {
        for seed in 0..<20 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let logits = (0..<40).map { _ in generator.float(in: -4...4) }
            let prompt = (0..<15).map { _ in TokenID.random(in: 0..<40, using: &generator) }
            let output = (0..<15).map { _ in TokenID.random(in: 0..<40, using: &generator) }
            let parameters = try resolve(
                SamplingParameters(presencePenalty: 0.75, frequencyPenalty: -0.5, repetitionPenalty: 1.25),
                vocabulary: 40)
            let edited = try candidates(logits, parameters, history(parameters, prompt: prompt, output: output))
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

    @Test func `Tokens outside the row are passed over`() throws {
        let parameters = try resolve(SamplingParameters(repetitionPenalty: 2, temperature: 0), vocabulary: 3)
        var sampler = Sampler()
        let logits: [Float] = [1, 3, 2]
        #expect(try sampler.next(logits.span, parameters, history(parameters, prompt: [1, 77, -1])).id == 2)
    }

    @Test func `A penalty of any size rules no token out`() throws {
        let parameters = try resolve(
            SamplingParameters(repetitionPenalty: .greatestFiniteMagnitude, temperature: 0), vocabulary: 2)
        let logits: [Float] = [-1, -.infinity]
        var sampler = Sampler()
        #expect(try sampler.next(logits.span, parameters, history(parameters, prompt: [0, 1])).id == 0)
    }

    @Test(arguments: [0.5, 0.25, 0.75, 1e-9])
    func `Top-p of equal probabilities keeps the lowest ids that reach it`(topP: Double) throws {
        let kept = try candidates([2, 2, 2, 2], resolve(SamplingParameters(topP: topP), vocabulary: 4)).keptIDs
        #expect(kept == Array(0..<TokenID((topP * 4).rounded(.up))))
    }

    @Test func `Top-k and top-p cut through equal logits by id, across blocks of the row`() throws {
        var logits = [Float](repeating: 0, count: 1000)
        logits[700] = 1
        let topK = try candidates(logits, resolve(SamplingParameters(topK: 5), vocabulary: 1000)).keptIDs
        #expect(topK == [0, 1, 2, 3, 700])
        let topP = try candidates(logits, resolve(SamplingParameters(topP: 0.005), vocabulary: 1000)).keptIDs
        #expect(topP == [0, 1, 2, 700])  // 0.0027, then 0.001 each
    }

    @Test func `Zero and minus zero tie`() throws {
        let kept = try candidates([-0.0, 0, -0.0, 0], resolve(SamplingParameters(topK: 2), vocabulary: 4)).keptIDs
        #expect(kept == [0, 1])
    }

    @Test func `Min-p 1 keeps the most probable tokens only`() throws {
        let kept = try candidates([1, 3, 2, 3], resolve(SamplingParameters(minP: 1), vocabulary: 4)).keptIDs
        #expect(kept == [1, 3])
    }

    @Test func `Typical-p keeps what a full sort by distance from the entropy keeps, ties by lower id`() throws {
        for seed in 0..<60 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let vocabulary = seed == 0 ? 50_000 : Int.random(in: 1...2000, using: &generator)
            // Whole numbers tie.
            let logits = (0..<vocabulary).map { _ in
                let logit = generator.float(in: -6...6)
                return seed % 2 == 0 ? logit : logit.rounded()
            }
            let share = Double.random(in: 0.01...0.99, using: &generator)
            let total = logits.reduce(0) { $0 + exp(Double($1)) }
            let surprises = logits.map { log(total) - Double($0) }
            let entropy = surprises.reduce(0) { $0 + exp(-$1) * $1 }
            // Distances that differ by rounding only are meant to be equal.
            let ranked = logits.indices.sorted {
                let (left, right) = (abs(surprises[$0] - entropy), abs(surprises[$1] - entropy))
                return abs(left - right) > 1e-9 ? left < right : $0 < $1
            }
            var kept: [TokenID] = []
            var reached = 0.0
            while kept.count < vocabulary && reached < share - 1e-12 {
                reached += exp(-surprises[ranked[kept.count]])
                kept.append(TokenID(ranked[kept.count]))
            }
            let parameters = try resolve(SamplingParameters(typicalP: share), vocabulary: vocabulary)
            #expect(try candidates(logits, parameters).keptIDs == kept.sorted(), "seed \(seed)")
        }
    }

    @Test func `XTC leaves the last of equal top choices, and a lone one alone`() throws {
        let parameters = try resolve(SamplingParameters(xtcProbability: 1, xtcThreshold: 0.2), vocabulary: 6)
        #expect(try candidates([0, 3, 3, -9, 3, 0], parameters).keptIDs == [0, 3, 4, 5])
        #expect(try candidates([0, 9, 3, -9, 3, 0], parameters).keptIDs == [0, 1, 2, 3, 4, 5])
    }

    @Test func `Mirostat keeps the most probable token where all surprise it more than it lets through`() throws {
        let parameters = try resolve(SamplingParameters(mirostat: 2, mirostatTau: 0), vocabulary: 4)
        #expect(try candidates([1, 2, 2, 0], parameters).keptIDs == [1])
    }

    @Test func `Mirostat's surprise comes to what it aims at`() throws {
        var generator = SeededGenerator(seed: 8)
        let logits = (0..<400).map { _ in generator.float(in: -3...3) }
        let parameters = try resolve(
            SamplingParameters(mirostat: 2, mirostatTau: 3, logprobs: 0), vocabulary: 400)
        var sampler = Sampler()
        var history = history(parameters)
        var surprises: [Double] = []
        for _ in 0..<2000 {
            let left = try candidates(logits, parameters, history).count
            history.append(try sampler.next(logits.span, parameters, history))
            surprises.append(log2(Double(left)))
        }
        // About as many tokens are left as have that surprise if all were equally probable.
        let mean = surprises.suffix(1000).reduce(0, +) / 1000
        #expect(abs(mean - 3) < 0.3, "\(mean)")
    }

    @Test func `DRY leaves alone what no repetition leads to, and penalizes more what lengthens a longer one`() throws {
        let parameters = try resolve(
            SamplingParameters(
                temperature: 0, dryMultiplier: 1, dryBase: 2, dryAllowedLength: 2, drySequenceBreakers: []))
        // "1 2 3" came before 4, and "2 3" before 5.
        let history = history(parameters, prompt: [1, 2, 3, 4, 9, 2, 3, 5], output: [1, 2, 3])
        #expect(Dry.repetitions(history, parameters) == [4: 3, 5: 2])
        let edited = try candidates([Float](repeating: 0, count: 10), parameters, history)
        #expect((0..<10).map { edited.logit(at: $0) } == [0, 0, 0, 0, -2, -1, 0, 0, 0, 0])
    }

    @Test func `DRY on a hundred thousand equal tokens ends, and its penalty stays finite`() throws {
        let parameters = try resolve(
            SamplingParameters(temperature: 0, dryMultiplier: 1e30, dryBase: 1e300, drySequenceBreakers: []))
        let history = history(parameters, prompt: [TokenID](repeating: 1, count: 100_000))
        let logits: [Float] = [-.infinity, 3]
        var sampler = Sampler()
        #expect(try sampler.next(logits.span, parameters, history).id == 1)
    }
}
