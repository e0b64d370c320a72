extension SentencePieceModel {
    /// The vocabulary that means the same in a GGUF file: of the kind `llama`, or `t5` for a unigram model.
    ///
    /// - Throws: where there is none, what cannot be said.
    func vocabulary(_ configuration: TokenizerConfiguration) throws(Damage) -> Vocabulary {
        guard algorithm == .bpe || algorithm == .unigram else {
            throw .inexpressible("its model_type is \(algorithm), not BPE or unigram")
        }
        guard escapesWhitespaces, !treatsWhitespaceAsSuffix else {
            throw .inexpressible("it does not put ▁ for spaces in front of words")
        }
        guard usesByteFallback == pieces.contains(where: { $0.kind == .byte }) else {
            throw .inexpressible("it has byte pieces that it does not use")
        }
        let known = SentencePieceVocabulary(self, configuration)
        var vocabulary = Vocabulary(
            model: algorithm == .bpe ? "llama" : "t5", tokens: pieces.map { Array($0.text.utf8) })
        vocabulary.scores = pieces.map(\.score)
        vocabulary.types = pieces.map { Int32($0.kind.rawValue) }
        vocabulary.pad(to: known.count)
        for (id, token) in known.matched where vocabulary.types[Int(id)] != 2 {
            vocabulary.tokens[Int(id)] = Array(token.content.utf8)
            vocabulary.types[Int(id)] = token.isSpecial ? 3 : 4
        }
        vocabulary.bos = known.bos
        vocabulary.eos = known.eos
        vocabulary.unknown = pieces.firstIndex { $0.kind == .unknown }.map(TokenID.init)
        vocabulary.addsBOS = configuration.addsBOS ?? (known.bos != nil)
        vocabulary.addsEOS = configuration.addsEOS ?? false
        vocabulary.addsSpacePrefix = configuration.addsPrefixSpace ?? addsDummyPrefix
        vocabulary.removesExtraWhitespaces = removesExtraWhitespaces
        vocabulary.characterMap = characterMap
        return vocabulary
    }
}
