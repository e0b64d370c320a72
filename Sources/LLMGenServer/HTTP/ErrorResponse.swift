import LLMJSON
public import LLMGen

/// An error as an OpenAI client expects it: an HTTP status, and a body of
/// `{"error": {"message", "type", "param", "code"}}`.
public struct ErrorResponse: Error, Sendable, Hashable {
    /// The HTTP status code.
    public var status: Int
    /// OpenAI's class of the error, such as `invalid_request_error`.
    public var type: String
    /// The kind of the failure.
    public var code: String
    /// What, why and what to do.
    public var message: String
    /// The field of the request that is at fault, where it is one.
    public var param: String?
    /// When to come back, for those who came at a bad time.
    public var retryAfter: Duration?

    init(
        status: Int, type: String = "invalid_request_error", code: String, message: String, param: String? = nil,
        retryAfter: Duration? = nil
    ) {
        self.status = status
        self.type = type
        self.code = code
        self.message = message
        self.param = param
        self.retryAfter = retryAfter
    }

    /// The response to an error of the engine: the client's own mistakes are 400 or 404, too many requests 429, a server
    /// that ends 503, the rest 500.
    public init(_ error: LLMGenError) { self.init(error, field: nil) }

    /// - Parameter field: the field that the prompt came in, which is at fault where the error names none or the prompt.
    init(_ error: LLMGenError, field: String?) {
        (status, type) =
            switch error.code {
            case .invalidArgument, .invalidInput, .contextLengthExceeded: (400, "invalid_request_error")
            case .notFound: (404, "not_found_error")
            case .overloaded: (429, "rate_limit_error")
            case .shutDown, .draining, .aborted: (503, "service_unavailable_error")
            case .timedOut: (408, "timeout_error")
            default: (500, "server_error")
            }
        code = error.code.rawValue
        message = error.message
        param = error.field == nil || error.field == "prompt" ? field ?? error.field : error.field
        retryAfter = error.retryAfter ?? (status == 503 ? .seconds(1) : nil)
    }

    /// The response to a parameter that cannot be taken: 400, naming it.
    init(_ error: SamplingError) {
        self = .invalid(error.message, param: error.field)
        if error.code == .invalidType { code = error.code.rawValue }
    }

    /// A request that is wrong: 400, naming the field.
    static func invalid(_ message: String, param: String? = nil) -> ErrorResponse {
        ErrorResponse(status: 400, code: "invalid_argument", message: message, param: param)
    }

    /// A model that is not there yet: 503.
    static func loading(_ model: String) -> ErrorResponse {
        ErrorResponse(
            status: 503, type: "service_unavailable_error", code: "loading",
            message: "the model '\(model)' is still being loaded; come back later", retryAfter: .seconds(1))
    }

    /// `retryAfter` in whole seconds, rounded up and at least 1: the value of the header `Retry-After`.
    var retryAfterSeconds: Int? {
        retryAfter.map { max(1, Int($0.components.seconds) + ($0.components.attoseconds > 0 ? 1 : 0)) }
    }

    /// The body, JSON.
    public var body: [UInt8] {
        var json = JSONWriter()
        json.object { json in json.member("error") { write(to: &$0) } }
        return json.bytes
    }

    /// The object that is the body's `error`.
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("message", message)
            json.member("type", type)
            // OpenAI's clients expect the key, null or not.
            json.member("param", param)
            json.member("code", code)
        }
    }
}
