import Foundation
import LLMGen

/// One line of a prompt file: a prompt, and sampling fields that go before those of the command line.
struct PromptLine {
    let prompt: Prompt
    let sampling: SamplingFields

    /// - Throws: ``LLMGenError`` `invalidInput` with the line's fault.
    init(_ line: String) throws {
        let data = Data(line.utf8)
        do {
            let keys = try JSONDecoder().decode([String: Ignored].self, from: data).keys
            let known = Set(SamplingFields.CodingKeys.allCases.map(\.rawValue) + ["prompt", "prompt_token_ids"])
            if let unknown = keys.filter({ !known.contains($0) }).min() {
                throw PromptLine.error("unknown field '\(unknown)'; known are \(known.sorted().joined(separator: ", "))")
            }
            let fields = try JSONDecoder().decode(PromptFields.self, from: data)
            switch (fields.prompt, fields.prompt_token_ids) {
            case (let text?, nil): prompt = .text(text)
            case (nil, let ids?): prompt = .tokenIDs(ids)
            default: throw PromptLine.error("give one of prompt and prompt_token_ids")
            }
            sampling = try JSONDecoder().decode(SamplingFields.self, from: data)
        } catch let error as DecodingError {
            throw PromptLine.error(PromptLine.describe(error))
        }
    }

    private struct PromptFields: Decodable {
        let prompt: String?
        let prompt_token_ids: [TokenID]?
    }

    /// Any JSON value, for the sake of its key.
    private struct Ignored: Decodable {
        init(from decoder: any Decoder) throws {}
    }

    private static func error(_ message: String) -> LLMGenError {
        LLMGenError(code: .invalidInput, message: message)
    }

    private static func describe(_ error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
            return path.isEmpty ? "the line is no JSON object" : "field '\(path.joined(separator: "."))' has the wrong type"
        default: return "the line is not valid JSON"
        }
    }
}
