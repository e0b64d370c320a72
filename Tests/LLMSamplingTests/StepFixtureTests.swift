import Foundation
import LLMSampling
import LLMTestSupport
import Testing

/// What an independent implementation makes of the same rows (Tests/Fixtures/sampling/make_steps.py).
private struct Fixture: Decodable {
    struct Run: Decodable {
        let parameters: Setting
        let prompt: [TokenID]
        let seed: Int64
        let steps: [Step]
        /// Tokens and their probabilities over all seeds.
        let first: [[Double]]
        let mirostatMu: Double

        enum CodingKeys: String, CodingKey {
            case parameters, prompt, seed, steps, first
            case mirostatMu = "mirostat_mu"
        }
    }

    struct Step: Decodable {
        /// The logits that are not those of the row: token, logit or null for a mask.
        let edits: [[Double?]]
        /// What was drawn from, by id.
        let ids: [TokenID]
        let probabilities: [Double]
        let token: TokenID
    }

    /// Wire names, as they are in the file.
    struct Setting: Decodable {
        let repetition_penalty, frequency_penalty, presence_penalty, temperature, min_p, top_p, typical_p: Double?
        let top_n_sigma, dynatemp_range, dynatemp_exponent, xtc_probability, xtc_threshold: Double?
        let mirostat_tau, mirostat_eta, dry_multiplier, dry_base: Double?
        let top_k, mirostat, dry_allowed_length, dry_penalty_last_n, min_tokens: Int?
        let breakers, bad_words: [[TokenID]]?
        let logit_bias: [String: Double]?
        let allowed_token_ids, eos: [TokenID]?

        /// Texts that stand for tokens, as ``tokenize`` reads them: ids with commas between them.
        private func texts(_ sequences: [[TokenID]]?) -> [String]? {
            sequences?.map { $0.map(String.init).joined(separator: ",") }
        }

        private func tokenize(_ text: String) -> [TokenID] {
            (text.hasPrefix("a") ? [39] : []) + text.split { !$0.isNumber }.compactMap { TokenID(String($0)) }
        }

        func resolved(seed: Int64) throws -> ResolvedSampling {
            let biases = (logit_bias ?? [:]).compactMap { id, bias in TokenID(id).map { ($0, bias) } }
            let parameters = try SamplingParameters(
                presencePenalty: presence_penalty, frequencyPenalty: frequency_penalty,
                repetitionPenalty: repetition_penalty, temperature: temperature, topP: top_p, topK: top_k, minP: min_p,
                typicalP: typical_p, topNSigma: top_n_sigma, dynatempRange: dynatemp_range,
                dynatempExponent: dynatemp_exponent, xtcProbability: xtc_probability, xtcThreshold: xtc_threshold,
                mirostat: mirostat, mirostatTau: mirostat_tau, mirostatEta: mirostat_eta,
                dryMultiplier: dry_multiplier, dryBase: dry_base, dryAllowedLength: dry_allowed_length,
                dryPenaltyLastN: dry_penalty_last_n, drySequenceBreakers: texts(breakers) ?? [], seed: seed,
                minTokens: min_tokens, logitBias: Dictionary(uniqueKeysWithValues: biases),
                allowedTokenIDs: allowed_token_ids, badWords: texts(bad_words))
            return try parameters.resolved(
                vocabularySize: 40, eosTokenIDs: eos ?? [], tokenize: { text throws(SamplingError) in tokenize(text) })
        }
    }

    let rows: [[Float]]
    let runs: [Run]
    let seeds: [Seeds]

    struct Seeds: Decodable {
        let seed: Int64
        let samples: [Int64]

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            seed = try container.decode(Int64.self)
            samples = try container.decode([Int64].self)
        }
    }

    static func load() throws -> Fixture {
        let data = try Data(contentsOf: Paths.fixtures.appending(path: "sampling/steps.json"))
        return try JSONDecoder().decode(Fixture.self, from: data)
    }
}

