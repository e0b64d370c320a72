import Foundation

/// What the events of one stream have said so far.
struct StreamProgress {
    /// When the last output came, in nanoseconds; the start before the first.
    private(set) var last: UInt64
    /// Events with an output.
    private(set) var outputs = 0
    /// Whether `[DONE]` has come.
    private(set) var isDone = false
    /// What broke the stream.
    private(set) var failure: RequestRecord.Failure?

    private let start: UInt64
    private let expected: Int
    private let isChat: Bool
    private var ttft: UInt64 = 0
    private var gaps: [Double] = []
    private var promptTokens: Int?
    private var completionTokens: Int?
    private var cachedTokens: Int?
    private var text: String?

    init(start: UInt64, expected: Int, isChat: Bool, takesText: Bool) {
        self.start = start
        self.expected = expected
        self.isChat = isChat
        last = start
        text = takesText ? "" : nil
    }

    /// Takes the data of an event that came at `now`; false once the stream is broken.
    mutating func take(_ data: Span<UInt8>, at now: UInt64) -> Bool {
        guard !isDone else { return true }
        guard let event = StreamEvent(data) else {
            return fail("malformed", "an event is not a JSON object: \(ServerMessage.excerpt(bytes(data)))")
        }
        if event.isDone {
            isDone = true
        } else if event.isError {
            return fail("stream_error", ServerMessage.text(bytes(data)))
        } else {
            promptTokens = event.promptTokens ?? promptTokens
            completionTokens = event.completionTokens ?? completionTokens
            cachedTokens = event.cachedTokens ?? cachedTokens
            guard event.hasChoice else { return true }
            guard outputs < outputBound else {
                return fail("malformed", "the stream has more than \(outputBound) outputs; \(expected) were asked for")
            }
            if !isChat || outputs > 0 || !Chunk.onlyNamesRole(bytes(data)) { count(at: now) }
            if text != nil { text! += Chunk.text(bytes(data)) }
        }
        return true
    }

    /// Writes times, tokens and text into the record.
    func fill(_ record: inout RequestRecord) {
        record.ttftSeconds = Double(ttft) * 1e-9
        record.gapSeconds = gaps
        record.promptTokens = promptTokens ?? 0
        record.cachedTokens = cachedTokens ?? 0
        record.completionTokens = completionTokens ?? outputs
        record.text = text
    }

    /// No server has reason to send more, and one that sends without end must not take the memory.
    private var outputBound: Int { 1024 + 16 * expected }

    private mutating func count(at now: UInt64) {
        if outputs == 0 {
            ttft = now - start
            gaps.reserveCapacity(min(expected, 4096))
        } else {
            gaps.append(Double(now - last) * 1e-9)
        }
        outputs += 1
        last = now
    }

    private mutating func fail(_ kind: String, _ message: String) -> Bool {
        failure = RequestRecord.Failure(kind: kind, message: message)
        return false
    }

    private func bytes(_ data: Span<UInt8>) -> [UInt8] { data.indices.map { data[$0] } }
}

/// A streamed event's fields that are read only where they are asked for.
private struct Chunk: Decodable {
    struct Choice: Decodable {
        struct Delta: Decodable {
            let role: String?
            let content: String?
        }
        let text: String?
        let delta: Delta?
        let finish_reason: String?
    }
    let choices: [Choice]

    static func text(_ bytes: [UInt8]) -> String {
        guard let choice = try? JSONDecoder().decode(Chunk.self, from: Data(bytes)).choices.first else { return "" }
        return choice.text ?? choice.delta?.content ?? ""
    }

    /// Whether it is the opening of a chat's answer, which says who speaks and has no token.
    static func onlyNamesRole(_ bytes: [UInt8]) -> Bool {
        guard let choice = try? JSONDecoder().decode(Chunk.self, from: Data(bytes)).choices.first else { return false }
        return choice.delta?.role != nil && (choice.delta?.content ?? "").isEmpty && choice.finish_reason == nil
    }
}
