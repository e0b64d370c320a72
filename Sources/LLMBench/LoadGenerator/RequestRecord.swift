/// What became of one request, as its client saw it.
public struct RequestRecord: Sendable, Hashable {
    /// How a request ended.
    public enum Outcome: Sendable, Hashable {
        /// Status 200, a stream of outputs, and `[DONE]`.
        case completed
        /// The server had no room: status 429 or 503.
        case rejected(status: Int, hasRetryAfter: Bool)
        /// Anything else that the client did not want.
        case failed(Failure)
        /// The client itself went away, as it was told to.
        case disconnected
    }

    /// Why a request failed.
    public struct Failure: Sendable, Hashable {
        /// The kind: `connect`, `status_<code>`, `malformed` (no HTTP or no event of this protocol), `stream_error` (an
        /// error event within the stream), `closed` (the connection ended in the middle), `incomplete` (the stream ended
        /// without `[DONE]`), `empty` (no output before `[DONE]`) or `timeout`.
        public let kind: String
        /// What happened.
        public let message: String

        /// A failure.
        public init(kind: String, message: String) {
            self.kind = kind
            self.message = message
        }
    }

    /// The conversation's number, from 0. It fixes the prompt, for a seed.
    public let index: Int
    /// The request's place in its conversation, from 0.
    public var turn = 0
    /// How it ended.
    public var outcome: Outcome
    /// When it was to be sent: seconds since the measurement began. A connection made for it is made after that.
    public var startSeconds: Double
    /// From then until it was sent, which is part of the latencies: a client that is late, or has no place free, does not
    /// make the server look better.
    public var sendDelaySeconds = 0.0
    /// From its time to the first streamed output; 0 where there was none.
    public var ttftSeconds = 0.0
    /// Between consecutive streamed outputs. Tokens that come in one event are one output.
    public var gapSeconds: [Double] = []
    /// From its time to the last streamed output of a completed request; to the end for others.
    public var latencySeconds = 0.0
    /// Tokens of the prompt, by the server's usage; 0 where it sent none.
    public var promptTokens = 0
    /// Tokens of the prompt that came from the server's prefix cache, by its usage.
    public var cachedTokens = 0
    /// Tokens generated, by the server's usage; where it sent none, the streamed outputs.
    public var completionTokens = 0
    /// The generated text, where it was asked for.
    public var text: String?

    /// The record of a request without tokens.
    public init(index: Int, outcome: Outcome, startSeconds: Double, latencySeconds: Double) {
        self.index = index
        self.outcome = outcome
        self.startSeconds = startSeconds
        self.latencySeconds = latencySeconds
    }

    /// (E2EL − TTFT) / (tokens − 1); nil where there are not two tokens.
    public var tpotSeconds: Double? {
        completionTokens > 1 ? (latencySeconds - ttftSeconds) / Double(completionTokens - 1) : nil
    }

    /// When it ran and what came when.
    var activity: Activity {
        var time = startSeconds + ttftSeconds
        var outputs = outcome == .completed ? [time] : []
        for gap in gapSeconds where outcome == .completed {
            time += gap
            outputs.append(time)
        }
        return Activity(
            start: startSeconds + sendDelaySeconds, end: startSeconds + latencySeconds, inputTokens: promptTokens,
            tokenSeconds: outputs)
    }
}
