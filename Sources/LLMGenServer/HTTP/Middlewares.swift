import HTTPTypes
import Hummingbird
import LLMGen
import LLMJSON
import Logging

/// Gives every request its id, tells clients and the access log of it, and counts it.
struct TrackingMiddleware: RouterMiddleware {
    let state: ServerState
    let logger: Logger

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var context = context
        context.requestID = TrackingMiddleware.id(request) ?? "req-\(randomID())"
        context.logger = logger(of: request, context)
        var response = try await next(request, context)
        response.headers[.requestID] = context.requestID
        if state.isDraining { response.headers[.connection] = "close" }
        // What follows an answer to HEAD is the next answer.
        if request.method == .head { response = response.createHeadResponse() }
        let entry = AccessLogEntry(
            state: state, request: request, context: context, status: response.status.code, start: start)
        guard response.body.contentLength == nil else {
            entry.write(failure: nil)
            return response
        }
        let body = response.body
        response.body = ResponseBody { writer in
            do {
                try await body.write(writer)
                entry.write(failure: nil)
            } catch {
                entry.write(failure: error)
                throw error
            }
        }
        return response
    }

    /// The client's id, where it is fit to be repeated.
    private static func id(_ request: Request) -> String? {
        guard let id = request.headers[.requestID], (1...128).contains(id.utf8.count),
            id.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        return id
    }

    /// A logger that tells of the request's id and of the trace that it belongs to (W3C Trace Context).
    private func logger(of request: Request, _ context: ServerContext) -> Logger {
        var logger = logger
        logger[metadataKey: "request_id"] = "\(context.requestID)"
        let parts = (request.headers[.traceParent] ?? "").split(separator: "-", omittingEmptySubsequences: false)
        if parts.count >= 4, parts[1].utf8.count == 32, parts[2].utf8.count == 16,
            (parts[1] + parts[2]).utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) })
        {
            logger[metadataKey: "trace_id"] = "\(parts[1])"
            logger[metadataKey: "span_id"] = "\(parts[2])"
        }
        return logger
    }
}

/// A request in the access log, written when its answer is.
private struct AccessLogEntry: Sendable {
    let state: ServerState
    let request: Request
    let context: ServerContext
    let status: Int
    let start: ContinuousClock.Instant

    func write(failure: (any Error)?) {
        let route = context.endpointPath?.replacing("**", with: "{id}")
        let path = route.map { $0.hasPrefix("/") ? $0 : "/\($0)" } ?? "other"
        let method = request.method.rawValue
        // 499 is nginx's number for a client that did not wait.
        let status = failure == nil ? status : 499
        state.metrics.count(HTTPMetrics.Row(method: route == nil ? "other" : method, route: path, status: status))
        let fields = context.record.current
        var metadata: Logger.Metadata = [
            "method": "\(method)", "path": "\(String(request.uri.path.prefix(200)))",
            "status": .stringConvertible(status),
            "ms": .stringConvertible(milliseconds((ContinuousClock.now - start).seconds)),
        ]
        if let key = fields.key { metadata["key"] = "\(key)" }
        if let model = fields.model { metadata["model"] = "\(model)" }
        if let tokens = fields.promptTokens { metadata["prompt_tokens"] = .stringConvertible(tokens) }
        if let tokens = fields.cachedTokens { metadata["cached_tokens"] = .stringConvertible(tokens) }
        if let tokens = fields.completionTokens { metadata["completion_tokens"] = .stringConvertible(tokens) }
        if let seconds = fields.ttftSeconds { metadata["ttft_ms"] = .stringConvertible(milliseconds(seconds)) }
        if !fields.finishReasons.isEmpty { metadata["finish"] = "\(fields.finishReasons.joined(separator: ","))" }
        let isProbe = ["/health", "/ready", "/metrics"].contains(path) && status < 400
        context.logger.log(level: isProbe ? .debug : .info, "request", metadata: metadata)
    }

    private func milliseconds(_ seconds: Double) -> Double { (seconds * 1e5).rounded() / 100 }
}

/// Turns what routes throw into answers in OpenAI's shape.
struct ErrorMiddleware: RouterMiddleware {
    let routes: [Route]

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as ErrorResponse {
            return Response(error)
        } catch let error as LLMGenError {
            return Response(ErrorResponse(error))
        } catch is CancellationError {
            // Nobody reads this: the client is gone.
            return Response(ErrorResponse(status: 499, code: "cancelled", message: "the client is gone"))
        } catch let error as HTTPError where error.status == .notFound {
            return noRoute(request)
        } catch let error as HTTPError where error.status.kind == .clientError {
            return Response(
                ErrorResponse(
                    status: error.status.code, code: "invalid_request",
                    message: error.body ?? error.status.reasonPhrase))
        } catch {
            context.logger.error("failed", metadata: ["error": "\(error)"])
            return Response(
                ErrorResponse(
                    status: 500, type: "server_error", code: "failed",
                    message: "the server failed; its log has the cause under request \(context.requestID)"))
        }
    }

    /// 405 where the path has other methods, else 404.
    private func noRoute(_ request: Request) -> Response {
        let path = request.uri.path
        let methods = routes.filter { $0.path == path || ($0.path.hasSuffix("{id}") && path.hasPrefix("/v1/models/")) }
            .flatMap { $0.method == .get ? ["GET", "HEAD"] : [$0.method.rawValue] }
        guard !methods.isEmpty else {
            return Response(
                ErrorResponse(
                    status: 404, code: "not_found",
                    message: "there is no \(String(path.prefix(200)).quoted) here; /openapi.json tells what there is"))
        }
        let allowed = methods.joined(separator: ", ")
        var response = Response(
            ErrorResponse(
                status: 405, code: "method_not_allowed",
                message: "\(request.method.rawValue.quoted) is not for this path; use \(allowed)"))
        response.headers[.allow] = allowed
        return response
    }
}

/// Asks for an API key, and holds every key to its number of requests at once.
struct KeyMiddleware: RouterMiddleware {
    let state: ServerState

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        guard let key = try state.authenticate(request) else { return try await next(request, context) }
        context.key = key
        context.record.update { $0.key = key }
        guard let limit = state.options.maxConcurrentRequestsPerKey else { return try await next(request, context) }
        guard let pass = state.keyLimits.enter(key, limit: limit) else {
            throw ErrorResponse(
                status: 429, type: "rate_limit_error", code: "too_many_requests",
                message: "this API key already has \(limit) requests in flight, its limit; retry later",
                retryAfter: .seconds(1))
        }
        defer { withExtendedLifetime(pass) {} }
        var response = try await next(request, context)
        let body = response.body
        guard body.contentLength == nil else { return response }
        response.body = ResponseBody { writer in
            defer { withExtendedLifetime(pass) {} }
            try await body.write(writer)
        }
        return response
    }
}
