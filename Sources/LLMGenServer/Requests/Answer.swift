import Foundation
import LLMGen
import LLMJSON

/// What every answer of a route begins with, and how tokens and counts are written in it.
struct AnswerHead: Sendable {
    let id: String
    let object: String
    let created: Int
    let model: String

    /// - Parameter prefix: what the id begins with, such as `cmpl`.
    init(_ prefix: String, object: String, model: String) {
        id = "\(prefix)-\(randomID())"
        self.object = object
        created = unixTime()
        self.model = model
    }

    /// - Parameter object: the kind of object, where it is not the answer's own.
    func write(to json: inout JSONWriter, object: String? = nil) {
        json.member("id", id)
        json.member("object", object ?? self.object)
        json.member("created", created)
        json.member("model", model)
    }
}

/// Tokens counted, as OpenAI's answers have them.
struct UsageCount: Sendable {
    var prompt = 0
    var cached = 0
    var completion = 0
    /// Of those the tokens of reasoning; nil where there is none to tell apart.
    var reasoning: Int?

    init() {}

    init(_ outputs: [RequestOutput]) { for output in outputs { add(output.usage) } }

    mutating func add(_ usage: Usage) {
        prompt += usage.promptTokens
        cached += usage.cachedTokens
        completion += usage.completionTokens
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("prompt_tokens", prompt)
            json.member("completion_tokens", completion)
            json.member("total_tokens", prompt + completion)
            json.member("prompt_tokens_details") { $0.object { $0.member("cached_tokens", cached) } }
            if let reasoning {
                json.member("completion_tokens_details") { $0.object { $0.member("reasoning_tokens", reasoning) } }
            }
        }
    }
}

extension JSONWriter {
    /// The usage of an answer for which nothing was generated.
    mutating func promptUsage(_ tokens: Int) {
        object { json in
            json.member("prompt_tokens", tokens)
            json.member("total_tokens", tokens)
        }
    }
}

extension FinishReason {
    /// The one of OpenAI's reasons that it is to a client that knows no other.
    var openAI: String {
        switch self {
        case .length, .timeout: "length"
        default: "stop"
        }
    }

    /// The reason itself, where it is none of OpenAI's.
    var further: String? { openAI == rawValue ? nil : rawValue }
}

extension ChoicePart {
    /// Writes `finish_reason`, in `stop_reason` the reason where it is none of OpenAI's, and what else is known at the end.
    ///
    /// - Parameter calls: whether the answer stopped for its calls.
    func writeEnding(calls: Bool = false, to json: inout JSONWriter) {
        let reason = ending?.reason.openAI
        json.member("finish_reason", calls && reason == "stop" ? "tool_calls" : reason)
        guard let ending else { return }
        if let further = ending.reason.further { json.member("stop_reason", further) }
        if let seed = ending.seed { json.member("seed", Int(seed)) }
        if let logprob = ending.cumulativeLogprob { json.member("cumulative_logprob", finite(logprob)) }
    }
}

/// How tokens are named in an answer.
struct TokenNames: Sendable {
    let engine: Engine
    /// Whether they are named `token_id:5`.
    let byID: Bool

    /// The token's text, or `bytes:\xc3` where it is no UTF-8 by itself, as OpenAI has it.
    func name(_ token: TokenID) -> String {
        if byID { return id(token) }
        let bytes = bytes(token)
        return String(validating: bytes, as: UTF8.self)
            ?? "bytes:" + bytes.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    func id(_ token: TokenID) -> String { "token_id:\(token)" }

    func bytes(_ token: TokenID) -> [UInt8] { engine.model.tokenizer?.bytes(of: token) ?? [] }
}

/// A log probability as JSON can say it: as in vLLM, none is below -9999.
func finite(_ logprob: Double) -> Double { max(logprob, -9999) }

/// 24 random characters.
func randomID() -> String {
    let characters = Array("0123456789abcdefghijklmnopqrstuvwxyz")
    return String((0..<24).map { _ in characters[Int.random(in: 0..<36)] })
}

/// Seconds since 1970.
func unixTime() -> Int { Int(Date().timeIntervalSince1970) }
