import LLMModels

/// What a model does with texts beside generating.
extension ModelInspection {
    /// How a model makes vectors of texts.
    public struct Embedding: Sendable, Encodable {
        /// What may be put before texts.
        public struct NamedPrompt: Sendable, Encodable {
            /// What requests call it.
            public let name: String
            /// What is put before a text.
            public let text: String
        }

        /// How hidden states become one vector, such as `mean`.
        public let pooling: String
        /// Whether vectors are scaled to length 1.
        public let normalizes: Bool
        /// Elements of a vector.
        public let dimensions: Int
        /// Numbers of elements that vectors may be cut to (`matryoshka_dimensions`); nil for any.
        public let shorterDimensions: [Int]?
        /// Tokens of a text at most (`max_seq_length`); nil where the files do not say.
        public let maxTokens: Int?
        /// The prompts, by rising names.
        public let prompts: [NamedPrompt]
        /// The name of what is put before texts unless a request says otherwise; nil for nothing.
        public let defaultPrompt: String?
        /// How vectors are to be compared, such as `cosine`; nil where the files do not say.
        public let similarity: String?

        init(_ format: EmbeddingFormat) {
            pooling = format.pooling.rawValue
            normalizes = format.normalizes
            dimensions = format.dimensions
            shorterDimensions = format.shorterDimensions
            maxTokens = format.maxTokens
            prompts = format.prompts.sorted { $0.key < $1.key }.map { NamedPrompt(name: $0.key, text: $0.value) }
            defaultPrompt = format.defaultPromptName
            similarity = format.similarity
        }
    }

    /// How a model scores pairs of texts.
    public struct Reranking: Sendable, Encodable {
        /// Whose outputs make the score, such as `one label`.
        public let outputs: String
        /// How a pair is written: `joined` by the tokenizer, `qwen3`, or `chat template`.
        public let writing: String
        /// What a score is put through: `Sigmoid` or `Identity`.
        public let activation: String

        init(_ format: PairFormat) {
            outputs =
                switch format.outputs {
                case .label: "one label"
                case .answers(let no, let yes): "'\(yes)' over '\(no)'"
                case .tokens(let ids): "token " + ids.map(String.init).joined(separator: " over token ")
                }
            writing =
                switch format.writing {
                case .joined: "joined"
                case .template(let template): template.rawValue
                case .chat: "chat template"
                }
            activation = format.activation.rawValue
        }
    }

    /// What the files beside the weights say of texts, and what is wrong with them.
    struct Texts {
        var embedding: Embedding?
        var reranking: Reranking?
        /// A line for each fault.
        private(set) var faults: [String] = []

        /// Nothing.
        init() {}

        /// - Parameter sizes: nil for a model that the engine cannot run, of which the tokenizer alone is looked at.
        init(_ source: any ModelSource, _ config: ConfigFile, _ sizes: Sizes?) {
            _ = attempt { () throws(LLMGenError) in try source.tokenizer() }
            guard let sizes else { return }
            let isEncoder = (try? Architectures.architecture(config).isEncoder) ?? false
            let pairs = attempt { () throws(LLMGenError) in
                try source.pairFormat(
                    labels: sizes.labels, predictsTokens: sizes.predictsTokens, isEncoder: isEncoder, config, nil)
            }
            guard let pairs else { return }
            reranking = pairs.map(Reranking.init)
            // What scores pairs by its modules has others than what embeds.
            if case .chat? = pairs?.writing { return }
            guard sizes.labels == nil else { return }
            let format = attempt { () throws(LLMGenError) in
                try source.embeddingFormat(config, width: sizes.hiddenSize)
            }
            if let format, format.isOfFiles || !sizes.predictsTokens { embedding = Embedding(format) }
        }

        /// What `read` returns; nil, and a fault more, where it throws.
        private mutating func attempt<Value>(_ read: () throws(LLMGenError) -> Value) -> Value? {
            do throws(LLMGenError) {
                return try read()
            } catch {
                faults.append(error.message)
                return nil
            }
        }
    }
}
