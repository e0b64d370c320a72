import LLMJSON
import OrderedCollections

/// A `tokenizer.json`, read and checked.
///
/// Format: the serialization of Hugging Face's crate `tokenizers`. `truncation` and `padding` are left aside, as
/// `transformers` does unless it is asked for them.
struct TokenizerJSON {
    /// The steps, without the settings of other files.
    private(set) var parts: PipelineTokenizer.Parts

    init(_ bytes: [UInt8]) throws(Damage) {
        do {
            var reader = JSONReader(bytes, part: "it")
            try reader.beginObject()
            var values: [String: JSONValue] = [:]
            var model: ModelJSON?
            while let name = try reader.nextName() {
                switch name {
                case "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder":
                    values[name] = try reader.value()
                case "model": model = try ModelJSON(&reader)
                default: try reader.skipValue()
                }
            }
            try reader.finish()
            guard let model else { throw Damage("it has no model") }
            parts = try Self.parts(model, values)
        } catch let error as JSONError {
            throw Damage(error.message)
        } catch let error as Damage {
            throw error
        } catch {
            throw Damage("\(error)")
        }
    }

    private static func parts(
        _ model: ModelJSON, _ values: [String: JSONValue]
    ) throws(Damage) -> PipelineTokenizer.Parts {
        func part(_ name: String) -> JSONValue? {
            if case .null? = values[name] { nil } else { values[name] }
        }
        var preTokenizer: PreTokenizer?
        if let value = part("pre_tokenizer") { preTokenizer = try PreTokenizer(value) }
        let readsBytes = model.canReadBytes && preTokenizer?.endsWithByteLevel ?? false
        var parts = PipelineTokenizer.Parts(
            tokens: model.tokens, model: try model.model(readsBytes: readsBytes))
        parts.preTokenizer = preTokenizer
        parts.readsBytes = readsBytes
        if let value = part("normalizer") { parts.normalizer = try Normalizer(value) }
        parts.postProcessor = if let value = part("post_processor") { try PostProcessor(value) } else { .plain }
        if let value = part("decoder") { parts.decoder = try TokenDecoder(value) }
        guard case .array(let added) = part("added_tokens") ?? .array([]) else {
            throw Damage("added_tokens is no array")
        }
        for value in added { parts.added.add(try AddedToken(PartFields(value, "added token")), parts.tokens) }
        return parts
    }
}

extension AddedToken {
    fileprivate init(_ fields: PartFields) throws(Damage) {
        self.init(try fields.string("content"))
        isSpecial = try fields.flag("special", default: false)
        stripsLeft = try fields.flag("lstrip", default: false)
        stripsRight = try fields.flag("rstrip", default: false)
        isSingleWord = try fields.flag("single_word", default: false)
        isNormalized = try fields.flag("normalized", default: !isSpecial)
    }
}
