import Foundation
import LLMGen
import LLMGrammar
import LLMJSON
import LLMSampling
import LLMTokenizer
import Testing

/// Outputs that must have a form: a small model at a high temperature, which knows nothing of JSON, has it in every case.
@Suite struct OutputFormatTests {
    private static let schema = """
        {"type": "object", "additionalProperties": false, "required": ["name", "age", "tags"], "properties": {
          "name": {"type": "string", "minLength": 2, "maxLength": 12},
          "age": {"type": "integer", "minimum": 18, "maximum": 99},
          "tags": {"type": "array", "items": {"enum": ["red", "green", "blue"]}, "minItems": 1, "maxItems": 3}}}
        """
    private static let gbnf = """
        root ::= item ("," item){1,3} "."
        item ::= [a-z]{2,5} "=" ("0" | [1-9] [0-9]?)
        """
    private static let lark = """
        start: NAME ("," NAME)~1..3 "."
        NAME: /[a-z]{2,5}/ "=" ("0" | /[1-9][0-9]?/)
        """
    private static let tag = """
        {"type": "structural_tag", "format": {"type": "tag", "begin": "<n>", "end": "</n>",
          "content": {"type": "json_schema", "json_schema": {"enum": [1, 2, 3]}}}}
        """
    private let story: Prompt = "Once upon a time there was a king who had three sons."

    private static let formats: [OutputFormat] = [
        .json(schema: schema), .jsonObject(), .regex("[0-9]{3}-[a-f]{4}( wolf| fox)?"),
        .choice(["yes", "no", "no answer"]), .grammar(gbnf), .grammar(lark), .structuralTag(tag),
    ]

    private static func wild(_ seed: Int64, _ maxTokens: Int = 200) throws -> SamplingParameters {
        try SamplingParameters(temperature: 2, topP: 1, topK: 0, seed: seed, maxTokens: maxTokens)
    }

    /// Whether a text has the form, as others than the engine see it.
    private static func has(_ text: String, _ format: OutputFormat) throws -> Bool {
        switch format {
        case .text: return true
        case .answer: return false
        case .regex: return text.wholeMatch(of: /[0-9]{3}-[a-f]{4}( wolf| fox)?/) != nil
        case .choice(let texts): return texts.contains(text)
        case .grammar:
            return text.wholeMatch(of: /([a-z]{2,5}=(0|[1-9][0-9]?))(,[a-z]{2,5}=(0|[1-9][0-9]?)){1,3}\./) != nil
        case .structuralTag: return text.wholeMatch(of: /<n>\s*[123]\s*<\/n>/) != nil
        case .jsonObject:
            guard case .object = try JSONValue(Array(text.utf8)) else { return false }
            return true
        case .json:
            guard case .object(let members) = try JSONValue(Array(text.utf8)), members.count == 3,
                case .string(let name)? = members["name"], 2...12 ~= name.unicodeScalars.count,
                case .integer(let age)? = members["age"], 18...99 ~= age,
                case .array(let tags)? = members["tags"], 1...3 ~= tags.count
            else { return false }
            return tags.allSatisfy { ["red", "green", "blue"].map(JSONValue.string).contains($0) }
        }
    }

