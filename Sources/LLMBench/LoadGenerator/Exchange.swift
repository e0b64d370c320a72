/// One request and what has come of its response: a state machine over the bytes, without a connection.
package struct Exchange {
    /// How the exchange ended.
    package struct Conclusion: Hashable, Sendable {
        package let outcome: RequestRecord.Outcome
        /// Whether the connection takes another request.
        package let isReusable: Bool
    }

    /// The request's number.
    package let index: Int
    /// The request's place in its conversation, from 0.
    package let turn: Int
    /// When it was to be sent, in nanoseconds of the monotonic clock.
    package let start: UInt64
    /// When it was sent.
    package let sent: UInt64
    /// After how many outputs the client goes away; nil for a client that stays.
    package let outputLimit: Int?

    private var parser = HTTPResponseParser()
    private var events = EventStreamParser()
    private var progress: StreamProgress
    private var head: HTTPResponseParser.Head?
    private var refusal: [UInt8] = []

    static let refusalLimit = 65536

    /// - Parameters:
    ///   - expected: outputs that were asked for.
    ///   - takesText: whether to keep the generated text.
    package init(
        index: Int, turn: Int, start: UInt64, sent: UInt64, expected: Int, outputLimit: Int?, isChat: Bool,
        takesText: Bool
    ) {
        self.index = index
        self.turn = turn
        self.start = start
        self.sent = sent
        self.outputLimit = outputLimit
        progress = StreamProgress(start: start, expected: expected, isChat: isChat, takesText: takesText)
    }

    /// Takes the bytes that came at `now`; nil while the exchange goes on.
    package mutating func read(_ bytes: Span<UInt8>, at now: UInt64) -> Conclusion? {
        var position = 0
        do {
            while let item = try parser.next(in: bytes, from: &position) {
                switch item {
                case .head(let head): self.head = head
                case .body(let range):
                    guard head?.status == 200 else {
                        for place in range where refusal.count < Self.refusalLimit { refusal.append(bytes[place]) }
                        continue
                    }
                    let limit = outputLimit ?? .max
                    try events.read(bytes, range, into: &progress) { $0.take($1, at: now) && $0.outputs < limit }
                    if let failure = progress.failure {
                        return Conclusion(outcome: .failed(failure), isReusable: false)
                    }
                    if progress.outputs >= limit { return Conclusion(outcome: .disconnected, isReusable: false) }
                case .end:
                    // Bytes behind the response belong to nothing.
                    return conclude(isReusable: position == bytes.count && head?.keepsAlive == true)
                }
            }
        } catch let error as HTTPResponseParser.Malformed {
            return fail("malformed", "the response is not HTTP/1.1: \(error.reason)")
        } catch {
            return fail("malformed", "an event is longer than \(EventStreamParser.lineLimit) bytes")
        }
        return nil
    }

    /// The connection is closed.
    package mutating func close() -> Conclusion {
        if parser.close() || progress.isDone { return conclude(isReusable: false) }
        return fail(
            "closed",
            parser.isAtStart && head == nil
                ? "the server closed the connection without an answer"
                : "the server closed the connection after \(progress.outputs) outputs")
    }

    /// The exchange ends with a failure of this kind.
    package func fail(_ kind: String, _ message: String) -> Conclusion {
        Conclusion(outcome: .failed(.init(kind: kind, message: message)), isReusable: false)
    }

    /// What is told of the exchange.
    package func record(_ outcome: RequestRecord.Outcome, at now: UInt64, origin: UInt64) -> RequestRecord {
        let end = outcome == .completed ? progress.last : now
        var record = RequestRecord(
            index: index, outcome: outcome, startSeconds: Double(start - origin) * 1e-9,
            latencySeconds: Double(end - start) * 1e-9)
        record.turn = turn
        record.sendDelaySeconds = Double(sent - start) * 1e-9
        progress.fill(&record)
        return record
    }

    private func conclude(isReusable: Bool) -> Conclusion {
        let outcome: RequestRecord.Outcome
        switch head?.status ?? 0 {
        case 200 where !progress.isDone:
            outcome = .failed(
                .init(kind: "incomplete", message: "the stream ended after \(progress.outputs) outputs without [DONE]"))
        case 200 where progress.outputs == 0:
            outcome = .failed(.init(kind: "empty", message: "the stream ended with [DONE] before any output"))
        case 200: outcome = .completed
        case 429, 503:
            outcome = .rejected(status: head?.status ?? 0, hasRetryAfter: head?.retryAfter != nil)
        case let status:
            outcome = .failed(.init(kind: "status_\(status)", message: ServerMessage.text(refusal)))
        }
        return Conclusion(outcome: outcome, isReusable: isReusable)
    }
}
