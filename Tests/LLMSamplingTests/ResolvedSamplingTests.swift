import LLMSampling
import Testing

@Suite struct ResolvedSamplingTests {
    @Test func `Nothing set anywhere gives vLLM's defaults`() throws {
        let resolved = try resolve(SamplingParameters())
        #expect(resolved.temperature == 1 && !resolved.isGreedy)
        #expect(resolved.topP == 1 && resolved.topK == 0 && resolved.minP == 0)
        #expect(resolved.repetitionPenalty == 1 && resolved.presencePenalty == 0 && resolved.frequencyPenalty == 0)
        #expect(resolved.maxTokens == nil && resolved.minTokens == 0 && resolved.logprobs == nil)
        #expect(resolved.stop.isEmpty && resolved.endTokenIDs.isEmpty && !resolved.includeStopStrInOutput)
        #expect(resolved.n == 1 && resolved.promptLogprobs == nil && resolved.truncatePromptTokens == nil)
        #expect(resolved.logitBias.isEmpty && resolved.allowedTokenIDs == nil && resolved.badWords.isEmpty)
        #expect(resolved.skipSpecialTokens && resolved.spacesBetweenSpecialTokens)
        #expect(resolved.repetitionDetection == nil)
    }

    @Test func `Nothing set anywhere gives llama.cpp's defaults where vLLM has none`() throws {
        let resolved = try resolve(SamplingParameters())
        #expect(resolved.typicalP == 1 && resolved.topNSigma == 0)
        #expect(resolved.dynatempRange == 0 && resolved.dynatempExponent == 1)
        #expect(resolved.xtcProbability == 0 && resolved.xtcThreshold == 0.1)
        #expect(resolved.mirostat == 0 && resolved.mirostatTau == 5 && resolved.mirostatEta == 0.1)
        #expect(resolved.dryMultiplier == 0 && resolved.dryBase == 1.75 && resolved.dryAllowedLength == 2)
        #expect(resolved.dryPenaltyLastN == -1)
    }

    @Test func `The request's value goes before the model's, field by field`() throws {
        let defaults = try SamplingParameters(
            repetitionPenalty: 1.05, temperature: 0.6, topP: 0.95, topK: 20, minP: 0.1)
        let resolved = try SamplingParameters(temperature: 0.9, topK: -1)
            .resolved(defaults: defaults, vocabularySize: 10)
        #expect(resolved.temperature == 0.9)
        #expect(resolved.topK == 0)
        #expect(resolved.topP == 0.95 && resolved.minP == 0.1 && resolved.repetitionPenalty == 1.05)
    }

    @Test func `A temperature of 0 is greedy and turns the filters off, not the penalties`() throws {
        let resolved = try resolve(
            SamplingParameters(repetitionPenalty: 1.2, temperature: 0, topP: 0.5, topK: 3, minP: 0.2))
        #expect(resolved.isGreedy)
        #expect(resolved.topP == 1 && resolved.topK == 0 && resolved.minP == 0)
        #expect(resolved.repetitionPenalty == 1.2)
    }

    @Test func `A model that does not sample is greedy unless the request sets a temperature`() throws {
        let defaults = try recommended("{\"temperature\":0.6,\"top_p\":0.9,\"do_sample\":false}")
        let untouched = try SamplingParameters(topP: 0.5).resolved(defaults: defaults, vocabularySize: 10)
        #expect(untouched.isGreedy && untouched.topP == 1)
        let warmed = try SamplingParameters(temperature: 0.8).resolved(defaults: defaults, vocabularySize: 10)
        #expect(warmed.temperature == 0.8 && warmed.topP == 0.9)
        #expect(try recommended("{\"temperature\":0.6,\"do_sample\":true}").temperature == 0.6)
    }

    @Test func `A request's temperature of 0 is greedy whatever the model recommends`() throws {
        let defaults = try recommended("{\"temperature\":0.6,\"top_k\":20,\"do_sample\":true}")
        let resolved = try SamplingParameters(temperature: 0).resolved(defaults: defaults, vocabularySize: 10)
        #expect(resolved.isGreedy && resolved.topK == 0)
    }

