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
    /// Texts as JSON; empty for random ids.
    private let prompts: [String]
    private let sharedPrefix: String
    private let configuration: LoadGenerator.Configuration

    init(_ configuration: LoadGenerator.Configuration, url: ServerURL, model: String) {
        self.configuration = configuration
        let key = configuration.apiKey.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        head =
            "POST \(url.path)\(configuration.endpoint.rawValue) HTTP/1.1\r\nHost: \(url.authority)\r\n"
            + "User-Agent: llmgen-bench\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n"
            + (configuration.reusesConnections ? "" : "Connection: close\r\n") + key + "Content-Length: "
        let isChat = configuration.endpoint == .chatCompletions
        let start = "{\"model\":\(RequestTemplate.json(model)),"
        beforePrompt = start + (isChat ? "\"messages\":[{\"role\":\"user\",\"content\":" : "\"prompt\":")
        afterPrompt =
            (isChat ? "}],\"max_completion_tokens\":" : ",\"max_tokens\":") + "\(configuration.outputLength)"
            + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}"
            + (configuration.ignoresEOS ? ",\"ignore_eos\":true" : "")
            + (configuration.temperature.map { ",\"temperature\":\($0)" } ?? "") + "}"
        prompts = configuration.prompts.map(RequestTemplate.json)
        var random = LoadRandom(seed: configuration.seed, stream: .max)
        sharedPrefix = (0..<configuration.sharedPrefixLength)
            .map { _ in "\(Int.random(in: 0..<configuration.vocabularySize, using: &random))," }.joined()
    }

    /// The request with this number. Warm-ups have prompts of their own.
    func request(_ index: Int, isWarmUp: Bool) -> Request {
        var random = LoadRandom(
            seed: configuration.seed, stream: UInt64(index) | (isWarmUp ? 1 << 62 : 0))
        let leaves = !isWarmUp && random.uniform() <= configuration.disconnectProbability
        let limit = Int.random(in: 0..<configuration.outputLength, using: &random)
        var body = ByteBuffer()
        body.reserveCapacity(beforePrompt.utf8.count + afterPrompt.utf8.count + sharedPrefix.utf8.count + 1024)
        body.writeString(beforePrompt)
        if prompts.isEmpty {
            body.writeString("[")
            body.writeString(sharedPrefix)
            for place in 0..<configuration.inputLength {
                if place > 0 { body.writeInteger(UInt8(ascii: ",")) }
                body.writeString("\(Int.random(in: 0..<configuration.vocabularySize, using: &random))")
            }
            body.writeString("]")
        } else {
            body.writeString(prompts[index % prompts.count])
        }
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
