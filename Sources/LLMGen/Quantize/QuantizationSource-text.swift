import LLMJSON
import LLMModels
import LLMTemplate
import LLMTokenizer
import LLMWeights

extension QuantizationSource {
    /// The keys of the tokenizer, the chat templates and sampling, and what they leave out.
    static func text(
        _ source: FolderSource, _ config: ConfigFile, vocabularySize: Int
    ) throws -> ([GGUFWriter.Entry], [String]) {
        let generation = try source.generationConfig()
        var entries = try GGUFModel.sampling(
            number: { name throws(ModelError) in
                if name == "temperature", generation?.field("do_sample") == .flag(false) { return 0 }
                return try generation?.optional(name, .number)
            }, topK: try generation?.optional("top_k", .integer(in: 0...Int(Int32.max))))
        var notes: [String] = []
        let all = 0...vocabularySize - 1
        var ends = try (generation ?? config).integers("eos_token_id", in: all)
        if ends.isEmpty { ends = try config.integers("eos_token_id", in: all) }
        if var vocabulary = try TokenizerFile.vocabulary(of: source.folder) {
            guard vocabulary.tokens.count <= vocabularySize else {
                throw LLMGenError(
                    code: .invalidInput,
                    message:
                        "'\(source.folder.path)': the tokenizer has \(vocabulary.tokens.count) tokens, the embedding "
                        + "\(vocabularySize) rows, and a GGUF file has as many of both; use a tokenizer that fits")
            }
            vocabulary.pad(to: vocabularySize)
            if let own = vocabulary.eos.map(Int.init) { ends = [own] + ends.filter { $0 != own } }
            entries += vocabulary.metadata
        } else {
            notes.append("the folder has no tokenizer, so that the file has none; llama.cpp needs one")
        }
        for (name, id) in zip(["eos", "eot", "eom"], ends) {
            entries.append(("tokenizer.ggml.\(name)_token_id", .uint32(UInt32(id))))
        }
        if let padding = try config.integers("pad_token_id", in: -1...vocabularySize - 1).first, padding >= 0 {
            entries.append(("tokenizer.ggml.padding_token_id", .uint32(UInt32(padding))))
        }
        let templates = try ChatTemplateSet(folder: source.folder).texts
        for (name, text) in templates.sorted(by: { $0.key < $1.key }) {
            let key = name == "default" ? "tokenizer.chat_template" : "tokenizer.chat_template.\(name)"
            entries.append((key, .string(text)))
        }
        if ends.count > 3 {
            notes.append("of the tokens that end a text, a GGUF file says three; \(ends[3...].map { $0 }) are left out")
        }
        return (entries, notes)
    }
}