    @Test func `Mirostat takes the place of the filters that the model recommends, not of the request's`() throws {
        let defaults = try SamplingParameters(temperature: 0.6, topP: 0.9, topK: 20, minP: 0.1, typicalP: 0.8)
        let resolved = try SamplingParameters(topK: 50, mirostat: 2).resolved(defaults: defaults, vocabularySize: 10)
        #expect(resolved.mirostat == 2 && resolved.temperature == 0.6 && resolved.topK == 50)
        #expect(resolved.topP == 1 && resolved.minP == 0 && resolved.typicalP == 1)
    }

    @Test func `The model's lengths give way to the request's`() throws {
        let defaults = try SamplingParameters(maxTokens: 20, minTokens: 10)
        func lengths(_ parameters: SamplingParameters) throws -> [Int?] {
            let resolved = try parameters.resolved(defaults: defaults, vocabularySize: 10)
            return [resolved.minTokens, resolved.maxTokens]
        }
        #expect(try lengths(SamplingParameters()) == [10, 20])
        #expect(try lengths(SamplingParameters(maxTokens: 5)) == [5, 5])
        #expect(try lengths(SamplingParameters(minTokens: 30)) == [30, 30])
    }

    @Test func `Steps that cannot do anything are off`() throws {
        #expect(try resolve(SamplingParameters(xtcProbability: 1, xtcThreshold: 0.51)).xtcProbability == 0)
        #expect(try resolve(SamplingParameters(dryMultiplier: 1, dryPenaltyLastN: 0)).dryMultiplier == 0)
        #expect(try resolve(SamplingParameters(topNSigma: -1)).topNSigma == 0)
    }

    @Test func `Several samples of a greedy request are refused, by parameter or model default`() throws {
        let greedy = try recommended("{\"do_sample\":false}")
        #expect(try resolve(SamplingParameters(n: 4)).n == 4)
        #expect(try SamplingParameters(n: 4, temperature: 1).resolved(defaults: greedy, vocabularySize: 9).n == 4)
        for (parameters, defaults) in [
            (try SamplingParameters(n: 4, temperature: 0), SamplingParameters.unset),
            (try SamplingParameters(n: 4), greedy),
        ] {
            do throws(SamplingError) {
                _ = try parameters.resolved(defaults: defaults, vocabularySize: 9)
                Issue.record("accepted")
            } catch {
                #expect(error.code == .outOfRange && error.field == "n")
                #expect(error.message.contains("4 samples") && error.message.contains("[1, 1]"))
            }
        }
    }

    @Test(arguments: ["stop_token_ids", "allowed_token_ids", "logit_bias", "bad_words"])
    func `A token outside the vocabulary is refused by id and size`(field: String) throws {
        let parameters =
            switch field {
            case "stop_token_ids": try SamplingParameters(stopTokenIDs: [9, 10])
            case "allowed_token_ids": try SamplingParameters(allowedTokenIDs: [10, 9])
            case "logit_bias": try SamplingParameters(logitBias: [10: 1, 9: 1])
            default: try SamplingParameters(badWords: ["x"])
            }
        let tokenize: SamplingParameters.Tokenize = { _ throws(SamplingError) in [10] }
        do throws(SamplingError) {
            _ = try parameters.resolved(vocabularySize: 10, tokenize: tokenize)
            Issue.record("accepted")
        } catch {
            #expect(error.code == .notInVocabulary && error.field == field)
            #expect(error.message.contains("10") && error.message.contains("[0, 9]"))
        }
        _ = try parameters.resolved(vocabularySize: 11, tokenize: tokenize)
    }

    @Test func `A bad word counts with and without a space where that makes another word of it`() throws {
        // As a byte pair tokenizer does: a space belongs to the token after it.
        let ids: [String: [TokenID]] = [
            "cat": [1], " cat": [2], "cats": [1, 3], " cats": [2, 3], "dog": [4], " dog": [5, 4],
        ]
        let tokenize: SamplingParameters.Tokenize = { text throws(SamplingError) in ids[text] ?? [] }
        let parameters = try SamplingParameters(badWords: ["cat", "  cats", "dog"])
        let resolved = try parameters.resolved(vocabularySize: 10, tokenize: tokenize)
        #expect(resolved.badWords == [[1], [2], [1, 3], [2, 3], [4]])
    }

