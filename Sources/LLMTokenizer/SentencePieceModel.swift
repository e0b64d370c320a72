/// A `tokenizer.model` file: the part of SentencePiece's ModelProto that encoding and decoding need, checked.
///
/// libsentencepiece trusts its model (a wrong trie offset reads wild memory, a wrong model type a null pointer), so
/// it is never handed a file, but `serialized`: what was understood here, and found sound, and nothing else.
///
/// Format: `sentencepiece_model.proto` of https://github.com/google/sentencepiece.
struct SentencePieceModel: Sendable {
    /// One entry of the vocabulary.
    struct Piece: Sendable {
        var text = ""
        var score: Float = 0
        var kind = Kind.normal
    }

    /// `ModelProto.SentencePiece.Type`.
    enum Kind: UInt64, Sendable {
        case normal = 1
        case unknown = 2
        case control = 3
        case userDefined = 4
        case unused = 5
        case byte = 6
    }

    /// `TrainerSpec.ModelType`.
    enum Algorithm: UInt64, Sendable {
        case unigram = 1
        case bpe = 2
        case word = 3
        case char = 4
    }

    /// The vocabulary; the index is the id.
    private(set) var pieces: [Piece] = []
    private(set) var algorithm = Algorithm.unigram
    private(set) var usesByteFallback = false
    private(set) var treatsWhitespaceAsSuffix = false
    /// How the unknown token reads in a decoded text.
    private(set) var unknownSurface = " \u{2047} "
    private(set) var bosPiece = "<s>"
    private(set) var eosPiece = "</s>"
    private(set) var unknownPiece = "<unk>"
    /// The normalizer's rules, empty where there are none; see `CharacterMap`.
    private(set) var characterMap: [UInt8] = []
    /// Whether a space is put in front of a text before it is encoded.
    var addsDummyPrefix = true
    private(set) var removesExtraWhitespaces = true
    private(set) var escapesWhitespaces = true

    /// Reads and checks a whole file.
    init(_ file: [UInt8]) throws(Damage) {
        guard !file.isEmpty else { throw Damage("it is empty") }
        var hasTrainer = false
        var hasNormalizer = false
        var reader = ProtobufReader(file[...])
        while let (field, value) = try reader.next() {
            switch field {
            case 1: try appendPiece(try value.bytes("pieces"))
            case 2:
                try readTrainer(try value.bytes("trainer_spec"))
                hasTrainer = true
            case 3:
                try readNormalizer(try value.bytes("normalizer_spec"))
                hasNormalizer = true
            case 5: try refuseDenormalizer(try value.bytes("denormalizer_spec"))
            default: break  // Self-tests and extensions.
            }
        }
        guard hasTrainer, hasNormalizer else {
            throw Damage("it has no \(hasTrainer ? "normalizer" : "trainer")_spec, so it is truncated")
        }
        guard !pieces.isEmpty else { throw Damage("it has no pieces") }
        try checkNesting()
        if !characterMap.isEmpty { try CharacterMap.check(characterMap) }
    }

    /// A model of pieces that another file tells: a GGUF file's vocabulary.
    init(_ pieces: [Piece], _ algorithm: Algorithm, characterMap: [UInt8], removesExtraWhitespaces: Bool) throws(Damage)
    {
        for piece in pieces { try append(piece) }
        guard !pieces.isEmpty else { throw Damage("it has no pieces") }
        self.algorithm = algorithm
        self.characterMap = characterMap
        self.removesExtraWhitespaces = removesExtraWhitespaces
        usesByteFallback = pieces.contains { $0.kind == .byte }
        try checkNesting()
        if !characterMap.isEmpty { try CharacterMap.check(characterMap) }
    }

    private mutating func appendPiece(_ message: ArraySlice<UInt8>) throws(Damage) {
        let name = "piece \(pieces.count)"
        var piece = Piece()
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch field {
            case 1: piece.text = try value.string(name)
            case 2: piece.score = try value.float("the score of \(name)")
            case 3:
                let raw = try value.number("the type of \(name)")
                guard let kind = Kind(rawValue: raw) else { throw Damage("the type of \(name) is \(raw), not 1 to 6") }
                piece.kind = kind
            default: break
            }
        }
        try append(piece)
    }

    private mutating func append(_ piece: Piece) throws(Damage) {
        let name = "piece \(pieces.count)"
        guard pieces.count < Limits.pieces else { throw Damage("it has more than \(Limits.pieces) pieces") }
        guard 1...Limits.pieceBytes ~= piece.text.utf8.count else {
            throw Damage("\(name) has \(piece.text.utf8.count) bytes, not 1 to \(Limits.pieceBytes)")
        }
        guard !piece.text.utf8.contains(0) else { throw Damage("\(name) contains a NUL byte") }
        guard piece.score.isFinite else { throw Damage("the score of \(name) is \(piece.score)") }
        pieces.append(piece)
    }

    private mutating func readTrainer(_ message: ArraySlice<UInt8>) throws(Damage) {
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch field {
            case 3:
                let raw = try value.number("model_type")
                guard let algorithm = Algorithm(rawValue: raw) else {
                    throw Damage("model_type is \(raw), not 1 to 4")
                }
                self.algorithm = algorithm
            case 24: treatsWhitespaceAsSuffix = try value.number("treat_whitespace_as_suffix") != 0
            case 35: usesByteFallback = try value.number("byte_fallback") != 0
            case 44: unknownSurface = try value.string("unk_surface")
            case 45: unknownPiece = try name(value, "unk_piece", default: "<unk>")
            case 46: bosPiece = try name(value, "bos_piece", default: "<s>")
            case 47: eosPiece = try name(value, "eos_piece", default: "</s>")
            default: break
            }
        }
    }

    private func name(_ value: ProtobufReader.Value, _ field: String, default standard: String) throws(Damage) -> String
    {
        let name = try value.string(field)
        return name.isEmpty ? standard : name
    }

    private mutating func readNormalizer(_ message: ArraySlice<UInt8>) throws(Damage) {
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch field {
            case 2: characterMap = Array(try value.bytes("precompiled_charsmap"))
            case 3: addsDummyPrefix = try value.number("add_dummy_prefix") != 0
            case 4: removesExtraWhitespaces = try value.number("remove_extra_whitespaces") != 0
            case 5: escapesWhitespaces = try value.number("escape_whitespaces") != 0
            default: break
            }
        }
    }

    private func refuseDenormalizer(_ message: ArraySlice<UInt8>) throws(Damage) {
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            guard field == 2, try !value.bytes("precompiled_charsmap").isEmpty else { continue }
            throw Damage(
                "it has denormalization rules, which cannot be applied to a stream", code: .unsupported,
                remedy: "use a model without them")
        }
    }

    /// Holds user-defined pieces to the number of nested prefixes that the library has room for.
    private func checkNesting() throws(Damage) {
        let symbols = pieces.lazy.filter { $0.kind == .userDefined }.map { Array($0.text.utf8) }
            .sorted { $0.lexicographicallyPrecedes($1) }
        var prefixes: [[UInt8]] = []
        for symbol in symbols {
            while let last = prefixes.last, !symbol.starts(with: last) { prefixes.removeLast() }
            prefixes.append(symbol)
            guard prefixes.count <= Limits.nestedSymbols else {
                throw Damage("more than \(Limits.nestedSymbols) user-defined pieces begin with each other")
            }
        }
    }

    private enum Limits {
        /// Twice the largest vocabularies in use.
        static let pieces = 1 << 21
        /// The library recurses once a byte.
        static let pieceBytes = 1024
        /// The size of the library's result array.
        static let nestedSymbols = 64
    }
}
