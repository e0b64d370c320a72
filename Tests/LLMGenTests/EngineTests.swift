import Foundation
import LLMGen
import LLMTestSupport
import Synchronization
import Testing

@Suite struct EngineTests {
    private let story: Prompt = "Once upon a time there was a king who had three sons."

    @Test func `Pieces joined are the text, and the last one has the whole output`() async throws {
        let engine = try await Fairytale.engine()
        var (text, ids) = ("", [TokenID]())
        var last: RequestOutput?
        for try await piece in engine.generate(story, try SamplingParameters(seed: 3, maxTokens: 40)) {
            #expect(last == nil)
            text += piece.text
            if let id = piece.tokenID { ids.append(id) }
            last = piece.output
        }
        let output = try #require(last)
        #expect(output.text == text && output.tokenIDs == ids && output.seed == 3)
        #expect(output.usage.completionTokens == ids.count)
        #expect(output.usage.promptTokens == output.promptTokenIDs.count)
        #expect(output.timings.ttftSeconds >= output.timings.prefillSeconds)
        #expect(output.timings.totalSeconds >= output.timings.ttftSeconds)
    }

    @Test func `The model's generation config gives what the request leaves unset`() async throws {
        let engine = try await Fairytale.engine()
        let unset = try await engine.generate([story], try SamplingParameters(seed: 11, maxTokens: 60))
        let spelled = try await engine.generate(
            [story], try SamplingParameters(temperature: 0.7, topP: 0.9, seed: 11, maxTokens: 60))
        let other = try await engine.generate(
            [story], try SamplingParameters(temperature: 1, topP: 1, seed: 11, maxTokens: 60))
        #expect(unset.map(\.tokenIDs) == spelled.map(\.tokenIDs))
        #expect(unset.map(\.tokenIDs) != other.map(\.tokenIDs))
    }

