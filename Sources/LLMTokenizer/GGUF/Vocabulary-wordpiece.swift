import LLMJSON
import OrderedCollections

extension Vocabulary {
    /// The steps that a vocabulary of the kind `bert` means: those of BERT's own tokenizer.
    func wordPiece() throws(Damage) -> PipelineTokenizer.Parts {
        var own = self
        own.tokens = tokens.indices.map(pieceSpelling)
        var table = TokenTable(capacity: tokens.count)
        for (id, token) in own.tokens.enumerated() {
            _ = try own.text(id)
            // Of equal tokens the last counts.
            try table.insert(token[...], id: id, replaces: true)
        }
        // The ids of the first BERT's, where the file does not say.
        let first = try own.special(bos, "bos", or: 101)
        let last = try own.special(separator ?? eos, "seperator", or: 102)
        let unknown = try own.special(unknown, "unknown", or: 100)
        let model = WordPiece(table, unknown: unknown.text, continuingPrefix: "##", characterLimit: 100)
        var parts = PipelineTokenizer.Parts(tokens: table, model: .wordPiece(model))
        for (id, token) in try own.matched() { parts.added.set(token, id: id) }
        (parts.bos, parts.eos) = (first.id, last.id)
        let lowercases = lowercases ?? true
        parts.normalizer = try Normalizer(
            .object([
                "type": .string("BertNormalizer"), "lowercase": .flag(lowercases),
                "strip_accents": .flag(stripsAccents ?? lowercases),
            ]))
        parts.preTokenizer = try PreTokenizer(.object(["type": .string("BertPreTokenizer")]))
        parts.postProcessor = try PostProcessor(
            .object(["type": .string("BertProcessing"), "cls": first.json, "sep": last.json]))
        parts.decoder = try TokenDecoder(.object(["type": .string("WordPiece")]))
        return parts
    }

    /// What BERT's vocabularies have: a space is in front of pieces that begin a word, instead of `##` of the others.
    private func pieceSpelling(_ id: Int) -> [UInt8] {
        let space = Array("\u{2581}".utf8)
        if type(id) == 3 { return tokens[id] }
        return tokens[id].starts(with: space) ? Array(tokens[id].dropFirst(space.count)) : Array("##".utf8) + tokens[id]
    }

    private struct Special {
        let id: TokenID
        let text: String
        var json: JSONValue { .array([.string(text), .integer(Int(id))]) }
    }

    private func special(_ id: TokenID?, _ name: String, or standard: TokenID) throws(Damage) -> Special {
        let id = id ?? standard
        guard tokens.indices.contains(Int(id)) else {
            throw Damage("\(name)_token_id is missing, and there is no token \(standard)")
        }
        return Special(id: id, text: try text(Int(id)))
    }
}
