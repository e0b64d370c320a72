internal import Foundation
internal import LLMGen
internal import LLMJSON

/// What a model of random weights writes under forms: a file of one object a line, with `json`, `regex` or `grammar`, gives a
/// line for each, the form with its `outputs` and what ended them, or its `error`. Every form is run alone, in a batch, in a
/// batch with little memory, so that requests are preempted, and as the samples of one request; the last line on stderr says
/// how many outputs were not the same in all of them.
enum RandomWeights {
    private struct Form {
        let name: String
        let text: String
        let format: OutputFormat
    }

    private enum Answer {
        case samples([SampleOutput])
        case refused(String)

        var tokens: [[TokenID]] {
            switch self {
            case .samples(let samples): samples.map(\.tokenIDs)
            case .refused: []
            }
        }
    }

    private static let samples = 2
    private static let prompt = Prompt.text("Once")

    static func run(_ arguments: [String]) async throws {
        var loading = LoadOptions()
        loading.loadFormat = .dummy
        let model = try await LanguageModel.load(arguments[0], loading)
        let lines = try Data(contentsOf: URL(fileURLWithPath: arguments[1])).split(separator: UInt8(ascii: "\n"))
        let forms = try lines.map { try form(Array($0)) }
        let batch = try await answers(forms, model, EngineOptions(maxNumSeqs: 64), n: samples)
        let alone = try await answers(forms, model, EngineOptions(maxNumSeqs: 1), n: 1)
        let scarce = try await answers(
            forms, model, EngineOptions(kvBlocks: 64, blockSize: 16, maxNumSeqs: 64, maxModelLength: 512), n: 1)
        var different = 0
        for (index, form) in forms.enumerated() {
            let first = Array(batch.answers[index].tokens.prefix(1))
            if alone.answers[index].tokens != first || scarce.answers[index].tokens != first { different += 1 }
            try print(line(form, batch.answers[index]))
        }
        let summary = "\(forms.count) forms, \(scarce.preemptions) preemptions, \(different) different\n"
        FileHandle.standardError.write(Data(summary.utf8))
        if different > 0 { exit(1) }
    }

    private static func form(_ line: [UInt8]) throws -> Form {
        guard case .object(let members) = try JSONValue(line), members.count == 1, let member = members.elements.first,
            case .string(let text) = member.value
        else { throw CocoaError(.fileReadCorruptFile) }
        switch member.key {
        case "json": return Form(name: "json", text: text, format: .json(schema: text))
        case "regex": return Form(name: "regex", text: text, format: .regex(text))
        case "grammar": return Form(name: "grammar", text: text, format: .grammar(text))
        default: throw CocoaError(.fileReadCorruptFile)
        }
    }

    private static func answers(
        _ forms: [Form], _ model: LanguageModel, _ options: EngineOptions, n: Int
    ) async throws -> (answers: [Answer], preemptions: Int) {
        let engine = try Engine(model: model, options: options)
        // Tokens with which strings, arrays and objects end are likelier, as random weights come upon one seldom.
        var bias: [TokenID: Double] = [:]
        for id in 0..<TokenID(model.vocabularySize) {
            let bytes = model.tokenizer?.bytes(of: id) ?? []
            if bytes.contains(where: { #""]}"#.utf8.contains($0) }) { bias[id] = 4 }
        }
        var answers: [Answer] = []
        // In groups, as forms that wait hold their tables.
        for start in stride(from: 0, to: forms.count, by: 64) {
            let streams = forms[start..<min(start + 64, forms.count)].enumerated().map { offset, form in
                Result {
                    let parameters = try SamplingParameters(
                        n: n, temperature: 1, topP: 1, topK: 0, seed: Int64(start + offset), maxTokens: 160,
                        logitBias: bias)
                    return engine.submit([
                        try engine.prepare(prompt, parameters, RequestOptions(output: form.format))
                    ])[0]
                }
            }
            for stream in streams {
                do {
                    answers.append(.samples(try await Engine.output(of: stream.get()).outputs))
                } catch {
                    answers.append(.refused("\(error)"))
                }
            }
        }
        return (answers, engine.metrics.preemptions)
    }

    private static func line(_ form: Form, _ answer: Answer) -> String {
        var json = JSONWriter()
        json.object { json in
            json.member(form.name, form.text)
            switch answer {
            case .refused(let error): json.member("error", error)
            case .samples(let samples):
                json.member("outputs") { json in
                    json.array { json in for each in samples { json.value(each.text) } }
                }
                json.member("reasons") { json in
                    json.array { json in for each in samples { json.value(each.finishReason.rawValue) } }
                }
            }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