    @Test func `A stop string ends the output before it, and its last token is counted`() async throws {
        let engine = try await Fairytale.engine()
        let free = try await engine.generate(
            [story], try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 64))[0]
        let words = free.text.split(separator: " ")
        let stop = "\(words[4]) \(words[5])"
        let output = try await engine.generate(
            [story], try SamplingParameters(temperature: 0, stop: [stop], ignoreEOS: true, maxTokens: 64))[0]
        let range = try #require(free.text.range(of: stop))
        #expect(output.text == free.text[..<range.lowerBound])
        #expect(output.finishReason == .stop)
        #expect(output.tokenIDs == Array(free.tokenIDs.prefix(output.tokenIDs.count)))
        #expect(output.tokenIDs.count < free.tokenIDs.count)
    }

    @Test func `A stop token ends the output; it is in the ids and not in the text`() async throws {
        let engine = try await Fairytale.engine()
        let free = try await engine.generate([story], try SamplingParameters(temperature: 0, maxTokens: 30))[0]
        let stop = free.tokenIDs[9]
        let output = try await engine.generate(
            [story], try SamplingParameters(temperature: 0, stopTokenIDs: [stop], maxTokens: 30))[0]
        let end = try #require(free.tokenIDs.firstIndex(of: stop))
        #expect(output.tokenIDs == Array(free.tokenIDs[...end]) && output.finishReason == .stop)
        #expect(free.text.hasPrefix(output.text) && output.text != free.text)
        let later = try await engine.generate(
            [story], try SamplingParameters(temperature: 0, stopTokenIDs: [stop], maxTokens: 30, minTokens: end + 2))[0]
        #expect(later.tokenIDs.count >= end + 2)
    }

    @Test func `Log probabilities come with each token`() async throws {
        let engine = try await Fairytale.engine()
        let output = try await engine.generate(
            [story], try SamplingParameters(temperature: 0, maxTokens: 12, logprobs: 3))[0]
        let logprobs = try #require(output.logprobs)
        #expect(logprobs.map(\.chosen.tokenID) == output.tokenIDs)
        for entry in logprobs {
            #expect(entry.top.count == 3 && entry.top[0] == entry.chosen)
            #expect(entry.top.map(\.logprob) == entry.top.map(\.logprob).sorted(by: >))
        }
    }

    @Test func `Cancelling the reading task frees the request's blocks`() async throws {
        let engine = try await Fairytale.engine()
        let parameters = try SamplingParameters(ignoreEOS: true, maxTokens: 900)
        // The engine waits at its tenth token until the reader has gone, so that the request cannot end before.
        let gate = Gate()
        let options = RequestOptions(logitsProcessors: [gate])
        let reader = Task {
            var last: OutputPiece?
            for try await piece in engine.generate(story, parameters, options) {
                last = piece
                withUnsafeCurrentTask { $0?.cancel() }
            }
            gate.isOpen.store(true, ordering: .releasing)
            return last
        }
        // The engine may have been between two steps, and its last reply quicker than the reader's end.
        let output = try await reader.value?.output
        #expect(output == nil || output?.finishReason == .abort)
        #expect(await engine.usedBlocks == 0)
    }

    /// Holds the engine's thread at the tenth token until it is opened.
    private final class Gate: LogitsProcessor {
        let changesArgmax = true
        let isOpen = Atomic(false)

        func process(_ logits: inout MutableSpan<Float>, prompt: [TokenID], output: [TokenID]) {
            while output.count >= 10, !isOpen.load(ordering: .acquiring) { Thread.sleep(forTimeInterval: 1e-3) }
        }
    }

    @Test func `A dropped stream frees the request's blocks`() async throws {
        let engine = try await Fairytale.engine()
        let parameters = try SamplingParameters(ignoreEOS: true, maxTokens: 900)
        for try await _ in engine.generate(story, parameters) { break }
        #expect(await engine.usedBlocks == 0)
    }

    @Test func `A request that ends early leaves the others as they were`() async throws {
        let engine = try await Fairytale.engine(EngineOptions(kvBlocks: 40, blockSize: 16))
        let entries = try Fairytale.reference()
        let parameters = try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 64)
        async let kept = engine.generate(entries.map { .tokenIDs($0.prompt_ids) }, parameters)
        for seed in Int64(0)..<20 {
            let noise = try SamplingParameters(seed: seed, ignoreEOS: true, maxTokens: 200)
            for try await _ in engine.generate(story, noise) { break }
        }
        #expect(try await kept.map(\.tokenIDs) == entries.map(\.greedy_ids))
    }

    @Test func `abortAll ends every request with what it has`() async throws {
        let engine = try await Fairytale.engine()
        let parameters = try SamplingParameters(seed: 1, ignoreEOS: true, maxTokens: 900)
        var aborted: RequestOutput?
        // On a busy machine the request may be done before this task is told of its first tokens.
        for _ in 0..<50 where aborted == nil {
            var count = 0
            for try await piece in engine.generate(story, parameters) {
                count += 1
                if count == 5 { engine.abortAll() }
                if let output = piece.output, output.finishReason == .abort { aborted = output }
            }
        }
        let output = try #require(aborted)
        #expect(output.tokenIDs.count >= 5 && output.tokenIDs.count < 900 && !output.text.isEmpty)
        #expect(await engine.usedBlocks == 0)
    }

    @Test func `An engine that its owner lets go of still finishes what runs`() async throws {
        let stream = try await Fairytale.engine().generate(story, try SamplingParameters(seed: 1, maxTokens: 30))
        let output = try await Engine.output(of: stream)
        #expect(output.finishReason != .abort && !output.tokenIDs.isEmpty)
    }

    @Test func `Unset max tokens goes on to the model's length`() async throws {
        let engine = try await Fairytale.engine(EngineOptions(maxModelLength: 100))
        let output = try await engine.generate([story], try SamplingParameters(seed: 1, ignoreEOS: true))[0]
        #expect(output.finishReason == .length)
        #expect(output.promptTokenIDs.count + output.tokenIDs.count == 100)
    }

    @Test func `A model without a tokenizer generates from token ids, with empty text`() async throws {
        let folder = Paths.fixtures.appending(path: "models/llama")
        let engine = try Engine(model: try await LanguageModel.load(folder.path))
        let output = try await engine.generate(
            [.tokenIDs([1, 5, 9])], try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 7))[0]
        #expect(output.tokenIDs.count == 7 && output.text.isEmpty)
        let error = await #expect(throws: LLMGenError.self) {
            try await engine.generate(["text"], try SamplingParameters())
        }
        #expect(error?.code == .invalidInput)
    }

    static let refusals: [(prompt: Prompt, maxTokens: Int?, words: [String])] = [
        ("", nil, ["empty"]),
        (.tokenIDs([]), nil, ["0 tokens"]),
        (.tokenIDs([4096]), nil, ["4096", "4095"]),
        (.tokenIDs([-1]), nil, ["-1", "4095"]),
        (.tokenIDs(Array(repeating: 5, count: 64)), nil, ["64", "max-model-len"]),
        (.tokenIDs([1, 2, 3]), 62, ["62", "3", "64", "61"]),
    ]

    @Test(arguments: refusals.indices)
    func `A request that cannot be run is refused with the numbers`(index: Int) async throws {
        let (prompt, maxTokens, words) = EngineTests.refusals[index]
        let engine = try await Fairytale.engine(EngineOptions(maxModelLength: 64))
        let error = await #expect(throws: LLMGenError.self) {
            try await engine.generate([prompt], try SamplingParameters(maxTokens: maxTokens))
        }
        let message = try #require(error).message
        for word in words { #expect(message.contains(word), "\(message)") }
    }

    @Test func `A request that can never fit is refused and disturbs nobody`() async throws {
        let engine = try await Fairytale.engine(EngineOptions(kvBlocks: 4, blockSize: 16))
        let wide = try SamplingParameters(maxTokens: 64)
        let error = await #expect(throws: LLMGenError.self) {
            try await engine.generate([.tokenIDs([1, 2, 3])], wide)
        }
        for word in ["5 blocks", "4"] { #expect(try #require(error).message.contains(word)) }
        let output = try await engine.generate([.tokenIDs([1, 2, 3])], try SamplingParameters(seed: 1, maxTokens: 20))[
            0]
        #expect(output.finishReason != .error)
    }

    static let badOptions: [(options: EngineOptions, words: [String])] = [
        (EngineOptions(kvBlocks: 0), ["kv-blocks", "0"]),
        (EngineOptions(kvBlocks: Int.max), ["kv-blocks", "9223372036854775807"]),
        (EngineOptions(kvBlocks: Int(Int32.max)), ["KV cache", "TiB; this", "left of", "kv-cache-memory"]),
        (EngineOptions(kvCacheMemory: .kibibytes(1)), ["kv-cache-memory", "1.0 KiB", "block"]),
        (EngineOptions(kvCacheMemory: .gibibytes(1 << 20)), ["KV cache", "1024.0 TiB", "left of"]),
        (EngineOptions(kvCacheMemory: .gibibytes(1), kvBlocks: 5), ["kv-blocks", "kv-cache-memory"]),
        (EngineOptions(blockSize: 24), ["block-size", "24", "16, 32, 64, 128"]),
        (EngineOptions(maxNumSeqs: 0), ["max-num-seqs", "0"]),
        (EngineOptions(maxNumBatchedTokens: -4), ["max-num-batched-tokens", "-4"]),
        (EngineOptions(maxModelLength: 2000), ["max-model-len", "2000", "1024"]),
        (EngineOptions(maxModelLength: 1), ["max-model-len", "1"]),
    ]

    @Test(arguments: badOptions.indices)
    func `An engine option out of range is refused with its name, value and range`(index: Int) async throws {
        let (options, words) = EngineTests.badOptions[index]
        let model = try await Fairytale.load()
        let error = try #require(throws: LLMGenError.self) { try Engine(model: model, options: options) }
        #expect(error.code == .invalidArgument)
        for word in words { #expect(error.message.contains(word), "\(error.message)") }
    }

    @Test func `OpenBLAS generates, within its own rounding, what the kernels do`() async throws {
        let model = try await Fairytale.load(LoadOptions(gemm: .openblas))
        let entry = try Fairytale.reference()[1]
        let output = try await Engine(model: model).generate(
            [.tokenIDs(entry.prompt_ids)], try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 16))[0]
        #expect(output.tokenIDs == Array(entry.greedy_ids.prefix(16)))
    }
}
