import HTTPTypes
import Hummingbird
import LLMGen
import LLMJSON

/// What every request to a model says besides its texts and how tokens are chosen.
struct CommonFields: Sendable {
    let entry: ModelRegistry.Entry
    let engine: Engine
    let options: RequestOptions
    let limits: ServerOptions
    /// How the answer is streamed; nil for an answer as a whole.
    let stream: StreamFields?
    /// Whether the answer has the ids of its tokens.
    let returnsTokenIDs: Bool
    /// Whether log probabilities name tokens `token_id:5`.
    let namesTokensByID: Bool

    /// `stream_options`.
    struct StreamFields: Sendable {
        var includesUsage = false
        var isContinuous = false
    }

    /// Takes the fields out of `fields`.
    ///
    /// - Parameter task: what the route asks of a model.
    init(
        _ fields: inout RequestFields, _ state: ServerState, _ request: Request, _ context: ServerContext,
        for task: ModelTask = .generate
    ) throws(ErrorResponse) {
        entry = try state.registry.entry(try fields.text("model"))
        engine = try state.engine(of: entry)
        do throws(LLMGenError) {
            try engine.model.check(task)
        } catch {
            throw ErrorResponse(error)
        }
        limits = state.options
        let name = entry.name
        context.record.update { $0.model = name }
        options = RequestOptions(
            name: try CommonFields.name(&fields) ?? context.requestID,
            priority: try CommonFields.priority(&fields),
            timeout: try CommonFields.timeout(&fields, request) ?? state.options.requestTimeout,
            cacheSalt: state.salt(try fields.text("cache_salt"), of: context.key))
        let streams = try fields.flag("stream") ?? false
        var stream = StreamFields()
        if var object = try fields.object("stream_options") {
            guard streams else {
                throw .invalid("stream_options is given without stream; leave it out", param: "stream_options")
            }
            stream.includesUsage = try object.flag("include_usage") ?? false
            stream.isContinuous = try object.flag("continuous_usage_stats") ?? false
            object.ignore("include_obfuscation")
            try object.finish()
        }
        self.stream = streams ? stream : nil
        returnsTokenIDs = try fields.flag("return_token_ids") ?? false
        namesTokensByID = try fields.flag("return_tokens_as_token_ids") ?? false
        fields.ignore(
            "user", "metadata", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
            "session_id")
        try fields.refuse("store", unless: { $0 == .flag(false) }, "nothing is stored here; leave it out")
    }

    /// Refuses what only answers of tokens have.
    func refuseTokens(_ fields: RequestFields) throws(ErrorResponse) {
        guard !returnsTokenIDs else {
            throw fields.invalid("return_token_ids", "is true; this route tells none", code: "unsupported_value")
        }
        guard stream == nil else { throw fields.invalid("stream", "is true; the answer comes as a whole") }
    }

    /// Takes a place in the server for so many sequences.
    func enter(_ sequences: Int) throws(ErrorResponse) -> RequestGate.Pass {
        let limit = engine.maxNumSeqs + limits.maxQueuedRequests
        let gate = entry.gate
        return try gate.enter(sequences, limit: limit) {
            // The queue moves on by as many requests as run, every time that one takes.
            let mean = engine.metrics.endToEndLatency.mean ?? 1
            let turns = Double(gate.count) / Double(engine.maxNumSeqs)
            return .seconds(min(60, max(1, mean * turns)))
        }
    }

    private static func name(_ fields: inout RequestFields) throws(ErrorResponse) -> String? {
        guard let name = try fields.text("request_id") else { return nil }
        guard name.utf8.count <= 256 else {
            throw fields.invalid("request_id", "has \(name.utf8.count) bytes; at most 256 are taken")
        }
        return name
    }

    private static func priority(_ fields: inout RequestFields) throws(ErrorResponse) -> Int {
        try fields.integer("priority") ?? 0
    }

    /// The field `timeout`, or the header `X-Request-Timeout`, in seconds.
    private static func timeout(
        _ fields: inout RequestFields, _ request: Request
    ) throws(ErrorResponse) -> Duration? {
        let field = try fields.number("timeout")
        let header = request.headers[.requestTimeout]
        guard let text = field.map({ "\($0)" }) ?? header else { return nil }
        guard let seconds = field ?? Double(text), seconds > 0 && seconds <= 1e9 else {
            let name = field == nil ? "X-Request-Timeout" : "timeout"
            throw .invalid("\(name) is \(text.quoted) seconds; it must be above 0 and at most 1e9", param: name)
        }
        return .seconds(seconds)
    }
}

extension HTTPField.Name {
    static let requestTimeout = HTTPField.Name("X-Request-Timeout")!
    static let formatNotes = HTTPField.Name("X-Format-Notes")!
    static let requestID = HTTPField.Name("X-Request-Id")!
    static let traceParent = HTTPField.Name("traceparent")!
}
