import ArgumentParser
import LLMGen

struct TokenizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Show the token ids of a text, or the text of token ids.")

    @Option(
        help: ArgumentHelp(
            "Model folder, tokenizer file (tokenizer.json, tokenizer.model or GGUF), or name of a bundled or installed "
                + "model. (default: \(ModelLocator.bundledModel))",
            valueName: "path"))
    var model: String?

    @Argument(help: "The text to encode. (default: stdin)")
    var text: String?

    @Flag(inversion: .prefixedNo, help: "Put BOS and EOS around the text as the tokenizer's files ask.")
    var addSpecialTokens = true

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Token ids to decode, such as 1,2,3.", valueName: "ids"),
        transform: TokenIDList.init)
    var decode: TokenIDList?

    @OptionGroup(title: "Conversations") var chat: ChatCaseOptionGroup

    @Flag(help: "Print only how many tokens there are.")
    var count = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(
        help: ArgumentHelp(
            "Stdin has one JSON object a line: text or token_ids; each gives one JSON object, in their order."))
    var jsonl = false

    func validate() throws {
        if text != nil, decode != nil {
            throw ValidationError("give TEXT or --decode, not both")
        }
        if jsonl, text != nil || decode != nil {
            throw ValidationError("--jsonl reads its lines from stdin; give no TEXT and no --decode")
        }
        if chat.file != nil, text != nil || decode != nil || jsonl {
            throw ValidationError("--chat takes the place of TEXT, --decode and --jsonl; give one of them")
        }
        if chat.render, json || count {
            throw ValidationError("--render prints the text alone; give no --json and no --count")
        }
        if count, json || jsonl || decode != nil {
            throw ValidationError("--count excludes --json, --jsonl and --decode; give one of them")
        }
    }

    func run() async throws {
        if let text = try chat.renderedWithoutModel(model) { return try StandardStreams.write(text) }
        let tokenizer = try ModelTokenizer(model ?? ModelLocator.bundledModel)
        let conversation = try chat.rendered(by: tokenizer.chatFormat)
        if chat.render, let conversation { return try StandardStreams.write(conversation) }
        // A chat template writes special tokens itself.
        let tokenization = Tokenization(
            tokenizer: tokenizer, addSpecialTokens: addSpecialTokens && conversation == nil)
        if jsonl { return try printLines(tokenization) }
        if let decode {
            let decoded = try tokenization.decode(decode.ids)
            return try json ? decoded.printLine() : StandardStreams.write(decoded.text + "\n")
        }
        let encoded = try tokenization.encode(try conversation ?? text ?? PromptSource.text(of: nil))
        if json { return try encoded.printLine() }
        if count { return try StandardStreams.write("\(encoded.tokenIds.count)\n") }
        let width = encoded.tokenIds.map { "\($0)".count }.max() ?? 0
        for (id, piece) in zip(encoded.tokenIds, encoded.pieces) {
            try StandardStreams.write("\("\(id)".padding(to: width))  \(piece.visible)\n")
        }
    }

    private func printLines(_ tokenization: Tokenization) throws {
        var hasFailed = false
        for (index, line) in try PromptSource.lines(of: nil).enumerated() {
            do {
                switch try TokenizeLine(line) {
                case .text(let text): try tokenization.encode(text).printLine()
                case .tokenIDs(let ids): try tokenization.decode(ids).printLine()
                }
            } catch let error as LLMGenError where error.code == .invalidInput {
                hasFailed = true
                try ErrorReport(index: index, id: nil, error: error.message).printLine()
            }
        }
        if hasFailed { throw ExitCode(CommandFailure.badData) }
    }
}

extension String {
    /// The text in one line, line breaks and other controls escaped.
    fileprivate var visible: String {
        unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}
