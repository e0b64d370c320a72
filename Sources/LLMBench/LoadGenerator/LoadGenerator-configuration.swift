import Foundation
public import LLMGen

extension LoadGenerator {
    /// The routes that stream.
    public enum Endpoint: String, Sendable, CaseIterable {
        /// OpenAI's completions: prompts are texts or token ids.
        case completions = "/v1/completions"
        /// OpenAI's chat completions: a prompt is the message of a user.
        case chatCompletions = "/v1/chat/completions"
    }

    /// What load to make.
    public struct Configuration: Sendable {
        /// The server, `http://host:port`, with a path before the endpoint's where there is one.
        public var baseURL = "http://127.0.0.1:8000"
        /// The route.
        public var endpoint = Endpoint.completions
        /// The model's name; the first of `GET /v1/models` where it is nil.
        public var model: String?
        /// The bearer token.
        public var apiKey: String?
        /// How many conversations to begin, most of which are one request; where neither this nor ``duration`` is given
        /// 100, or as many as the dataset has times for.
        public var requestCount: Int?
        /// How long to send requests, instead of a number of them. Those that run then are waited for.
        public var duration: Duration?
        /// Most conversations under way at once; nil for any number. One keeps its place while its user thinks.
        public var maxConcurrency: Int?
        /// When requests come.
        public var arrivals = Arrivals.immediate
        /// What is asked for.
        public var dataset = Dataset()
        /// The number of the first conversation of the dataset that is measured.
        public var firstConversation = 0
        /// Whether generation goes on past the end of a text.
        public var ignoresEOS = false
        /// The sampling temperature; nil for the server's default.
        public var temperature: Double?
        /// What fixes the arrivals and the disconnections.
        public var seed: UInt64 = 0
        /// Requests sent before the measurement, which are in no figure.
        public var warmUpCount = 0
        /// Bounds for goodput.
        public var goodput: Goodput?
        /// How probable it is that a request's client goes away after a random number of outputs, which may be none.
        public var disconnectProbability = 0.0
        /// Clients besides the others that send a request and never read, until the end.
        public var noReadClientCount = 0
        /// Whether a connection serves one request after the other (HTTP/1.1 keep-alive).
        public var reusesConnections = true
        /// Threads of the client, each with an event loop.
        public var threadCount = 1
        /// How long a request may take.
        public var timeout = Duration.seconds(600)
        /// Whether to keep the generated texts.
        public var takesText = false

        /// The default load on a server of this machine.
        public init() {}

        /// The prompts of an option with one text and an option with a file of one prompt a line, of which at most one is
        /// given. Empty lines are passed over.
        ///
        /// - Throws: ``LLMGenError`` `invalidArgument` where both are given, `notFound` or `invalidInput` for the file.
        public static func prompts(text: String?, file: String?) throws(LLMGenError) -> [String] {
            guard let file else { return text.map { [$0] } ?? [] }
            guard text == nil else {
                throw LLMGenError(code: .invalidArgument, message: "prompt and prompt-file are both given; give one")
            }
            let data: Data
            do {
                data = try Data(contentsOf: URL(fileURLWithPath: file))
            } catch {
                throw LLMGenError(
                    code: .notFound, message: "\(file) cannot be read; give a file with one prompt a line", cause: error
                )
            }
            let lines = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
            guard !lines.isEmpty else {
                throw LLMGenError(code: .invalidInput, message: "\(file) has no prompt; write one a line")
            }
            return lines
        }

        /// Checks every value against its range.
        ///
        /// - Throws: ``LLMGenError`` `invalidArgument` with the value, the range and the remedy.
        func validate() throws(LLMGenError) {
            try BenchOption.check("num-prompts", requestCount, 1...100_000_000)
            try BenchOption.check("max-concurrency", maxConcurrency, 1...1_000_000)
            try BenchOption.check("num-warmups", warmUpCount, 0...1_000_000)
            try BenchOption.check("no-read-clients", noReadClientCount, 0...1_000_000)
            try BenchOption.check("client-threads", threadCount, 1...1024)
            try arrivals.validate()
            try BenchOption.check(
                "temperature", temperature ?? 0, (temperature ?? 0) >= 0 && (temperature ?? 0).isFinite, "0 or more")
            try BenchOption.check(
                "disconnect-probability", disconnectProbability, (0...1).contains(disconnectProbability), "from 0 to 1")
            try BenchOption.check(
                "timeout", timeout, timeout > .zero && timeout < .seconds(1_000_000), "above 0s, below 1000000s")
            try BenchOption.check(
                "duration", duration ?? .seconds(1),
                (duration ?? .seconds(1)) > .zero && (duration ?? .zero) < .seconds(1_000_000),
                "above 0s, below 1000000s")
            try checkTogether()
        }

        private func checkTogether() throws(LLMGenError) {
            func refuse(_ message: String) -> LLMGenError { LLMGenError(code: .invalidArgument, message: message) }
            if requestCount != nil, duration != nil {
                throw refuse("num-prompts and duration are both given; give one")
            }
            if duration != nil, maxConcurrency == nil, arrivals == .immediate {
                throw refuse("duration without a bound sends without end; give max-concurrency or request-rate")
            }
            let isChat = endpoint == .chatCompletions
            if isChat, dataset.contains({ if case .tokenIDs = $0 { true } else { false } }) {
                throw refuse(
                    "\(endpoint.rawValue) takes texts, not token ids; give prompt, prompt-file or a dataset of texts")
            }
            if !isChat, dataset.contains({ if case .messages = $0 { true } else { false } }) {
                throw refuse("\(endpoint.rawValue) takes no messages; give endpoint /v1/chat/completions")
            }
            if arrivals == .recorded {
                guard dataset.hasTimes, let count = dataset.count else {
                    throw refuse("\(dataset.summary) has no times; give request-rate")
                }
                if let requestCount, requestCount > count {
                    throw refuse("num-prompts is \(requestCount), and there are \(count) times; ask for at most those")
                }
            }
            if let apiKey, !apiKey.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
                throw refuse("the API key has a space, a control character or a byte over 126; give the key alone")
            }
        }
    }
}
