/// A token that is matched in a text as it is spelled, before the vocabulary's own algorithm sees the text.
struct AddedToken: Sendable, Hashable, Decodable {
    /// The spelling.
    var content: String
    /// Whether it steers the model, so that decoding may leave it out.
    var isSpecial = true
    /// Whether white space in front of it belongs to it.
    var stripsLeft = false
    /// Whether white space after it belongs to it.
    var stripsRight = false
    /// Whether it must not touch a letter, a digit or an underscore.
    var isSingleWord = false
    /// Whether it is looked for in the normalized text, normalized itself, rather than in the text as it is given.
    var isNormalized = false

    init(_ content: String) { self.content = content }

    /// Reads `"<s>"` or `{"content": "<s>", "lstrip": false, …}`.
    init(from decoder: any Decoder) throws {
        if let content = try? decoder.singleValueContainer().decode(String.self) {
            self.init(content)
            return
        }
        let fields = try decoder.container(keyedBy: Fields.self)
        self.init(try fields.decode(String.self, forKey: .content))
        isSpecial = try fields.decodeIfPresent(Bool.self, forKey: .special) ?? true
        stripsLeft = try fields.decodeIfPresent(Bool.self, forKey: .lstrip) ?? false
        stripsRight = try fields.decodeIfPresent(Bool.self, forKey: .rstrip) ?? false
        isSingleWord = try fields.decodeIfPresent(Bool.self, forKey: .singleWord) ?? false
        isNormalized = try fields.decodeIfPresent(Bool.self, forKey: .normalized) ?? !isSpecial
    }

    private enum Fields: String, CodingKey {
        case content, special, lstrip, rstrip, normalized
        case singleWord = "single_word"
    }
}
