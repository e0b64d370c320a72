#if TLS
    public import HummingbirdTLS
#endif

/// Where a server listens, whom it serves and within which limits.
public struct ServerOptions: Sendable {
    /// The address to listen at; the machine's own unless given.
    public var host = "127.0.0.1"
    /// The port; 0 for any that is free.
    public var port = 8000
    /// Connections there may be at once; more wait in the system's queue.
    public var maxConnections = 4096
    #if TLS
        /// The certificate and key of HTTPS; nil for HTTP.
        public var tls: TLSConfiguration?
    #endif
    /// Who may ask; with no key, anybody.
    public var apiKeys = APIKeys()
    /// Requests of one key that may be served at once; nil for any number.
    public var maxConcurrentRequestsPerKey: Int?
    /// Whether requests of different keys share cached prefixes. By default they do not: how fast an answer comes would
    /// tell what others have asked.
    public var sharesPrefixesBetweenKeys = false
    /// Origins whose pages may call the server (CORS); none by default, `*` for all.
    public var corsOrigins: [String] = []
    /// Bytes of a request's body at most.
    public var maxBodyBytes = 8 << 20
    /// Bytes of a prompt's text at most: to find the tokens of longer ones takes more time and memory than most are worth.
    public var maxPromptBytes = 1 << 20
    /// Bytes of a request's head at most.
    public var maxHeaderBytes = 32 << 10
    /// Samples, of all prompts together, that one request may ask for.
    public var maxSamples = 128
    /// Requests of one model that may be in the server at once, besides those that run; more get 429.
    public var maxQueuedRequests = 256
    /// Until when a request's head, and after it the body, must have come.
    public var receiveTimeout: Duration = .seconds(30)
    /// How long a connection without a request is kept open.
    public var keepAliveTimeout: Duration = .seconds(75)
    /// How long a client may not read what is ready for it; then its connection is closed.
    public var sendTimeout: Duration = .seconds(60)
    /// How often a stream without news has a comment, so that nobody in between closes it.
    public var streamKeepAlive: Duration = .seconds(10)
    /// The longest time that a request may take, for those that name none; nil for any.
    public var requestTimeout: Duration?
    /// After how long without a completed step, with something to do, `/health` tells that the engine is stuck.
    public var stuckAfter: Duration = .seconds(60)
    /// After SIGTERM, how long the server still accepts requests, with `/ready` telling no.
    public var drainDelay: Duration = .zero
    /// After that, how long what runs may go on; then it ends with the finish reason `abort`.
    public var drainTimeout: Duration = .seconds(30)
    /// What the names of metrics begin with.
    public var metricsPrefix = "llmgen_"

    /// Options; every one has a default.
    public init() {}
}

extension ServerOptions {
    /// Refuses a text that is longer than is taken.
    func check(_ text: String, field: String) throws(ErrorResponse) {
        guard text.utf8.count > maxPromptBytes else { return }
        throw .invalid(
            "\(field) has a text of \(text.utf8.count) bytes; at most \(maxPromptBytes) are taken", param: field)
    }

    /// Refuses texts that are more together than a body may hold. A text that a request says once may stand before each
    /// of many others; all are read.
    func check(bytes: Int, madeOf field: String) throws(ErrorResponse) {
        guard bytes > maxBodyBytes else { return }
        throw .invalid(
            "\(field) makes texts of \(bytes) bytes together; at most \(maxBodyBytes) are taken", param: field)
    }
}
