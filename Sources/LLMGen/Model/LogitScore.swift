import Foundation
import LLMModels
import LLMTemplate
import LLMTokenizer

/// A decoder that scores pairs as sentence-transformers' module `LogitScore` has it: the chat template writes a pair as a
/// message of the role `query` and one of the role `document`, and the logits of one token, or of two, are the score.
struct LogitScore: Sendable {
    /// The token of a pair that goes together, and where there is one that of a pair that does not.
    let answers: [TokenID]
    /// What a message of the role `system` says before a pair unless a request says otherwise; nil for no such message.
    private let instruction: String?
    private let addsGenerationPrompt: Bool
    /// Other variables of the template.
    private let variables: [String: TemplateValue]

    /// - Parameter file: `config_sentence_transformers.json`, where there is one.
    /// - Returns: nil where no module of the folder is a `LogitScore`.
    /// - Throws: `ModelError`, naming the file, the key and the value.
    init?(folder: URL, _ file: ConfigFile?) throws {
        let modules = try SentenceTransformersModule.modules(of: folder)
        guard let module = modules.first(where: { $0.kind == "LogitScore" }) else { return nil }
        guard modules.map(\.kind) == ["Transformer", "LogitScore"] else {
            throw module.unsupported(
                "pairs are scored by a Transformer and a LogitScore module, in this order")
        }
        let settings = try module.config()
        let ids = 0...Int(Int32.max)
        let yes = try settings.integer("true_token_id", in: ids)
        let no = try settings.optional("false_token_id", .integer(in: ids))
        answers = [yes, no].compactMap { $0.map { TokenID($0) } }
        guard try settings.string("module_input_name", default: "causal_logits") == "causal_logits"
        else {
            throw settings.unsupported("module_input_name", "LogitScore reads causal_logits")
        }
        instruction = try file.flatMap { file in
            try EmbeddingFormat.prompts(of: file).usual.flatMap { $0.isEmpty ? nil : $0 }
        }
        (addsGenerationPrompt, variables) = try LogitScore.templateVariables(
            try modules[0].transformerFile())
    }

    /// What `processing_kwargs` gives the chat template.
    private static func templateVariables(
        _ file: ConfigFile?
    ) throws(ModelError) -> (addsGenerationPrompt: Bool, [String: TemplateValue]) {
        guard let processing = try file?.object("processing_kwargs") else { return (false, [:]) }
        for key in processing.keys where key != "chat_template" && key != "text" {
            throw processing.unsupported(key, "settings of chat_template and text are")
        }
        if let text = try processing.object("text") {
            // How tokens are padded, which here none are, and how many logits are computed.
            for key in text.keys where !["padding", "padding_side", "logits_to_keep"].contains(key) {
                throw text.unsupported(key, "padding, padding_side and logits_to_keep are")
            }
        }
        guard let template = try processing.object("chat_template") else { return (false, [:]) }
        var variables: [String: TemplateValue] = [:]
        for key in template.keys where key != "add_generation_prompt" && key != "restore_suffix" {
            guard !["padding", "truncation", "max_length", "return_tensors"].contains(key) else {
                throw template.unsupported(key, "leave it out")
            }
            variables[key] = template.field(key).map { TemplateValue($0) } ?? .null
        }
        return (try template.flag("add_generation_prompt", default: false), variables)
    }

    /// What the chat template is given of a pair.
    func input(_ pair: TextPair, _ instruction: String?) -> ChatTemplateInput {
        func message(_ role: String, _ content: String) -> TemplateValue {
            ["role": .string(role), "content": .string(content)]
        }
        let system = (instruction ?? self.instruction).map { [message("system", $0)] } ?? []
        return ChatTemplateInput(
            messages: system + [message("query", pair.query), message("document", pair.document)],
            addsGenerationPrompt: addsGenerationPrompt, extraVariables: variables)
    }

    /// Refuses a chat template that leaves out what a pair says, as those do that know no other roles than a
    /// conversation's. - Throws: ``LLMGenError``.
    func check(_ format: ChatFormat) throws(LLMGenError) {
        let pairs = [
            TextPair("one", "other"), TextPair("another", "other"), TextPair("one", "another"),
        ]
        let texts = try pairs.map { pair throws(LLMGenError) in try format.text(of: input(pair, nil)) }
        guard Set(texts).count == pairs.count else {
            throw LLMGenError(
                code: .invalidInput,
                message:
                    "modules.json names a LogitScore module, but the chat template does not write messages of the roles"
                    + " query and document; use one that does")
        }
    }
}
