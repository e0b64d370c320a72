/// Byte pair encoding: a word's characters, merged in the order of the vocabulary's merges.
///
/// Sennrich, Haddow, Birch, "Neural Machine Translation of Rare Words with Subword Units", 2016; the details are
/// those of Hugging Face's `tokenizers`.
struct BPE: Sendable {
    /// What a `model` of type `BPE` says besides its vocabulary and merges.
    struct Options: Sendable {
        var unknown: String?
        var fusesUnknown = false
        var continuingPrefix = ""
        var wordSuffix = ""
        var fallsBackToBytes = false
        /// Whether a word that is a token is that token, whatever the merges would make of it.
        var ignoresMerges = false
    }

    /// Whether the spellings of `tokens` are plain bytes, and a word's symbols its single bytes.
    let isByteLevel: Bool
    private let tokens: TokenTable
    let merges: MergeTable
    let options: Options
    private let unknown: Int32?
    /// By byte: the id of its `<0x..>` token, or -1.
    private let byteTokens: [Int32]
    /// By byte: the id of the symbol that is this byte alone, or -1.
    private let singleBytes: [Int32]

    init(
        _ tokens: TokenTable, _ merges: MergeTable, _ options: Options, isByteLevel: Bool = false
    ) throws(Damage) {
        self.tokens = tokens
        self.merges = merges
        self.options = options
        self.isByteLevel = isByteLevel
        unknown = options.unknown.flatMap(tokens.id)
        byteTokens = (0...255).map { tokens.id(ByteToken.spelling(UInt8($0))) ?? -1 }
        singleBytes = (0...255).map { tokens.id([UInt8($0)]) ?? -1 }
    }

    func encode(
        _ text: [UInt8], _ range: Range<Int>, _ scratch: inout TokenModel.Scratch, into ids: inout [Int32]
    ) throws(Damage) {
        let word = text.span.extracting(range)
        if options.ignoresMerges, let id = tokens.id(word) {
            ids.append(id)
            return
        }
        // Each part of the scratch by itself, so that the cache's closure may use the other.
        var merging = MergeScratch()
        swap(&merging, &scratch.merging)
        defer { swap(&merging, &scratch.merging) }
        try scratch.cache.append(word, to: &ids) { (ids) throws(Damage) in
            merging.clear()
            if isByteLevel { try spell(bytes: text, range, &merging) } else { try spell(text, range, &merging) }
            merging.merge(by: merges, into: &ids)
        }
    }

    // MARK: A word's first symbols

    private func spell(bytes text: [UInt8], _ range: Range<Int>, _ symbols: inout MergeScratch) throws(Damage) {
        var hasUnknown = false
        for position in range {
            let id = singleBytes[Int(text[position])]
            if id >= 0 {
                symbols.append(id)
                hasUnknown = false
            } else if options.unknown != nil {
                if !hasUnknown || !options.fusesUnknown { symbols.append(try unknownID()) }
                hasUnknown = true
            }
        }
    }

    private func spell(_ text: [UInt8], _ range: Range<Int>, _ symbols: inout MergeScratch) throws(Damage) {
        let hasAffixes = !options.continuingPrefix.isEmpty || !options.wordSuffix.isEmpty
        var position = range.lowerBound
        // An unknown symbol waits for the next known one, so that several become one.
        var waiting: Int32?
        while position < range.upperBound {
            let end = min(position + UTF8Text.length(text[position]), range.upperBound)
            var id: Int32?
            var symbol: [UInt8] = []
            if hasAffixes {
                if position > range.lowerBound { symbol += options.continuingPrefix.utf8 }
                symbol += text[position..<end]
                if end == range.upperBound { symbol += options.wordSuffix.utf8 }
                id = tokens.id(symbol)
            } else if end == position + 1 {
                id = singleBytes[Int(text[position])]
                if id == -1 { id = nil }
            } else {
                id = tokens.id(text.span.extracting(position..<end))
            }
            if let id {
                if let unknown = waiting { symbols.append(unknown) }
                waiting = nil
                symbols.append(id)
            } else if options.fallsBackToBytes,
                appendBytes(hasAffixes ? symbol[...] : text[position..<end], &symbols)
            {
            } else if options.unknown != nil {
                if let unknown = waiting, !options.fusesUnknown { symbols.append(unknown) }
                waiting = try unknownID()
            }
            position = end
        }
        if let unknown = waiting { symbols.append(unknown) }
    }

    private func appendBytes(_ bytes: ArraySlice<UInt8>, _ symbols: inout MergeScratch) -> Bool {
        guard bytes.allSatisfy({ byteTokens[Int($0)] >= 0 }) else { return false }
        for byte in bytes { symbols.append(byteTokens[Int(byte)]) }
        return true
    }

    private func unknownID() throws(Damage) -> Int32 {
        guard let unknown else {
            throw Damage("its unk_token is not in the vocabulary", code: .encodingFailed)
        }
        return unknown
    }
}
