import Hummingbird

/// Lets pages of some origins call the server (the Fetch standard's CORS).
struct CrossOriginMiddleware: RouterMiddleware {
    private let origins: Set<String>

    /// - Parameter origins: such as `https://example.com`; `*` for all.
    init(_ origins: [String]) { self.origins = Set(origins) }

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard let origin = request.headers[.origin] else { return try await next(request, context) }
        let isAllowed = origins.contains("*") || origins.contains(origin)
        let isPreflight = request.method == .options && request.headers[.accessControlRequestMethod] != nil
        var response = isPreflight ? Response(status: .noContent) : try await next(request, context)
        response.headers[.vary] = "Origin"
        guard isAllowed else { return response }
        response.headers[.accessControlAllowOrigin] = origins.contains("*") ? "*" : origin
        response.headers[.accessControlExposeHeaders] = "X-Request-Id, Retry-After"
        if isPreflight {
            response.headers[.accessControlAllowMethods] = "GET, POST"
            response.headers[.accessControlAllowHeaders] =
                "Authorization, Content-Type, X-Request-Id, X-Request-Timeout, traceparent"
            response.headers[.accessControlMaxAge] = "600"
        }
        return response
    }
}
