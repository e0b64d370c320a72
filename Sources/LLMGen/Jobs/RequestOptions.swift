/// What a request asks for besides how its tokens are chosen.
public struct RequestOptions: Sendable {
    /// The caller's name for the request, in events and for ``Engine/abort(_:)``; names need not be unique.
    public var name: String?
    /// How much the request matters under the policy ``SchedulingPolicy/priority``: lower is served first.
    public var priority: Int
    /// The time after which the request ends with what it has and the finish reason `timeout`; nil for none.
    public var timeout: Duration?
    /// Separates cached prefixes: requests share those of their own salt only. Nil for the common ones.
    public var cacheSalt: String?
    /// Steps of the caller's own; see ``LogitsProcessor``.
    public var logitsProcessors: [any LogitsProcessor]

    /// Options; every one has a default.
    public init(
        name: String? = nil, priority: Int = 0, timeout: Duration? = nil, cacheSalt: String? = nil,
        logitsProcessors: [any LogitsProcessor] = []
    ) {
        self.name = name
        self.priority = priority
        self.timeout = timeout
        self.cacheSalt = cacheSalt
        self.logitsProcessors = logitsProcessors
    }
}
