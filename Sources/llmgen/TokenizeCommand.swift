import ArgumentParser
import LLMGen

struct TokenizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Show the token ids of a text, or the text of token ids.")

    @Option(
        help: ArgumentHelp(
            "Model folder, tokenizer file (tokenizer.json, tokenizer.model or GGUF), or name of a bundled or installed model.",
            valueName: "path"))
    var model = ModelLocator.bundledModel

    @Argument(help: "The text to encode. (default: stdin)")
    var text: String?

    @Flag(inversion: .prefixedNo, help: "Put BOS and EOS around the text as the tokenizer's files ask.")
    var addSpecialTokens = true

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Token ids to decode, such as 1,2,3.", valueName: "ids"),
        transform: TokenIDList.init)
    var decode: TokenIDList?

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
        if count, json || jsonl || decode != nil {
            throw ValidationError("--count excludes --json, --jsonl and --decode; give one of them")
        }
    }

    func run() async throws {
        let tokenization = Tokenization(tokenizer: try ModelTokenizer(model), addSpecialTokens: addSpecialTokens)
        if jsonl { return try printLines(tokenization) }
        if let decode {
            let decoded = try tokenization.decode(decode.ids)
            return try json ? decoded.printLine() : StandardStreams.write(decoded.text + "\n")
        }
        let encoded = try tokenization.encode(try text ?? PromptSource.text(of: nil))
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
                try ErrorReport(index: index, error: error.message).printLine()
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
