import LLMGrammar
import LLMTokenizer
import Synchronization

/// The output formats of a model that are in use or were lately, compiled over its vocabulary.
final class GrammarCache: Sendable {
    /// A format that an output can begin to follow.
    struct Entry: Sendable {
        /// Before the first token.
        let matcher: GrammarMatcher
        let notes: [String]
    }

    /// What is kept at most: formats, and bytes of their tables and texts.
    private static let limits = (count: 256, bytes: 512 << 20)

    private struct Kept {
        let entry: Entry
        var lastUse: Int
    }

    private struct Formats {
        var kept: [[UInt8]: Kept] = [:]
        var uses = 0
    }

    private let vocabulary = Mutex<TokenVocabulary?>(nil)
    private let formats = Mutex(Formats())

    /// The format, compiled on this thread if it is not kept; nil for free text.
    func entry(_ format: OutputFormat, of model: LanguageModel) throws(LLMGenError) -> Entry? {
        if case .text = format { return nil }
        let key = format.key
        if let kept = kept(key) { return kept }
        let vocabulary = try vocabulary(of: model)
        guard let compiled = try format.compiled(specialTokens: vocabulary.specialTokens) else { return nil }
        do {
            let grammar = try CompiledGrammar(compiled.grammar, vocabulary: vocabulary)
            return keep(Entry(matcher: try GrammarMatcher(grammar), notes: compiled.notes), key)
        } catch {
            throw format.fault(error)
        }
    }

    private func kept(_ key: [UInt8]) -> Entry? {
        formats.withLock { formats in
            formats.uses += 1
            formats.kept[key]?.lastUse = formats.uses
            return formats.kept[key]?.entry
        }
    }

    /// Keeps an entry, unless another thread was first, and drops those that were not used for longest.
    private func keep(_ entry: Entry, _ key: [UInt8]) -> Entry {
        formats.withLock { formats in
            if let kept = formats.kept[key] { return kept.entry }
            formats.kept[key] = Kept(entry: entry, lastUse: formats.uses)
            var bytes = formats.kept.reduce(0) { $0 + $1.key.count + $1.value.entry.matcher.grammar.usage.bytes }
            while formats.kept.count > Self.limits.count || bytes > Self.limits.bytes,
                let oldest = formats.kept.min(by: { $0.value.lastUse < $1.value.lastUse }), oldest.key != key
            {
                bytes -= oldest.key.count + oldest.value.entry.matcher.grammar.usage.bytes
                formats.kept[oldest.key] = nil
            }
            return entry
        }
    }

    private func vocabulary(of model: LanguageModel) throws(LLMGenError) -> TokenVocabulary {
        try vocabulary.withLock { (made) throws(LLMGenError) -> TokenVocabulary in
            if let made { return made }
            let new = try TokenVocabulary(of: model)
            made = new
            return new
        }
    }
}

extension TokenVocabulary {
    /// The tokens of a model: what each adds to a text, and special ones by their names.
    convenience init(of model: LanguageModel) throws(LLMGenError) {
        guard let tokenizer = model.tokenizer else {
            throw LLMGenError(
                code: .invalidInput,
                message:
                    "'\(model.name)' has no tokenizer, so the texts of its tokens are not known and no output format "
                    + "can be kept; ask for free text", field: "structured_outputs")
        }
        guard !model.eosTokens.isEmpty else {
            throw LLMGenError(
                code: .invalidInput,
                message:
                    "'\(model.name)' has no token that ends a text, so an output could not end where its format does; "
                    + "name one by eos_token_id of its config.json", field: "structured_outputs")
        }
        var tokens: [[UInt8]] = []
        var special: [String: Int32] = [:]
        for id in 0..<TokenID(model.vocabularySize) {
            if case .special(let name) = tokenizer.text(of: id) {
                special[name] = id
                tokens.append([])
            } else {
                tokens.append(tokenizer.bytes(of: id) ?? [])
            }
        }
        do {
            try self.init(tokens: tokens, special: special, endTokens: model.eosTokens)
        } catch {
            throw LLMGenError(error)
        }
    }
}

extension OutputFormat {
    /// Bytes that are the same for the same format, and for no other.
    var key: [UInt8] {
        var key: [UInt8] = []
        func add(_ text: String) {
            key += Array("\(text.utf8.count) ".utf8) + Array(text.utf8)
        }
        func add(_ style: JSONStyle) {
            key += [style.takesAnyOrder, style.forbidsAdditionalProperties, style.isLenient].map { $0 ? 1 : 0 }
            switch style.whiteSpace {
            case .bounded: add("bounded")
            case .none: add("none")
            case .pattern(let pattern): add("pattern \(pattern)")
            }
        }
        add(name)
        switch self {
        case .text: break
        case .json(let schema, let style):
            add(style)
            add(schema)
        case .jsonObject(let style): add(style)
        case .regex(let text), .grammar(let text), .structuralTag(let text): add(text)
        case .choice(let texts): for text in texts { add(text) }
        case .answer(let form): key += form.key
        }
        return key
    }
}
