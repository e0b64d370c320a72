import Dispatch
import Hummingbird
import LLMJSON

extension Request {
    /// Reads the body, JSON of bounded length, and makes of it what `parse` does.
    ///
    /// Long texts take their time to read and to encode; they do so beside the threads that serve the others.
    ///
    /// - Throws: 413, 415 or 400, or what `parse` throws.
    func parse<Parsed: Sendable>(
        _ options: ServerOptions, _ parse: @escaping @Sendable (inout RequestFields) throws -> Parsed
    ) async throws -> Parsed {
        if let type = headers[.contentType], !Request.isJSON(type) {
            throw ErrorResponse(
                status: 415, code: "unsupported_media_type",
                message: "the body is of type \(type.quoted); send application/json")
        }
        let body = try await bytes(upTo: options.maxBodyBytes)
        let parsed = { @Sendable in
            var fields = try RequestFields(body)
            return try parse(&fields)
        }
        guard body.count > 16 << 10 else { return try parsed() }
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result(catching: parsed)) }
        }
    }

    private static func isJSON(_ type: String) -> Bool {
        let name = type.prefix { $0 != ";" }.lowercased().filter { !$0.isWhitespace }
        return name == "application/json" || (name.hasPrefix("application/") && name.hasSuffix("+json"))
    }

    /// The whole body. - Throws: 413 where it is longer than `limit`.
    private func bytes(upTo limit: Int) async throws -> [UInt8] {
        let tooLarge = ErrorResponse(
            status: 413, code: "body_too_large", message: "the body has more than \(limit) bytes; send less")
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge }
        var bytes: [UInt8] = []
        for try await part in body {
            guard bytes.count + part.readableBytes <= limit else { throw tooLarge }
            bytes += part.readableBytesView
        }
        return bytes
    }
}

extension Response {
    /// A response of JSON.
    static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// A response of text.
    static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> Response {
        Response(
            status: .ok, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// The response to an error.
    init(_ error: ErrorResponse) {
        self = .json(error.body, status: HTTPResponse.Status(code: error.status))
        if let seconds = error.retryAfterSeconds { headers[.retryAfter] = "\(seconds)" }
        if error.status == 401 { headers[.wwwAuthenticate] = "Bearer" }
    }
}