    @Test func `Every output that ends by itself has its form`() async throws {
        let engine = try await Fairytale.engine()
        var streams: [(OutputFormat, AsyncThrowingStream<OutputPiece, any Error>)] = []
        for seed in 0..<20 {
            for format in Self.formats {
                streams.append(
                    (format, engine.generate(story, try Self.wild(Int64(seed)), RequestOptions(output: format))))
            }
        }
        var ended = 0
        for (format, stream) in streams {
            let output = try await Engine.output(of: stream)
            guard output.finishReason == .stop else {
                // A string without a bound may be long.
                #expect(
                    output.finishReason == .length && format.name == "json_object", "\(format.name): \(output.text)")
                continue
            }
            ended += 1
            #expect(try Self.has(output.text, format), "\(format.name): \(output.text)")
        }
        #expect(ended >= 80)
        #expect(await engine.usedBlocks == 0)
    }

    @Test func `Alone, in a batch, preempted and among n samples the tokens are the same`() async throws {
        let parameters = try SamplingParameters(n: 3, temperature: 2, topP: 1, topK: 0, seed: 11, maxTokens: 60)
        func tokens(_ options: EngineOptions, together: Bool) async throws -> (tokens: [[[TokenID]]], preemptions: Int)
        {
            let engine = try await Fairytale.engine(options)
            var found: [[[TokenID]]] = []
            if together {
                let streams = Self.formats.map { engine.generate(story, parameters, RequestOptions(output: $0)) }
                for output in try await Engine.outputs(of: streams) { found.append(output.outputs.map(\.tokenIDs)) }
            } else {
                for format in Self.formats {
                    let output = try await engine.generate([story], parameters, RequestOptions(output: format))[0]
                    found.append(output.outputs.map(\.tokenIDs))
                }
            }
            return (found, engine.metrics.preemptions)
        }
        let alone = try await tokens(EngineOptions(), together: false)
        #expect(alone.preemptions == 0)
        let batch = try await tokens(EngineOptions(), together: true)
        #expect(batch.tokens == alone.tokens)
        let tight = try await tokens(EngineOptions(kvBlocks: 12, blockSize: 16), together: true)
        #expect(tight.tokens == alone.tokens && tight.preemptions > 0)
        for (format, samples) in zip(Self.formats, alone.tokens) {
            let engine = try await Fairytale.engine()
            for (index, sample) in samples.enumerated() {
                let seed = SamplingParameters.seed(ofSample: index, from: 11)
                let single = try await engine.generate(
                    [story], Self.wild(seed, 60), RequestOptions(output: format))[0]
                #expect(single.tokenIDs == sample, "\(format.name) \(index)")
            }
        }
    }

    @Test func `An output with nothing more to say ends, whatever holds back end tokens`() async throws {
        let engine = try await Fairytale.engine()
        let parameters = try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 20, minTokens: 12)
        let output = try await engine.generate(
            [story], parameters, RequestOptions(output: .choice(["yes", "yes, yes"])))[0]
        // The longer one, as an end is held back while more may come.
        #expect(output.text == "yes, yes" && output.finishReason == .stop)
    }

    @Test func `A request's own stop tokens end the output where it is complete, and come nowhere else`() async throws {
        let engine = try await Fairytale.engine()
        let vocabulary = TokenID(engine.model.vocabularySize)
        let letters = try #require(engine.model.tokenizer).ids(in: 0..<vocabulary, whose: { $0 == "e" || $0 == "a" })
        #expect(!letters.isEmpty)
        for seed in 0..<10 {
            let parameters = try SamplingParameters(
                temperature: 2, seed: Int64(seed), stopTokenIDs: letters, maxTokens: 40)
            let output = try await engine.generate(
                [story], parameters, RequestOptions(output: .regex("[a-e]{12}")))[0]
            #expect(output.finishReason == .stop && output.text.wholeMatch(of: /[a-e]{12}/) != nil)
            #expect(output.tokenIDs.dropLast().allSatisfy { !letters.contains($0) })
        }
    }

    @Test func `Log probabilities are those of the raw row`() async throws {
        let engine = try await Fairytale.engine()
        let parameters = try SamplingParameters(temperature: 0, maxTokens: 1, logprobs: 5)
        let free = try await engine.generate([story], parameters)[0]
        let held = try await engine.generate([story], parameters, RequestOptions(output: .regex("[0-9]+")))[0]
        #expect(held.logprobs?[0].top == free.logprobs?[0].top && held.tokenIDs != free.tokenIDs)
    }

    @Test func `max_tokens ends an output that is not complete with the reason length`() async throws {
        let engine = try await Fairytale.engine()
        let output = try await engine.generate(
            [story], try SamplingParameters(seed: 1, maxTokens: 4), RequestOptions(output: .regex("[0-9]{50}")))[0]
        #expect(output.finishReason == .length && output.text.allSatisfy(\.isNumber) && output.tokenIDs.count == 4)
    }

    @Test func `Masks that leave no token end the request with the fields that rule them out`() async throws {
        let engine = try await Fairytale.engine()
        let error = await #expect(throws: LLMGenError.self) {
            try await engine.generate(
                [story], try SamplingParameters(seed: 1, maxTokens: 9, allowedTokenIDs: [5, 6]),
                RequestOptions(output: .regex("[0-9]{5}")))
        }
        #expect(error?.field == "allowed_token_ids" && error?.message.contains("structured_outputs") == true)
        #expect(await engine.usedBlocks == 0)
    }

    @Test(arguments: [
        (OutputFormat.json(schema: #"{"type": "strin"}"#), "json", "#/type"),
        (.json(schema: "{"), "json", "JSON"), (.regex("(a"), "regex", "(a"), (.choice([]), "choice", "choice"),
        (.grammar("root ::= missing"), "grammar", "missing"),
    ])
    func `A form that cannot be kept is refused before the first token, with its place`(
        format: OutputFormat, kind: String, place: String
    ) async throws {
        let engine = try await Fairytale.engine()
        let error = #expect(throws: LLMGenError.self) {
            try engine.prepare(story, try SamplingParameters(), RequestOptions(output: format))
        }
        #expect(error?.code == .invalidInput && error?.field == "structured_outputs.\(kind)")
        #expect(error?.message.contains(place) == true, "\(error?.message ?? "")")
    }

    @Test func `A beam search refuses a form`() async throws {
        let engine = try await Fairytale.engine()
        let error = await #expect(throws: LLMGenError.self) {
            try await engine.beamSearch(
                story, try BeamSearchParameters(beamWidth: 2, maxTokens: 4), RequestOptions(output: .jsonObject()))
        }
        #expect(error?.field == "structured_outputs.json_object")
    }

    @Test func `Spellings of a text that Unicode calls equal are different forms`() async throws {
        let engine = try await Fairytale.engine()
        for text in ["\u{E9}", "e\u{301}"] {
            let output = try await engine.generate(
                [story], try Self.wild(1), RequestOptions(output: .choice([text])))[0]
            #expect(Array(output.text.unicodeScalars) == Array(text.unicodeScalars))
        }
    }

    @Test func `A mask that runs out of fuel goes on where it was`() async throws {
        let model = try await Fairytale.load()
        let engine = try Engine(model: model)
        let prepared = try engine.prepare(story, try Self.wild(1), RequestOptions(output: .regex("[a-z ]{5,60}")))
        let whole = try #require(prepared.constraint())
        let pieces = try #require(
            engine.prepare(story, try Self.wild(1), RequestOptions(output: .regex("[a-z ]{5,61}"))).constraint(fuel: 50)
        )
        let mask = try #require(try whole.nextMask())
        var calls = 1
        var found = try pieces.nextMask()
        while found == nil, calls < 10_000 {
            calls += 1
            found = try pieces.nextMask()
        }
        #expect(found == mask && calls > 1)
    }
}

extension Tokenizer {
    /// The ids whose texts are as asked.
    fileprivate func ids(in range: Range<TokenID>, whose isWanted: (String) -> Bool) -> [TokenID] {
        range.filter { id in bytes(of: id).map { isWanted(String(decoding: $0, as: UTF8.self)) } ?? false }
    }
}
