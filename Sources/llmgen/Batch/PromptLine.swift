import Foundation
import LLMGen

/// One line of a prompt file: a prompt, and sampling fields that go before those of the command line.
struct PromptLine {
    let prompt: Prompt
    let sampling: SamplingFields
    /// Priority, time limit and salt of the line's request.
    let options: RequestOptions

    /// - Throws: ``LLMGenError`` `invalidInput` with the line's fault.
    init(_ data: Data) throws {
        guard String(validating: data, as: UTF8.self) != nil else {
            throw PromptLine.error("the line is not UTF-8 text")
        }
        do {
            let keys = try PromptLine.keys(data)
            let known = Set(
                SamplingFields.CodingKeys.allCases.map(\.rawValue) + PromptFields.CodingKeys.allCases.map(\.rawValue))
            if let unknown = keys.filter({ !known.contains($0) }).min() {
                throw PromptLine.error(
                    "unknown field '\(unknown)'; known are \(known.sorted().joined(separator: ", "))")
            }
            let fields = try JSONDecoder().decode(PromptFields.self, from: data)
            switch (fields.prompt, fields.prompt_token_ids) {
            case (let text?, nil): prompt = .text(text)
            case (nil, let ids?): prompt = .tokenIDs(ids)
            default: throw PromptLine.error("give one of prompt and prompt_token_ids")
            }
            if let seconds = fields.timeout, !(seconds > 0 && seconds <= 1e9) {
                throw PromptLine.error("timeout is \(seconds); it must be above 0 and at most 1e9 seconds")
            }
            options = RequestOptions(
                priority: fields.priority ?? 0, timeout: fields.timeout.map { .seconds($0) },
                cacheSalt: fields.cache_salt)
            sampling = try JSONDecoder().decode(SamplingFields.self, from: data)
        } catch let error as DecodingError {
            throw PromptLine.error(PromptLine.describe(error))
        }
    }

    private struct PromptFields: Decodable {
        let prompt: String?
        let prompt_token_ids: [TokenID]?
        let priority: Int?
        let timeout: Double?
        let cache_salt: String?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case prompt, prompt_token_ids, priority, timeout, cache_salt
        }
    }

    /// Any JSON value, for the sake of its key.
    private struct Ignored: Decodable {
        init(from decoder: any Decoder) throws {}
    }

    private static func keys(_ data: Data) throws -> [String] {
        do {
            return Array(try JSONDecoder().decode([String: Ignored].self, from: data).keys)
        } catch DecodingError.typeMismatch {
            throw error("the line is no JSON object")
        } catch {
            throw PromptLine.error("the line is not valid JSON")
        }
    }

    private static func error(_ message: String) -> LLMGenError {
        LLMGenError(code: .invalidInput, message: message)
    }

    private static func path(_ context: DecodingError.Context) -> String {
        context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
    }

    /// What is wrong with a field, in words.
    static func describe(_ error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "field '\(path(context))' has the wrong type"
        case .keyNotFound(let key, let context):
            return "field '\(path(context))' lacks \(key.stringValue)"
        // The line is JSON, so what no type takes is a number.
        default: return "a number in the line is out of its field's range; ids and counts are whole numbers below 2^31"
        }
    }
}
