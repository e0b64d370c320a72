import LLMGen
import LLMGenServer
import Testing

@Suite struct ErrorResponseTests {
    @Test func `Each kind of failure has its status and OpenAI's type`() {
        let rows: [(LLMGenError.Code, Int, String)] = [
            (.invalidArgument, 400, "invalid_request_error"),
            (.invalidInput, 400, "invalid_request_error"),
            (.notFound, 404, "not_found_error"),
            (.overloaded, 429, "rate_limit_error"),
            (.shutDown, 503, "service_unavailable_error"),
            (.draining, 503, "service_unavailable_error"),
            (.timedOut, 408, "timeout_error"),
            (.failed, 500, "server_error"),
            (.init(rawValue: "a_new_kind"), 500, "server_error"),
        ]
        for (code, status, type) in rows {
            let response = ErrorResponse(LLMGenError(code: code, message: "why"))
            #expect(response.status == status && response.type == type)
        }
    }

    @Test func `The body has OpenAI's shape, with every key`() {
        let error = LLMGenError(code: .invalidArgument, message: "top_p is 2; a \"quoted\" remedy")
        let body = String(decoding: ErrorResponse(error).body, as: UTF8.self)
        #expect(
            body
                == #"{"error":{"message":"top_p is 2; a \"quoted\" remedy","type":"invalid_request_error","param":null,"#
                + #""code":"invalid_argument"}}"#)
    }
}
