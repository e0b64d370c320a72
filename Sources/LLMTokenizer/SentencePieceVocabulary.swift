/// The pieces of a SentencePiece model, and the tokens that a tokenizer's configuration adds to them.
struct SentencePieceVocabulary: Sendable {
    /// One more than the largest id.
    let count: Int
    let bos: TokenID?
    let eos: TokenID?
    /// The tokens that are matched in a text as they are spelled.
    let matched: [TokenID: AddedToken]
    /// By id.
    private let pieces: [String]
    /// By id: what each piece adds to a text.
    private let texts: [TokenText]
    /// Tokens that are not among the pieces.
    private let added: [TokenID: AddedToken]

    /// Joins a model, which libsentencepiece has accepted, and its configuration.
    init(_ model: SentencePieceModel, _ configuration: TokenizerConfiguration) {
        let bosName = Self.name(configuration.bos, control: model.bosPiece, model)
        let eosName = Self.name(configuration.eos, control: model.eosPiece, model)
        let names = [bosName, eosName].compactMap(\.self) + configuration.otherSpecials
        let ids = Self.ids(of: names, model, configuration)
        bos = bosName.flatMap { ids[Array($0.content.utf8)] }
        eos = eosName.flatMap { ids[Array($0.content.utf8)] }

        var tokens = configuration.addedTokens
        for name in names {
            guard let id = ids[Array(name.content.utf8)] else { continue }
            tokens[id, default: name].isSpecial = true
        }
        var texts = model.pieces.map { Self.text(of: $0, unknown: model.unknownSurface) }
        for (id, piece) in model.pieces.enumerated() {
            let id = TokenID(id)
            if piece.kind == .unknown {
                tokens[id] = tokens[id] ?? AddedToken(piece.text)
            } else if let token = tokens[id] {
                let isSame = token.content.utf8.elementsEqual(piece.text.utf8)
                if token.isSpecial {
                    texts[Int(id)] = .special(token.content)
                } else if !isSame || piece.kind == .control {
                    texts[Int(id)] = .verbatim(token.content)
                } else if piece.kind == .userDefined {
                    tokens[id] = nil  // The library matches it itself.
                }
            }
        }
        matched = tokens
        added = tokens.filter { Int($0.key) >= model.pieces.count }
        count = max(model.pieces.count, Int(configuration.addedTokens.keys.max() ?? -1) + 1)
        pieces = model.pieces.map(\.text)
        self.texts = texts
    }

    /// What `id` adds to a text.
    func text(of id: TokenID) -> TokenText {
        if texts.indices.contains(Int(id)) { return texts[Int(id)] }
        guard let token = added[id] else { return .nothing }
        return token.isSpecial ? .special(token.content) : .verbatim(token.content)
    }

    /// The spelling of `id`, or nil outside the vocabulary.
    func piece(_ id: TokenID) -> String? {
        matched[id]?.content ?? (pieces.indices.contains(Int(id)) ? pieces[Int(id)] : nil)
    }

    /// The token that `setting` names; where a file is silent, the model's own, if that is a control piece.
    private static func name(
        _ setting: TokenizerConfiguration.Setting, control piece: String, _ model: SentencePieceModel
    ) -> AddedToken? {
        switch setting {
        case .token(let token): token
        case .none: nil
        case .unset:
            model.pieces.contains { $0.kind == .control && $0.text.utf8.elementsEqual(piece.utf8) }
                ? AddedToken(piece) : nil
        }
    }

    /// The ids of `names`, by their bytes: added tokens before pieces, control pieces before others.
    private static func ids(
        of names: [AddedToken], _ model: SentencePieceModel, _ configuration: TokenizerConfiguration
    ) -> [[UInt8]: TokenID] {
        let wanted = Set(names.map { Array($0.content.utf8) })
        var ids: [[UInt8]: TokenID] = [:]
        for isControl in [false, true] {
            for (id, piece) in model.pieces.enumerated() where (piece.kind == .control) == isControl {
                let bytes = Array(piece.text.utf8)
                if wanted.contains(bytes) { ids[bytes] = TokenID(id) }
            }
        }
        for (id, token) in configuration.addedTokens.sorted(by: { $0.key < $1.key }) {
            ids[Array(token.content.utf8)] = id
        }
        return ids
    }

    private static func text(of piece: SentencePieceModel.Piece, unknown: String) -> TokenText {
        switch piece.kind {
        case .control: return .special(piece.text)
        case .unknown: return .verbatim(unknown)
        case .byte: return ByteToken.byte(Array(piece.text.utf8)).map { .byte($0) } ?? .nothing
        case .normal, .userDefined, .unused:
            let text = spaced(piece.text)
            return piece.text.utf8.first == UInt8(ascii: " ") ? .verbatim(text) : .text(text)
        }
    }

    /// `piece` with spaces for SentencePiece's `▁` (U+2581).
    private static func spaced(_ piece: String) -> String {
        guard piece.utf8.contains(0xE2) else { return piece }
        var text = String.UnicodeScalarView()
        for scalar in piece.unicodeScalars { text.append(scalar == "\u{2581}" ? " " : scalar) }
        return String(text)
    }
}
