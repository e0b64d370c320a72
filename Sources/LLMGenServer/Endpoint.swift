import Hummingbird
import HummingbirdCore
public import LLMGen
public import Logging
import NIOCore
public import ServiceLifecycle
import Synchronization

#if TLS
    import HummingbirdTLS
#endif

/// An HTTP server that speaks as OpenAI's does, over the engines of some models.
///
/// ```swift
/// let engine = try Engine(model: try await LanguageModel.load())
/// let endpoint = try Endpoint(models: [ServedModel(name: "fairytale-6m", engine: engine)])
/// try await endpoint.run()
/// ```
///
/// As a `Service` it may run in a `ServiceGroup`, whose graceful shutdown drains it: `/ready` tells no; after
/// ``ServerOptions/drainDelay`` no connection is accepted any more, and what runs may go on for
/// ``ServerOptions/drainTimeout`` before it ends with the finish reason `abort`.
public struct Endpoint: Service {
    private let state: ServerState
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// A server that is not running yet.
    ///
    /// - Parameters:
    ///   - models: the first one answers requests that name none.
    ///   - onListening: told of the port once the server listens, models still loading.
    /// - Throws: ``LLMGenError`` `invalidArgument` where there is no model, or two have a name in common.
    public init(
        models: [ServedModel], options: ServerOptions = ServerOptions(), logger: Logger = Logger(label: "llmgen"),
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) throws(LLMGenError) {
        state = try ServerState(models, options)
        self.logger = logger
        self.onListening = onListening
    }

    /// Uses other API keys from now on; requests that are being served go on.
    public func setKeys(_ keys: APIKeys) { state.setKeys(keys) }

    /// Listens, loads the models and serves until the task is cancelled or shut down gracefully.
    ///
    /// - Throws: ``LLMGenError`` where the address cannot be listened at or a model cannot be loaded.
    public func run() async throws {
        let group = ServiceGroup(
            configuration: .init(services: [try application()], gracefulShutdownSignals: [], logger: quiet(logger)))
        // What is served ends by the server's own order, not with the task that asks for it.
        let serving = Task.detached { try await group.run() }
        let loading = Task { [state, logger] in
            do throws(LLMGenError) {
                try await state.load()
                logger.info(
                    "ready", metadata: ["models": "\(state.registry.entries.map(\.name).joined(separator: ","))"])
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
        }
        let draining = Mutex<Task<Void, any Error>?>(nil)
        defer { draining.withLock { $0 }?.cancel() }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                do {
                    try await serving.value
                } catch {
                    loading.cancel()
                    throw LLMGenError(
                        code: .failed,
                        message: "cannot serve at \(state.options.host):\(state.options.port): \(error); "
                            + "choose another address", cause: error)
                }
                // A model that finishes loading after the server has ended has no one to use it, and is discarded.
                if !state.isDraining, case .failure(let error) = await loading.result { throw error }
            } onGracefulShutdown: {
                state.drain()
                draining.withLock { $0 = Task { try await drain(group, serving) } }
            }
        } onCancel: {
            serving.cancel()
        }
    }

    /// Ends what runs in the order that operators expect, unless all has ended before.
    private func drain(_ group: ServiceGroup, _ serving: Task<Void, any Error>) async throws {
        let options = state.options
        logger.info("draining", metadata: ["timeout_s": "\(options.drainTimeout.seconds)"])
        try await Task.sleep(for: options.drainDelay)
        await group.triggerGracefulShutdown()
        try await Task.sleep(for: options.drainTimeout)
        logger.warning("drain timeout reached, ending what runs")
        for engine in state.registry.engines { engine.abortAll() }
        try await Task.sleep(for: .seconds(5))
        serving.cancel()
    }

    private func application() throws -> some ApplicationProtocol {
        let options = state.options
        let limits = ConnectionHandler.Limits(
            receive: .init(options.receiveTimeout), keepAlive: .init(options.keepAliveTimeout),
            send: .init(options.sendTimeout))
        var http1 = HTTP1Channel.Configuration(additionalChannelHandlers: [ConnectionHandler(limits)])
        http1.httpDecoder.maxHeaderListSize = options.maxHeaderBytes
        http1.httpDecoder.maxHeaderFieldSize = options.maxHeaderBytes
        http1.httpDecoder.maxHeaderFieldCount = 100
        var server = HTTPServerBuilder.http1(configuration: http1)
        #if TLS
            if let tls = options.tls { server = try .tls(server, tlsConfiguration: tls) }
        #endif
        let log = logger
        return Application(
            router: router(), server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(options.host, port: options.port), serverName: "llmgen",
                backlog: 1024, availableConnectionsDelegate: .maximum(options.maxConnections, logger: quiet(log))),
            onServerRunning: { [onListening] channel in
                let port = channel.localAddress?.port ?? options.port
                log.info("listening", metadata: ["host": "\(options.host)", "port": "\(port)"])
                await onListening(port)
            },
            logger: quiet(log))
    }

    private func router() -> Router<ServerContext> {
        let router = Router(context: ServerContext.self, options: [.autoGenerateHeadEndpoints])
        let routes = Route.all(state)
        router.add(middleware: TrackingMiddleware(state: state, logger: logger))
        if !state.options.corsOrigins.isEmpty {
            router.add(middleware: CrossOriginMiddleware(state.options.corsOrigins))
        }
        router.add(middleware: ErrorMiddleware(routes: routes))
        let guarded = router.group().add(middleware: KeyMiddleware(state: state))
        for route in routes {
            if route.needsKey {
                guarded.on(route.routerPath, method: route.method, use: route.respond)
            } else {
                router.on(route.routerPath, method: route.method, use: route.respond)
            }
        }
        return router
    }

    /// The log of what Hummingbird does beneath, without its commentary.
    private func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}
