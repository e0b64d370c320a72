/// Token ids to text, as they come.
///
/// What is given out, joined, is the text of the whole: the decoder never splits a character, and holds back the
/// bytes of one until it is whole or certain to be none (U+FFFD).
///
/// A completion's text is that which makes prompt and completion read as one: `decode(prompt + completion)` less
/// `decode(prompt)`, as in vLLM. After the prompt `Once upon a time` the stream begins with ` there`, with its space;
/// without a prompt the same ids begin a text, and give `there`. Where a prompt ends inside a character, the
/// completion that ends the character gets it whole.
///
/// Each id costs the same, however long the text is.
public struct StreamDecoder: Sendable {
    private let tokenizer: any Tokenizer
    private let skipSpecialTokens: Bool
    private var run = ByteRun()
    /// Whether nothing has been said yet, so that `leadingSpace` still applies.
    private var isOpening = true

    /// A decoder that continues `prompt`, or begins a text where there is none.
    ///
    /// - Parameter skipSpecialTokens: whether special tokens are left out; otherwise their names stand in the text.
    public init(tokenizer: any Tokenizer, prompt: [TokenID] = [], skipSpecialTokens: Bool = true) {
        self.tokenizer = tokenizer
        self.skipSpecialTokens = skipSpecialTokens
        var text = ""
        var next = 0
        while isOpening, next < prompt.count {
            append(prompt[next], to: &text)
            next += 1
        }
        // From here on only the bytes at the prompt's end can matter.
        let tail = prompt.lastIndex { id in
            if case .byte = tokenizer.text(of: id) { false } else { true }
        }
        for id in prompt[max(next, tail ?? 0)...] { append(id, to: &text) }
        run.closePrompt()
    }

    /// The text that `id` settles; empty while a character is unfinished.
    public mutating func append(_ id: TokenID) -> String {
        var text = ""
        append(id, to: &text)
        return text
    }

    /// The text that `ids` settle, in order.
    public mutating func append(contentsOf ids: some Sequence<TokenID>) -> String {
        var text = ""
        for id in ids { append(id, to: &text) }
        return text
    }

    /// The text of what is still held back: U+FFFD for each byte of a character that never ended.
    public mutating func finish() -> String {
        var text = ""
        run.end(into: &text)
        return text
    }

    private mutating func append(_ id: TokenID, to text: inout String) {
        let added = tokenizer.text(of: id)
        if case .byte(let byte) = added {
            run.append(byte, to: &text)
            isOpening = false
            return
        }
        run.end(into: &text)
        switch added {
        case .nothing, .byte: break
        case .text(let piece): append(piece, to: &text)
        case .verbatim(let name): say(name[...], in: &text)
        case .special(let name): if !skipSpecialTokens { say(name[...], in: &text) }
        }
    }

    private mutating func append(_ piece: String, to text: inout String) {
        guard isOpening, tokenizer.leadingSpace != .keep, piece.utf8.first == UInt8(ascii: " ") else {
            say(piece[...], in: &text)
            return
        }
        isOpening = tokenizer.leadingSpace == .dropUntilText
        say(Substring(piece.unicodeScalars.dropFirst()), in: &text)
    }

    private mutating func say(_ words: Substring, in text: inout String) {
        text += words
        if !words.isEmpty { isOpening = false }
    }
}
