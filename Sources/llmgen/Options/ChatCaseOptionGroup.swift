import ArgumentParser
import LLMGen

/// A conversation in a file, in the place of a text.
struct ChatCaseOptionGroup: ParsableArguments {
    @Option(
        name: .customLong("chat"),
        help: ArgumentHelp(
            "JSON file with a conversation, rendered by the model's chat template: messages and, if there are any, tools, "
                + "documents, add_generation_prompt and whatever else the template reads.", valueName: "file"))
    var file: String?

    @Flag(help: "Print the rendered text alone.")
    var render = false

    @Option(
        help: ArgumentHelp(
            "Chat template in the place of the model's; with --render no model is needed.", valueName: "file"))
    var chatTemplate: String?

    @Flag(
        help: ArgumentHelp(
            "Give the template the messages as FILE has them, as apply_chat_template of transformers does, not in the form "
                + "that it reads."))
    var verbatim = false

    func validate() throws {
        if file == nil, render || verbatim || chatTemplate != nil {
            throw ValidationError("--render, --verbatim and --chat-template need a conversation; give --chat FILE")
        }
    }

    /// The text where neither a model's template nor its tokenizer is asked for; nil where one is.
    func renderedWithoutModel(_ model: String?) throws -> String? {
        guard render, chatTemplate != nil, model == nil else { return nil }
        return try rendered(by: ChatFormat())
    }

    /// The conversation's text; nil where there is no conversation.
    func rendered(by format: ChatFormat) throws -> String? {
        guard let file else { return nil }
        let json = try PromptSource.read(file, "conversation file")
        return try format.text(
            json: Array(json), template: try chatTemplate.map(ChatFormat.template(file:)), verbatim: verbatim)
    }
}