@Suite struct StepFixtureTests {
    @Test func `Each step, and all in order, give the same edits, candidates, probabilities and tokens`() throws {
        let fixture = try Fixture.load()
        #expect(fixture.runs.count > 30)
        for run in fixture.runs {
            let parameters = try run.parameters.resolved(seed: run.seed)
            var history = history(parameters, prompt: run.prompt)
            var sampler = Sampler()
            for (index, step) in run.steps.enumerated() {
                let row = fixture.rows[index % fixture.rows.count]
                expectEdits(step, of: row, try candidates(row, parameters, history, through: .logits), run)
                var left = try candidates(row, parameters, history)
                let possible = left.keptIDs.enumerated().filter { left.logit(at: $0.offset) > -.infinity }
                #expect(possible.map(\.element) == step.ids, "seed \(run.seed) token \(index)")
                var before = 0.0
                for (id, probability) in zip(step.ids, step.probabilities) where probability > 1e-7 {
                    // The middle of the token's part of [0, 1).
                    let drawn = left.draw(before + probability / 2)
                    #expect(drawn.id == id, "seed \(run.seed) token \(index)")
                    #expect(abs(drawn.share - probability) < 1e-6 * probability + 1e-9, "seed \(run.seed) id \(id)")
                    before += probability
                }
                let token = try sampler.next(row.span, parameters, history)
                #expect(token.id == step.token, "seed \(run.seed) token \(index)")
                history.append(token)
            }
            if parameters.mirostat == 2 {
                let mu = try #require(history.state(Mirostat.self)).mu
                #expect(abs(mu - run.mirostatMu) < 1e-5, "seed \(run.seed)")
            }
        }
    }

    @Test func `The samples of a request come as often as the exact probabilities say, step by step and in order`()
        throws
    {
        let fixture = try Fixture.load()
        for run in fixture.runs {
            let parameters = try run.parameters.resolved(seed: run.seed)
            let history = history(parameters, prompt: run.prompt)
            var sampler = Sampler()
            let row = fixture.rows[0]
            var counts = [Int](repeating: 0, count: row.count)
            let draws = 20_000
            for sample in 0..<draws {
                let token = try sampler.next(row.span, parameters.ofSample(sample), history)
                counts[Int(token.id)] += 1
            }
            // Tokens that are expected less than five times count together.
            var rare = (observed: draws, expected: Double(draws))
            var (chiSquare, bins) = (0.0, 0)
            for entry in run.first where entry[1] * Double(draws) >= 5 {
                let (observed, expected) = (counts[Int(entry[0])], entry[1] * Double(draws))
                chiSquare += (Double(observed) - expected) * (Double(observed) - expected) / expected
                bins += 1
                rare = (rare.observed - observed, rare.expected - expected)
            }
            if rare.expected >= 5 {
                let difference = Double(rare.observed) - rare.expected
                chiSquare += difference * difference / rare.expected
                bins += 1
            } else {
                #expect(rare.observed <= 20, "seed \(run.seed)")
            }
            for (id, count) in counts.enumerated() where count > 0 {
                #expect(run.first.contains { Int($0[0]) == id }, "seed \(run.seed) id \(id)")
            }
            #expect(chiSquare <= limit(degreesOfFreedom: bins - 1), "seed \(run.seed) bins \(bins)")
        }
    }

    /// What chi-square exceeds once in 10,000 times (Wilson and Hilferty, 1931).
    private func limit(degreesOfFreedom degrees: Int) -> Double {
        guard degrees > 0 else { return 1e-9 }
        let variance = 2 / (9 * Double(degrees))
        return Double(degrees) * pow(1 - variance + 3.719 * variance.squareRoot(), 3)
    }

    @Test func `Samples have the seeds that the rule gives`() throws {
        let rows = try Fixture.load().seeds
        #expect(rows.count == 5)
        for row in rows {
            #expect(row.samples.indices.map { SamplingParameters.seed(ofSample: $0, from: row.seed) } == row.samples)
        }
    }

    private func expectEdits(_ step: Fixture.Step, of row: [Float], _ edited: Candidates, _ run: Fixture.Run) {
        var expected = row.map(Double.init)
        for edit in step.edits { expected[Int(edit[0] ?? -1)] = edit[1] ?? -.infinity }
        for (id, logit) in expected.enumerated() {
            let found = Double(edited.logit(at: id))
            #expect(found == logit || abs(found - logit) < 1e-5, "seed \(run.seed) id \(id)")
        }
    }
}
