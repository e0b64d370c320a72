import LLMSampling
import LLMTestSupport
import Testing

@Suite struct SequenceHistoryTests {
    private let rows: [[Float]] = {
        var generator = SeededGenerator(seed: 3)
        return (0..<5).map { _ in (0..<60).map { _ in generator.float(in: -3...3) } }
    }()

    private func everything(seed: Int64) throws -> ResolvedSampling {
        try SamplingParameters(
            presencePenalty: 0.3, frequencyPenalty: 0.2, repetitionPenalty: 1.1, temperature: 1.3, topP: 0.97,
            xtcProbability: 0.5, xtcThreshold: 0.05, mirostat: 2, mirostatTau: 3, dryMultiplier: 0.8,
            dryAllowedLength: 1,
            seed: seed, badWords: ["w"], repetitionDetection: nil
        ).resolved(vocabularySize: 60, tokenize: { text throws(SamplingError) in text == "a" ? [1] : [4, 5] })
    }

    /// What the sampler chooses at place `index`.
    private func token(
        _ index: Int, _ parameters: ResolvedSampling, _ history: SequenceHistory, _ sampler: inout Sampler
    ) throws -> SampledToken {
        let row = rows[index % rows.count]
        return try sampler.next(row.span, parameters, history)
    }

    private func tokens(_ parameters: ResolvedSampling, prompt: [TokenID], count: Int) throws -> [TokenID] {
        var sampler = Sampler()
        var history = SequenceHistory(prompt: prompt, parameters)
        for index in 0..<count {
            let row = rows[index % rows.count]
            history.append(try sampler.next(row.span, parameters, history))
        }
        return history.output
    }

    @Test func `Each sample of a request is a request of its own with the derived seed`() throws {
        for seed in [5, -9, .max] as [Int64] {
            let request = try everything(seed: seed)
            #expect(request.ofSample(0) == request)
            var seen: Set<[TokenID]> = []
            for index in 0..<4 {
                let derived = SamplingParameters.seed(ofSample: index, from: seed)
                let alone = try tokens(everything(seed: derived), prompt: [1, 2, 3], count: 40)
                #expect(try tokens(request.ofSample(index), prompt: [1, 2, 3], count: 40) == alone)
                seen.insert(alone)
            }
            #expect(seen.count == 4)
        }
    }

    @Test func `Derived seeds differ and are numbers that JSON holds exactly`() {
        var seeds: Set<Int64> = []
        for index in 1..<1000 {
            let seed = SamplingParameters.seed(ofSample: index, from: 42)
            #expect((0..<(1 << 53)).contains(seed))
            seeds.insert(seed)
        }
        #expect(seeds.count == 999)
    }

    @Test func `Sequences that take turns on one sampler, and leave off, get the tokens they get alone`() throws {
        let requests = try (0..<6).map { try everything(seed: $0) }
        let prompts = (0..<6).map { [TokenID]((0..<TokenID($0 * 3)).map { $0 % 7 }) }
        let alone = try zip(requests, prompts).map { try tokens($0, prompt: $1, count: 30) }
        var generator = SeededGenerator(seed: 12)
        var histories = zip(requests, prompts).map { SequenceHistory(prompt: $1, $0) }
        var sampler = Sampler()
        while let shortest = histories.map(\.output.count).min(), shortest < 30 {
            let index = Int.random(in: 0..<6, using: &generator)
            let length = histories[index].output.count
            guard length < 30 else { continue }
            let row = rows[length % rows.count]
            let token = try sampler.next(row.span, requests[index], histories[index])
            // What a step computed and nobody took, as after an abort, leaves nothing behind.
            if Bool.random(using: &generator) { histories[index].append(token) }
        }
        #expect(histories.map(\.output) == alone)
    }

    @Test func `A copy goes its own way`() throws {
        let parameters = try everything(seed: 1)
        var history = SequenceHistory(prompt: [1], parameters)
        history.append(SampledToken(id: 7))
        let kept = history
        history.append(SampledToken(id: 8))
        #expect(kept.output == [7] && history.output == [7, 8])
        #expect(kept.prompt == [1])
    }

    @Test func `A copy keeps the steps' states of its own, and goes on as one that began alone`() throws {
        let parameters = try everything(seed: 4)
        let whole = try tokens(parameters, prompt: [1, 2, 3], count: 30)
        var (sampler, history) = (Sampler(), SequenceHistory(prompt: [1, 2, 3], parameters))
        for count in 0..<30 {
            // What one that branches off does, whatever it takes, the history does not see.
            var branch = history
            for id in [59, 7, whole[count], 7] as [TokenID] {
                branch.append(SampledToken(id: id))
                branch.append(try token(2, parameters, branch, &sampler))
            }
            history.append(try token(count, parameters, history, &sampler))
        }
        #expect(history.output == whole)
    }

    @Test func `Tokens taken back leave every step as if they had never been there`() throws {
        let parameters = try everything(seed: 9)
        let whole = try tokens(parameters, prompt: [1, 2, 3], count: 30)
        var generator = SeededGenerator(seed: 5)
        var (sampler, history) = (Sampler(), SequenceHistory(prompt: [1, 2, 3], parameters))
        for count in 0..<30 {
            let mu = try #require(history.state(Mirostat.self)).mu
            for index in 0..<Int.random(in: 0...6, using: &generator) {
                // Drafts: the right ones, others, and tokens that the sequence has or has not had.
                let drawn = try token(count + index, parameters, history, &sampler)
                let other = SampledToken(id: TokenID.random(in: 0..<60, using: &generator))
                history.append(Bool.random(using: &generator) ? drawn : other)
            }
            history.rollBack(to: count)
            #expect(history.state(Mirostat.self)?.mu == mu)
            history.append(try token(count, parameters, history, &sampler))
        }
        #expect(history.output == whole)
        history.rollBack(to: 12)
        for count in 12..<30 { history.append(try token(count, parameters, history, &sampler)) }
        #expect(history.output == whole)
        history.rollBack(to: 0)
        #expect(history.output.isEmpty && history.prompt == [1, 2, 3])
    }
}
