import Foundation
import NIOCore

/// The bytes of each request, by its number.
struct RequestTemplate: Sendable {
    /// One request, ready to send.
    struct Request {
        let bytes: ByteBuffer
        /// After how many outputs its client goes away; nil for one that stays.
        let outputLimit: Int?
    }

    private let head: String
    private let beforePrompt: String
    private let afterPrompt: String
    private let configuration: LoadGenerator.Configuration

    init(_ configuration: LoadGenerator.Configuration, url: ServerURL, model: String) {
        self.configuration = configuration
        let key = configuration.apiKey.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        head =
            "POST \(url.path)\(configuration.endpoint.rawValue) HTTP/1.1\r\nHost: \(url.authority)\r\n"
            + "User-Agent: llmgen-bench\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n"
            + (configuration.reusesConnections ? "" : "Connection: close\r\n") + key + "Content-Length: "
        let isChat = configuration.endpoint == .chatCompletions
        beforePrompt = "{\"model\":\(RequestTemplate.json(model))," + (isChat ? "\"messages\":" : "\"prompt\":")
        afterPrompt =
            ",\"stream\":true,\"stream_options\":{\"include_usage\":true}"
            + (configuration.ignoresEOS ? ",\"ignore_eos\":true" : "")
            + (configuration.temperature.map { ",\"temperature\":\($0)" } ?? "") + "}"
    }

    /// The request for a turn of a conversation, whose content has all that was said before.
    func request(
        _ content: Dataset.Content, outputTokens: Int, _ index: Int, turn: Int = 0, isWarmUp: Bool
    ) -> Request {
        var random = LoadRandom(seed: configuration.seed, stream: UInt64(index) | UInt64(turn) << 40 | 1 << 61)
        let leaves = !isWarmUp && random.uniform() <= configuration.disconnectProbability
        let limit = Int.random(in: 0..<outputTokens, using: &random)
        let isChat = configuration.endpoint == .chatCompletions
        var body = ByteBuffer()
        body.writeString(beforePrompt)
        switch content {
        case .tokenIDs(let ids):
            body.reserveCapacity(ids.count * 7 + 1024)
            body.writeString("[")
            for (place, id) in ids.enumerated() { body.writeString(place == 0 ? "\(id)" : ",\(id)") }
            body.writeString("]")
        case .text(let text):
            let json = RequestTemplate.json(text)
            body.writeString(isChat ? "[{\"role\":\"user\",\"content\":\(json)}]" : json)
        case .messages(let messages):
            let parts = messages.map { message in
                "{\"role\":\(RequestTemplate.json(message.role)),\"content\":\(RequestTemplate.json(message.content))}"
            }
            body.writeString("[\(parts.joined(separator: ","))]")
        }
        body.writeString(",\"\(isChat ? "max_completion_tokens" : "max_tokens")\":\(outputTokens)")
        body.writeString(afterPrompt)
        var bytes = ByteBuffer()
        bytes.reserveCapacity(head.utf8.count + body.readableBytes + 16)
        bytes.writeString(head)
        bytes.writeString("\(body.readableBytes)\r\n\r\n")
        bytes.writeBuffer(&body)
        return Request(bytes: bytes, outputLimit: leaves ? limit : nil)
    }

    /// A text as a JSON string.
    private static func json(_ text: String) -> String {
        var json = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": json += "\\\(scalar)"
            case _ where scalar.value < 32: json += String(format: "\\u%04x", scalar.value)
            default: json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }
}
