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
    /// The form that the output must have.
    public var output: OutputFormat
    /// Special tokens whose names stand in the text although special tokens are left out.
    public var keptTokens: Set<TokenID>

    /// Options; every one has a default.
    public init(
        name: String? = nil, priority: Int = 0, timeout: Duration? = nil, cacheSalt: String? = nil,
        logitsProcessors: [any LogitsProcessor] = [], output: OutputFormat = .text,
        keptTokens: Set<TokenID> = []
    ) {
        self.name = name
        self.priority = priority
        self.timeout = timeout
        self.cacheSalt = cacheSalt
        self.logitsProcessors = logitsProcessors
        self.output = output
        self.keptTokens = keptTokens
    }

    /// Refuses an output format where what is asked for writes no text of its own choice.
    func refuseOutputFormat(by asker: String) throws(LLMGenError) {
        if case .text = output { return }
        throw LLMGenError(
            code: .invalidArgument, message: "an output format is given, and \(asker) keeps none; leave it out",
            field: "structured_outputs.\(output.name)")
    }
}
