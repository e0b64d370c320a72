public import Foundation
public import LLMGen

/// An error as an OpenAI client expects it: an HTTP status, and a body of `{"error": {"message", "type", "param", "code"}}`.
public struct ErrorResponse: Sendable, Hashable {
    /// The HTTP status code.
    public let status: Int
    /// OpenAI's class of the error, such as `invalid_request_error`.
    public let type: String
    /// The engine's kind of the failure.
    public let code: String
    /// What, why and what to do.
    public let message: String

    /// The response to an error of the engine: the client's own mistakes are 400 or 404, the rest is 500 or 503.
    public init(_ error: LLMGenError) {
        switch error.code {
        case .invalidArgument, .invalidInput: (status, type) = (400, "invalid_request_error")
        case .notFound: (status, type) = (404, "not_found_error")
        case .shutDown: (status, type) = (503, "service_unavailable_error")
        default: (status, type) = (500, "server_error")
        }
        code = error.code.rawValue
        message = error.message
    }

    /// The body, JSON.
    public func body() throws -> Data {
        struct Body: Encodable {
            struct Fields: Encodable {
                let message: String
                let type: String
                let param: String?
                let code: String

                func encode(to encoder: any Encoder) throws {
                    var container = encoder.container(keyedBy: CodingKeys.self)
                    try container.encode(message, forKey: .message)
                    try container.encode(type, forKey: .type)
                    // OpenAI's clients expect the key, null or not.
                    try container.encode(param, forKey: .param)
                    try container.encode(code, forKey: .code)
                }

                enum CodingKeys: CodingKey { case message, type, param, code }
            }
            let error: Fields
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(Body(error: .init(message: message, type: type, param: nil, code: code)))
    }
}
