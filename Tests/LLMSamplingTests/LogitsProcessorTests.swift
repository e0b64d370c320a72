import LLMSampling
import Testing

/// Never lets a token come twice.
private struct NoRepeat: LogitsProcessor {
    let changesArgmax = true

    func process(_ logits: inout MutableSpan<Float>, prompt: [TokenID], output: [TokenID]) {
        for id in prompt + output where logits.indices.contains(Int(id)) { logits[Int(id)] = -.infinity }
    }
}

/// Has the output be `tokens`, then anything.
private struct Forced: LogitsProcessor {
    let tokens: [TokenID]
    let changesArgmax = true

    func process(_ logits: inout MutableSpan<Float>, prompt: [TokenID], output: [TokenID]) {
        guard output.count < tokens.count else { return }
        for index in logits.indices where index != Int(tokens[output.count]) { logits[index] = -.infinity }
    }
}

/// Makes the distribution sharper, so that the most probable token stays.
private struct Sharper: LogitsProcessor {
    let factor: Float
    let changesArgmax = false

    func process(_ logits: inout MutableSpan<Float>, prompt: [TokenID], output: [TokenID]) {
        for index in logits.indices { logits[index] *= factor }
    }
}

private struct Failing: LogitsProcessor {
    struct Failure: Error, CustomStringConvertible { let description = "no table\nfor this token" }
    let changesArgmax: Bool

    func process(_ logits: inout MutableSpan<Float>, prompt: [TokenID], output: [TokenID]) throws { throw Failure() }
}

private struct Fill: LogitsProcessor {
    let value: Float
    let changesArgmax: Bool

    func process(_ logits: inout MutableSpan<Float>, prompt: [TokenID], output: [TokenID]) {
        for index in logits.indices { logits[index] = value }
    }
}

@Suite struct LogitsProcessorTests {
    private let logits: [Float] = [3, 1, 4, 1.5, 5, 9, 2, 6]

    private func generate(
        _ parameters: SamplingParameters, _ processors: [any LogitsProcessor], prompt: [TokenID] = [], count: Int
    ) throws -> [TokenID] {
        let resolved = try resolve(parameters, vocabulary: logits.count, eos: [5])
        var sampler = Sampler()
        var history = history(resolved, prompt: prompt)
        for _ in 0..<count {
            history.append(try sampler.next(logits.span, resolved, history, processors: processors))
        }
        return history.output
    }

    @Test func `One that forbids what was there goes down the ranking`() throws {
        let tokens = try generate(.init(temperature: 0), [NoRepeat()], prompt: [4], count: 7)
        #expect(tokens == [5, 7, 2, 0, 6, 3, 1])
        let sampled = try generate(.init(temperature: 2), [NoRepeat()], prompt: [4], count: 7)
        #expect(Set(sampled) == Set(tokens))
    }

    @Test func `One that forces a sequence forces it, greedy and sampling, and then lets go`() throws {
        for temperature in [0, 1.5] {
            let tokens = try generate(
                .init(temperature: temperature, topK: 2), [Forced(tokens: [1, 1, 6, 0])], count: 5)
            #expect(tokens.prefix(4) == [1, 1, 6, 0])
            #expect(tokens[4] == 5 || tokens[4] == 7)
        }
    }

    @Test func `They run in the order given`() throws {
        let fill = Fill(value: 0, changesArgmax: true)
        #expect(try generate(.init(temperature: 0), [Forced(tokens: [3]), fill], count: 1) == [0])
        #expect(try generate(.init(temperature: 0), [fill, Forced(tokens: [3])], count: 1) == [3])
    }

    @Test func `One that changes the argmax sees masks and biases, not penalties`() throws {
        struct Expecting: LogitsProcessor {
            let row: [Float]
            let changesArgmax: Bool
            func process(_ logits: inout MutableSpan<Float>, prompt: [TokenID], output: [TokenID]) {
                for index in row.indices where logits[index] != row[index] {
                    Issue.record("\(logits[index]) at \(index), not \(row[index])")
                }
                #expect(prompt == [2] && output == [4])
            }
        }
        let parameters = try resolve(
            SamplingParameters(presencePenalty: 1, temperature: 0.5, minTokens: 2, logitBias: [0: -1]),
            vocabulary: logits.count, eos: [5])
        let edited: [Float] = [2, 1, 4, 1.5, 5, -.infinity, 2, 6]
        var penalized = edited
        penalized[4] = 4
        var sampler = Sampler()
        _ = try sampler.next(
            logits.span, parameters, history(parameters, prompt: [2], output: [4]),
            processors: [
                Expecting(row: edited, changesArgmax: true), Expecting(row: penalized, changesArgmax: false),
            ])
    }

    @Test func `One that keeps the argmax changes what is drawn, and a greedy request skips it`() throws {
        let parameters = try resolve(SamplingParameters(temperature: 2), vocabulary: logits.count)
        let sharpened = try candidates(logits, parameters, processors: [Sharper(factor: 4)])
        let expected = try candidates(logits, resolve(SamplingParameters(temperature: 0.5), vocabulary: logits.count))
        var (left, right) = (sharpened, expected)
        for uniform in stride(from: 0.001, to: 1, by: 0.01) { #expect(left.draw(uniform) == right.draw(uniform)) }
        #expect(try generate(.init(temperature: 0), [Failing(changesArgmax: false)], count: 1) == [5])
    }

    @Test(arguments: [true, false])
    func `One that throws ends the request with its name and its reason`(changesArgmax: Bool) throws {
        do {
            _ = try generate(.init(temperature: 1), [Failing(changesArgmax: changesArgmax)], count: 1)
            Issue.record("no error")
        } catch let error as SamplingError {
            #expect(error.code == .processorFailed && error.field == "logits_processors")
            #expect(error.message.contains("Failing failed: no table for this token"))
        }
    }

    @Test(arguments: [true, false])
    func `A row of NaN has no candidates`(changesArgmax: Bool) throws {
        let processors = [Fill(value: .nan, changesArgmax: changesArgmax)]
        do {
            _ = try generate(.init(temperature: 1), processors, count: 1)
            Issue.record("no error")
        } catch let error as SamplingError {
            #expect(error.code == .noCandidates)
        }
    }

    @Test func `Logprobs are those of the row before any processor`() throws {
        let parameters = try resolve(SamplingParameters(temperature: 0, logprobs: 1), vocabulary: logits.count)
        var sampler = Sampler()
        let token = try sampler.next(
            logits.span, parameters, history(parameters), processors: [Forced(tokens: [1])])
        #expect(token.id == 1 && token.logprobs?.top[0].tokenID == 5)
        #expect((token.logprobs?.chosen.logprob ?? 0) < -8)
    }
}
