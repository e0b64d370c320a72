/// A tokenizer of steps: added tokens, normalizer, pre-tokenizer, model, post-processor; and a decoder for the way
/// back. It is what a `tokenizer.json` of Hugging Face describes, and what a BPE vocabulary inside a GGUF file means.
///
/// It gives the ids that the Rust crate `tokenizers` gives (version 0.23 was compared).
public struct PipelineTokenizer: Tokenizer {
    /// The longest text that is encoded at once, in bytes of UTF-8.
    public static let maximumTextBytes = 64 << 20

    /// One more than the largest id, added tokens included.
    public let vocabularySize: Int
    /// The id of `bos_token` in `tokenizer_config.json`, or of the GGUF file.
    public let bosToken: TokenID?
    /// The id of `eos_token`, likewise; no other ids end a sequence for the tokenizer.
    public let eosTokens: [TokenID]
    /// The rules of the file's decoder.
    public let decodingRules: DecodingRules

    let parts: Parts
    private let scratches = ScratchPool()

    /// What a tokenizer consists of.
    struct Parts: Sendable {
        var tokens: TokenTable
        var added = AddedVocabulary()
        var normalizer: Normalizer?
        var preTokenizer: PreTokenizer?
        var model: TokenModel
        /// Whether the model reads plain bytes where the pre-tokenizer would spell them as visible characters.
        var readsBytes = false
        var postProcessor = PostProcessor()
        var decoder = TokenDecoder()
        var bos: TokenID?
        var eos: TokenID?
    }

    init(_ parts: Parts) throws(Damage) {
        var parts = parts
        try parts.added.finish(parts.normalizer)
        self.parts = parts
        vocabularySize = max(parts.tokens.count, Int(parts.added.tokens.keys.max() ?? -1) + 1)
        bosToken = parts.bos
        eosTokens = parts.eos.map { [$0] } ?? []
        decodingRules = parts.decoder.rules
    }

    // MARK: Encoding

    /// The ids of `text`; safe from any number of threads.
    ///
    /// - Parameter addSpecialTokens: whether the tokens that the post-processor names are put around it.
    /// - Throws: `textTooLong` past `maximumTextBytes`; `encodingFailed` where the vocabulary cannot express the text,
    ///   or a pattern of the file would take too many steps.
    public func encode(_ text: String, addSpecialTokens: Bool = true) throws(TokenizerError) -> [TokenID] {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.maximumTextBytes else {
            throw TokenizerError(
                .textTooLong,
                """
                the text has \(bytes.count) bytes, more than the \(Self.maximumTextBytes) that can be encoded at once; \
                shorten it
                """)
        }
        var ids: [TokenID] = addSpecialTokens ? parts.postProcessor.prefix : []
        var scratch = scratches.take()
        var steps = RegexPattern.steps(for: bytes.count)
        defer { scratches.giveBack(scratch) }
        do throws(Damage) {
            for segment in parts.added.raw.segments(of: bytes, 0..<bytes.count) {
                switch segment {
                case .token(let id): ids.append(id)
                case .text(let range): try encode(bytes, range, &scratch, &steps, into: &ids)
                }
            }
        } catch {
            throw TokenizerError(
                .encodingFailed,
                "the tokenizer cannot encode the text: \(error.reason); check that its files fit the model")
        }
        if addSpecialTokens { ids += parts.postProcessor.suffix }
        return ids
    }

    /// The ids of two texts as one, as the post-processor's pair has them.
    public func pair(_ first: [TokenID], _ second: [TokenID]) throws(TokenizerError) -> TokenPair {
        guard let pair = parts.postProcessor.pair else {
            throw TokenizerError(
                .encodingFailed,
                "post_processor of tokenizer.json does not say how two texts become one, or several of its steps do; "
                    + "correct its pair")
        }
        var (ids, types): ([TokenID], [Int32]) = ([], [])
        for part in pair {
            let (added, type) =
                switch part {
                case .tokens(let tokens, let type): (tokens, type)
                case .first(let type): (first, type)
                case .second(let type): (second, type)
                }
            ids += added
            types += Array(repeating: type, count: added.count)
        }
        return TokenPair(ids: ids, types: types)
    }

    /// Encodes a stretch between added tokens.
    private func encode(
        _ bytes: [UInt8], _ range: Range<Int>, _ scratch: inout TokenModel.Scratch, _ steps: inout Int,
        into ids: inout [TokenID]
    ) throws(Damage) {
        var text = bytes
        var whole = range
        var startsText = range.lowerBound == 0
        if let normalizer = parts.normalizer {
            if startsText {
                // A beginning that normalizing takes away is not there to be marked as one.
                let first = Array(bytes[range].prefix(UTF8Text.length(bytes[range.lowerBound])))
                startsText = try !normalizer.normalize(first, steps: &steps).isEmpty
            }
            text = try normalizer.normalize(Array(bytes[range]), steps: &steps)
            whole = 0..<text.count
        }
        for segment in parts.added.normalized.segments(of: text, whole) {
            guard case .text(let part) = segment else {
                if case .token(let id) = segment { ids.append(id) }
                continue
            }
            let opensText = startsText && part.lowerBound == whole.lowerBound
            var tokens = PreTokens(text, part, startsText: opensText, steps: steps)
            try parts.preTokenizer?.apply(to: &tokens, spellsBytes: !parts.readsBytes)
            steps = tokens.steps
            for piece in tokens.pieces { try parts.model.encode(tokens.text, piece, &scratch, into: &ids) }
        }
    }

    // MARK: Decoding

    /// What `id` adds to a decoded text.
    public func text(of id: TokenID) -> TokenText { text(of: id, isFirst: false) }

    /// What `id` adds to a decoded text where it is the first.
    public func openingText(of id: TokenID) -> TokenText { text(of: id, isFirst: true) }

    private func text(of id: TokenID, isFirst: Bool) -> TokenText {
        guard let bytes = spelling(id) else { return .nothing }
        let text = parts.decoder.text(of: bytes, isFirst: isFirst)
        guard let added = parts.added.tokens[id], added.isSpecial else { return text }
        switch text {
        case .text(let text): return .special(text)
        case .bytes(let bytes): return .special(String(decoding: bytes, as: UTF8.self))
        default: return .special(added.content)
        }
    }

    /// The vocabulary's spelling of `id`, or nil outside it.
    public func piece(_ id: TokenID) -> String? {
        spelling(id).map { String(decoding: $0, as: UTF8.self) }
    }

    private func spelling(_ id: TokenID) -> ArraySlice<UInt8>? {
        parts.added.spellings[id].map { $0[...] } ?? parts.tokens.spelling(Int(id))
    }
}
