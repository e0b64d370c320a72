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
    private let rules: DecodingRules
    private let skipSpecialTokens: Bool
    private let keptTokens: Set<TokenID>
    private let spacesBetweenSpecialTokens: Bool
    private var run: ByteRun
    /// Whether no token has added anything yet.
    private var isFirst = true
    /// Whether nothing has been said yet, so that a rule about the leading space still applies.
    private var isOpening = true
    /// Spaces that may still be dropped from the beginning.
    private var strippable = 0
    /// Spaces that are text only if more text comes.
    private var held = 0
    private var followsSpecial = false

    /// A decoder that continues `prompt`, or begins a text where there is none.
    ///
    /// - Parameters:
    ///   - skipSpecialTokens: whether special tokens are left out; otherwise their names stand in the text.
    ///   - keptTokens: special tokens whose names stand in the text all the same.
    ///   - spacesBetweenSpecialTokens: whether special tokens in a row have the spaces between them that the decoder
    ///     puts between any two tokens, where it puts some (`WordPiece`). It matters only where they are not left out.
    public init(
        tokenizer: any Tokenizer, prompt: [TokenID] = [], skipSpecialTokens: Bool = true,
        keeping keptTokens: Set<TokenID> = [],
        spacesBetweenSpecialTokens: Bool = true
    ) {
        self.tokenizer = tokenizer
        self.skipSpecialTokens = skipSpecialTokens
        self.keptTokens = keptTokens
        self.spacesBetweenSpecialTokens = spacesBetweenSpecialTokens
        rules = tokenizer.decodingRules
        run = ByteRun(rules.invalidBytes)
        if case .strip(let count) = rules.leadingSpace { strippable = count }
        var text = ""
        var next = 0
        while isFirst || isOpening, next < prompt.count {
            append(prompt[next], to: &text)
            next += 1
        }
        // From here on only what the prompt's end leaves open can matter: the bytes of a character and held spaces.
        var start = prompt.count
        var bytes = 0
        while start > next, bytes < 3 + rules.trailingSpaces {
            start -= 1
            switch tokenizer.text(of: prompt[start]) {
            case .byte: bytes += 1
            case .bytes(let some): bytes += some.count
            case .text(let some), .verbatim(let some): bytes += max(some.utf8.count, 3)
            case .special(let name):
                bytes += isSkipped(prompt[start]) ? (rules.hiddenTokensSeparate ? 3 : 0) : name.utf8.count
            case .nothing: bytes += rules.hiddenTokensSeparate ? 3 : 0
            }
        }
        for id in prompt[start...] { append(id, to: &text) }
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

    /// The text of what is still held back: U+FFFD for the bytes of a character that never ended.
    public mutating func finish() -> String {
        var text = ""
        endRun(into: &text)
        held = 0
        return text
    }

    /// Whether a special token is left out.
    private func isSkipped(_ id: TokenID) -> Bool { skipSpecialTokens && !keptTokens.contains(id) }

    private mutating func append(_ id: TokenID, to text: inout String) {
        let added = isFirst ? tokenizer.openingText(of: id) : tokenizer.text(of: id)
        switch added {
        case .nothing:
            if rules.hiddenTokensSeparate { endRun(into: &text) }
            return
        case .special where isSkipped(id):
            if rules.hiddenTokensSeparate { endRun(into: &text) }
            return
        case .byte(let byte): append([byte], to: &text)
        case .bytes(let bytes): append(bytes, to: &text)
        case .text(let piece):
            endRun(into: &text)
            append(piece, to: &text)
        case .verbatim(let name):
            endRun(into: &text)
            say(name[...], in: &text)
        case .special(var name):
            endRun(into: &text)
            if followsSpecial, !spacesBetweenSpecialTokens { name = tokenizer.piece(id) ?? name }
            say(name[...], in: &text)
        }
        isFirst = false
        if case .special = added { followsSpecial = true } else { followsSpecial = false }
    }

    private mutating func append(_ bytes: [UInt8], to text: inout String) {
        var settled = ""
        for byte in bytes { run.append(byte, to: &settled) }
        if strippable == 0 { isOpening = false }
        say(settled[...], in: &text)
        if run.isWaiting { (strippable, isOpening) = (0, false) }
    }

    private mutating func endRun(into text: inout String) {
        var settled = ""
        run.end(into: &settled)
        say(settled[...], in: &text)
    }

    private mutating func append(_ piece: String, to text: inout String) {
        let drops = rules.leadingSpace == .dropOne || rules.leadingSpace == .dropUntilText
        guard isOpening, drops, piece.utf8.first == UInt8(ascii: " ") else {
            say(piece[...], in: &text)
            return
        }
        isOpening = rules.leadingSpace == .dropUntilText
        say(Substring(piece.unicodeScalars.dropFirst()), in: &text)
    }

    /// Adds `words`, less the spaces that the rules take from the beginning and hold back at the end.
    private mutating func say(_ words: Substring, in text: inout String) {
        var words = words.unicodeScalars
        while strippable > 0, let first = words.first {
            if first == " " {
                words.removeFirst()
                strippable -= 1
            } else {
                strippable = 0
            }
        }
        if words.isEmpty { return }
        isOpening = false
        if rules.trailingSpaces > 0 {
            let spaces = words.reversed().prefix { $0 == " " }.count
            let total = spaces == words.count ? held + spaces : spaces
            if spaces < words.count { text += String(repeating: " ", count: held) }
            let kept = min(total, rules.trailingSpaces)
            if spaces == words.count {
                text += String(repeating: " ", count: total - kept)
            } else {
                words.removeLast(kept)
                text.unicodeScalars.append(contentsOf: words)
            }
            held = kept
        } else {
            text.unicodeScalars.append(contentsOf: words)
        }
    }
}
