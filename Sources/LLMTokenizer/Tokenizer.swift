/// The number of one entry of a vocabulary: what a model reads and writes.
public typealias TokenID = Int32

/// Text to token ids and back.
///
/// A tokenizer is an immutable value: any number of threads may use one at once. Decoding, whole or streamed, is
/// the business of `StreamDecoder`, which asks only for the texts of ids and for `decodingRules`; so both always agree.
public protocol Tokenizer: Sendable {
    /// One more than the largest id there is. A model may have more logits than that; the ids past it have no text.
    var vocabularySize: Int { get }

    /// The id that marks the beginning of a sequence, where the vocabulary has one.
    var bosToken: TokenID? { get }

    /// The ids that mark the end of a sequence; none, where the vocabulary has none.
    var eosTokens: [TokenID] { get }

    /// How the texts of ids become one text.
    var decodingRules: DecodingRules { get }

    /// The ids of `text`. Special tokens spelled out in the text (`</s>`) become their ids.
    ///
    /// - Parameter addSpecialTokens: whether BOS and EOS are put around the text, as the tokenizer's files tell.
    /// - Throws: `TokenizerError` with code `textTooLong` or `encodingFailed`.
    func encode(_ text: String, addSpecialTokens: Bool) throws(TokenizerError) -> [TokenID]

    /// The ids of two texts as one that a model reads together, such as a query and a document, with the special tokens
    /// that the tokenizer's files put around and between them.
    ///
    /// - Parameters:
    ///   - first: the ids of the first text, without special tokens.
    ///   - second: those of the second.
    /// - Throws: `TokenizerError` with code `encodingFailed` where the files do not say how.
    func pair(_ first: [TokenID], _ second: [TokenID]) throws(TokenizerError) -> TokenPair

    /// What `id` adds to a decoded text; `.nothing` for an id outside the vocabulary.
    func text(of id: TokenID) -> TokenText

    /// What `id` adds to a decoded text where it is the first that adds anything. The same as `text(of:)`, unless a
    /// tokenizer says otherwise.
    func openingText(of id: TokenID) -> TokenText

    /// The vocabulary's own spelling of `id`, such as `▁time`, `<0x0A>` or `<s>`; nil outside the vocabulary.
    func piece(_ id: TokenID) -> String?
}

/// Two texts as one.
public struct TokenPair: Sendable, Hashable {
    /// The ids of both texts and of the tokens around them.
    public let ids: [TokenID]
    /// The type of each, mostly 0 in the first text and 1 in the second: `token_type_ids` of transformers.
    public let types: [Int32]
}

extension Tokenizer {
    /// Refuses: what a SentencePiece model holds says nothing of pairs.
    public func pair(_ first: [TokenID], _ second: [TokenID]) throws(TokenizerError) -> TokenPair {
        throw TokenizerError(
            .encodingFailed, "the tokenizer's files do not say how two texts become one; use a tokenizer.json that does"
        )
    }

    /// The same as `text(of:)`.
    public func openingText(of id: TokenID) -> TokenText { text(of: id) }

    /// The text of `ids`, read as the beginning of a text: the first piece's space is dropped where the vocabulary
    /// adds one in encoding. Bytes that are no UTF-8 become U+FFFD; ids outside the vocabulary add nothing.
    ///
    /// - Parameters:
    ///   - skipSpecialTokens: whether special tokens are left out; otherwise their names stand in the text.
    ///   - spacesBetweenSpecialTokens: whether special tokens in a row have the spaces between them that the decoder
    ///     puts between any two tokens, where it puts some.
    public func decode(
        _ ids: [TokenID], skipSpecialTokens: Bool = true, spacesBetweenSpecialTokens: Bool = true
    ) -> String {
        var decoder = StreamDecoder(
            tokenizer: self, skipSpecialTokens: skipSpecialTokens,
            spacesBetweenSpecialTokens: spacesBetweenSpecialTokens)
        return decoder.append(contentsOf: ids) + decoder.finish()
    }

    /// Whether `id` steers the model rather than being text: BOS, EOS, chat markers. The unknown token is text.
    public func isSpecial(_ id: TokenID) -> Bool {
        if case .special = text(of: id) { true } else { false }
    }

    /// The bytes that `id` adds to a text when it does not open it; nil outside the vocabulary. They may begin or end
    /// inside a character.
    public func bytes(of id: TokenID) -> [UInt8]? {
        switch text(of: id) {
        case .nothing: nil
        case .text(let text), .verbatim(let text), .special(let text): Array(text.utf8)
        case .byte(let byte): [byte]
        case .bytes(let bytes): bytes
        }
    }
}
