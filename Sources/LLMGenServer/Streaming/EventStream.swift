import Hummingbird
import LLMGen
import NIOCore

/// How the answers of a route are written, whole or as events.
protocol AnswerFormat: Sendable {
    /// Takes note of a piece of a whole answer to prompt `prompt`.
    mutating func take(_ piece: OutputPiece, prompt: Int)
    /// The whole of it, one output a prompt.
    mutating func whole(_ outputs: [RequestOutput]) -> [UInt8]
    /// What comes before the first piece.
    mutating func begin(_ events: inout EventBuffer)
    /// A piece of the answer to prompt `prompt`.
    mutating func append(_ piece: OutputPiece, prompt: Int, _ events: inout EventBuffer)
    /// What comes after the last piece.
    mutating func end(_ events: inout EventBuffer)
    /// The answer ends here with an error.
    mutating func fail(_ error: ErrorResponse, _ events: inout EventBuffer)
}

extension AnswerFormat {
    mutating func take(_ piece: OutputPiece, prompt: Int) {}
}

/// Server-sent events, as text (WHATWG HTML, 9.2).
struct EventBuffer {
    private(set) var buffer = ByteBuffer()

    /// An event of one line of data.
    mutating func event(_ data: [UInt8], name: String? = nil) {
        if let name { buffer.writeString("event: \(name)\n") }
        buffer.writeString("data: ")
        buffer.writeBytes(data)
        buffer.writeString("\n\n")
    }

    /// The end as OpenAI's clients know it.
    mutating func done() { buffer.writeString("data: [DONE]\n\n") }

    /// A comment, which clients skip.
    mutating func comment(_ text: String) { buffer.writeString(": \(text)\n\n") }
}

extension Generation {
    /// The response in a format of answers: as events where the request asks for a stream, else whole.
    func respond(
        _ format: some AnswerFormat, _ common: CommonFields, _ departure: Departure, _ record: AccessRecord
    ) async throws -> Response {
        var response: Response
        if common.stream != nil {
            let quiet = common.limits.streamKeepAlive
            response = try await EventStream(generation: self, departure: departure, record: record, quiet: quiet)
                .response(format)
        } else {
            var (outputs, format) = try await outputs(format, departure, record)
            response = .json(format.whole(outputs))
        }
        response.headers[.formatNotes] = formatNotes
        return response
    }

    /// What of the form is not kept, as a header has it: ASCII, and not long; nil where all is.
    private var formatNotes: String? {
        let notes = prepared.first?.notes ?? []
        guard !notes.isEmpty else { return nil }
        let bytes = notes.joined(separator: "; ").utf8.prefix(2000)
        return String(decoding: bytes.map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }
}

/// Streams the answers to prompts as server-sent events.
private struct EventStream {
    let generation: Generation
    let departure: Departure
    let record: AccessRecord
    let quiet: Duration

    /// The response, once the first piece is there or nothing has come for a while: a request that cannot be served
    /// still has its own status.
    func response(_ format: some AnswerFormat) async throws -> Response {
        let readers = PieceReaders(generation.streams(), quiet: quiet)
        let first = await departure.whilePresent {
            await readers.queue.next()
        } onDeparture: { [queue = readers.queue] in
            queue.push(.gone)
        }
        for case .failed(let error) in first { throw ErrorResponse(error) }
        let headers: HTTPFields = [
            .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache",
            .init("X-Accel-Buffering")!: "no",
        ]
        let body = ResponseBody { [self] writer in
            defer { withExtendedLifetime((readers, generation.pass)) {} }
            try await departure.whilePresent {
                try await write(format, first, readers, to: &writer)
            } onDeparture: { [queue = readers.queue] in
                queue.push(.gone)
            }
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    private func write(
        _ format: some AnswerFormat, _ first: [PieceQueue.Event], _ readers: PieceReaders,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        var format = format
        var open = generation.prepared.count
        var arrived = first
        var events = EventBuffer()
        format.begin(&events)
        while true {
            for event in arrived {
                switch event {
                case .piece(let prompt, let piece):
                    format.append(piece, prompt: prompt, &events)
                    if let output = piece.output {
                        record.add(output)
                        open -= 1
                    }
                case .failed(let error):
                    format.fail(ErrorResponse(error), &events)
                    open = 0
                case .quiet: events.comment("keep-alive")
                case .gone: throw CancellationError()
                }
            }
            if open == 0 { break }
            try await writer.write(events.buffer)
            events = EventBuffer()
            arrived = await readers.queue.next()
        }
        format.end(&events)
        try await writer.write(events.buffer)
        try await writer.finish(nil)
    }
}

extension AccessRecord {
    /// Counts a prompt's whole output.
    func add(_ output: RequestOutput) {
        update { fields in
            fields.promptTokens = (fields.promptTokens ?? 0) + output.usage.promptTokens
            fields.cachedTokens = (fields.cachedTokens ?? 0) + output.usage.cachedTokens
            fields.completionTokens = (fields.completionTokens ?? 0) + output.usage.completionTokens
            fields.finishReasons += output.outputs.map(\.finishReason.rawValue)
            fields.ttftSeconds = fields.ttftSeconds ?? output.timings.ttftSeconds
        }
    }
}