    @Test func `More than 128 token sequences are refused, though the words are fewer`() throws {
        let tokenize: SamplingParameters.Tokenize = { text throws(SamplingError) in [text.hasPrefix(" ") ? 1 : 2] }
        let words = Array(repeating: "a", count: 64)
        #expect(
            try SamplingParameters(badWords: words).resolved(vocabularySize: 10, tokenize: tokenize).badWords.count
                == 128)
        do throws(SamplingError) {
            _ = try SamplingParameters(badWords: words + ["b"]).resolved(vocabularySize: 10, tokenize: tokenize)
            Issue.record("accepted")
        } catch {
            #expect(error.message.contains("130 token sequences") && error.message.contains("[0, 128]"))
        }
    }

    @Test func `A sequence breaker is what it adds to the letter before it`() throws {
        let ids: [String: [TokenID]] = ["a": [7], "a:": [7, 1], "a##": [7, 2, 2], "ab": [8], "a\n": [3, 4]]
        let tokenize: SamplingParameters.Tokenize = { text throws(SamplingError) in ids[text] ?? [] }
        let resolved = try SamplingParameters(dryMultiplier: 1, drySequenceBreakers: [":", "##", "b", "\n"])
            .resolved(vocabularySize: 10, tokenize: tokenize)
        #expect(resolved.drySequenceBreakers == [[1], [2, 2], [8], [4]])
    }

    @Test func `Texts without a tokenizer, or without tokens, are refused`() throws {
        let parameters = [
            ("bad_words", try SamplingParameters(badWords: ["x"])),
            ("dry_sequence_breakers", try SamplingParameters(dryMultiplier: 1)),
        ]
        for (field, parameters) in parameters {
            let tokenizers: [(SamplingParameters.Tokenize?, SamplingError.Code)] = [
                (nil, .unsupported), ({ _ throws(SamplingError) in [] }, .outOfRange),
            ]
            for (tokenize, code) in tokenizers {
                do throws(SamplingError) {
                    _ = try parameters.resolved(vocabularySize: 10, tokenize: tokenize)
                    Issue.record("accepted")
                } catch {
                    #expect(error.code == code && error.field == field, "\(error)")
                }
            }
        }
        _ = try SamplingParameters(dryMultiplier: 1, drySequenceBreakers: []).resolved(vocabularySize: 10)
        _ = try SamplingParameters(drySequenceBreakers: ["x"]).resolved(vocabularySize: 10)
    }

    @Test func `A prompt is cut from its beginning, and only where the request asks`() throws {
        let prompt: [TokenID] = [1, 2, 3, 4, 5]
        func truncated(_ kept: Int?, maxTokens: Int? = nil, room: Int = 100) throws -> [TokenID] {
            try resolve(SamplingParameters(maxTokens: maxTokens, truncatePromptTokens: kept))
                .truncated(prompt, maxModelLength: room)
        }
        #expect(try truncated(nil, room: 2) == prompt)
        #expect(try truncated(2) == [4, 5])
        #expect(try truncated(9) == prompt)
        #expect(try truncated(-1, room: 4) == [3, 4, 5])
        #expect(try truncated(-1, maxTokens: 2, room: 4) == [4, 5])
        #expect(try truncated(-1, maxTokens: 9, room: 4) == [5])
        #expect(try truncated(-1, maxTokens: 9) == prompt)
    }

    @Test func `EOS ends the output unless it is ignored, and is masked before the minimum either way`() throws {
        let plain = try resolve(SamplingParameters(stopTokenIDs: [5]), eos: [2, 3, 999])
        #expect(plain.endTokenIDs == [2, 3, 5] && plain.maskedTokenIDs == [2, 3, 5])
        let ignoring = try resolve(SamplingParameters(stopTokenIDs: [5], ignoreEOS: true), eos: [2, 3])
        #expect(ignoring.endTokenIDs == [5] && ignoring.maskedTokenIDs == [2, 3, 5])
    }

    @Test func `A seed is kept, and taken only where there is none`() throws {
        #expect(try resolve(SamplingParameters(seed: -7), seed: 1).seed == -7)
        #expect(try resolve(SamplingParameters(), seed: 1).seed == 1)
        for _ in 0..<100 { #expect((0..<(1 << 53)).contains(SamplingParameters.randomSeed())) }
    }
}
