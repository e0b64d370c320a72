import Hummingbird
import LLMJSON
import NIOPosix

extension Request {
    /// Reads the body, JSON of bounded length, and makes of it what `parse` does.
    ///
    /// Long texts take their time to read and to encode; they do so beside the threads that serve the others.
    ///
    /// - Throws: 413, 415 or 400, or what `parse` throws.
    func parse<Parsed: Sendable>(
        _ options: ServerOptions, _ parse: @escaping @Sendable (inout RequestFields) throws -> Parsed
    ) async throws -> Parsed {
        // A page of another origin may send a body without a type, or of some types, and nobody asks it why.
        guard let type = headers[.contentType], Request.isJSON(type) else {
            throw ErrorResponse(
                status: 415, code: "unsupported_media_type",
                message: "the body is of \(headers[.contentType].map { "type \($0.quoted)" } ?? "no type"); "
                    + "send it with Content-Type: application/json")
        }
        if let encoding = headers[.contentEncoding], encoding.lowercased() != "identity" {
            throw ErrorResponse(
                status: 415, code: "unsupported_encoding",
                message: "the body is encoded as \(encoding.quoted); send it as it is, without Content-Encoding")
        }
        let body = try await bytes(upTo: options.maxBodyBytes)
        let parsed = { @Sendable in
            var fields = try RequestFields(body)
            return try parse(&fields)
        }
        guard body.count > 16 << 10 else { return try parsed() }
        return try await NIOThreadPool.singleton.runIfActive(parsed)
    }

    private static func isJSON(_ type: String) -> Bool {
        let name = type.prefix { $0 != ";" }.lowercased().filter { !$0.isWhitespace }
        return name == "application/json" || (name.hasPrefix("application/") && name.hasSuffix("+json"))
    }

    /// The whole body. - Throws: 413 where it is longer than `limit`, 400 where it is framed wrongly or ends too early.
    private func bytes(upTo limit: Int) async throws -> [UInt8] {
        let tooLarge = ErrorResponse(
            status: 413, code: "body_too_large", message: "the body has more than \(limit) bytes; send less")
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge }
        var bytes: [UInt8] = []
        do {
            for try await part in body {
                guard bytes.count + part.readableBytes <= limit else { throw tooLarge }
                bytes += part.readableBytesView
            }
        } catch let error as CancellationError {
            throw error
        } catch let error as ErrorResponse {
            throw error
        } catch {
            throw ErrorResponse(
                status: 400, code: "invalid_body",
                message: "the body is cut off or its chunks are wrong: \(error); send it whole")
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
