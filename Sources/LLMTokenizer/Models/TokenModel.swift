/// The algorithm that turns one pre-token into ids.
enum TokenModel: Sendable {
    case bpe(BPE)
    case unigram(Unigram)
    case wordPiece(WordPiece)
    case wordLevel(WordLevel)

    /// What encoding needs room for; one for each text that is being encoded at a time.
    struct Scratch {
        var merging = MergeScratch()
        var cache = WordCache()
        var lattice = Unigram.Lattice()
    }

    /// Appends the ids of the pre-token `text[range]`.
    ///
    /// - Throws: where the vocabulary cannot express it.
    func encode(
        _ text: [UInt8], _ range: Range<Int>, _ scratch: inout Scratch, into ids: inout [Int32]
    ) throws(Damage) {
        if range.isEmpty { return }
        switch self {
        case .bpe(let bpe): try bpe.encode(text, range, &scratch, into: &ids)
        case .unigram(let unigram): try unigram.encode(text, range, &scratch.lattice, into: &ids)
        case .wordPiece(let wordPiece): try wordPiece.encode(text.span.extracting(range), into: &ids)
        case .wordLevel(let wordLevel): try wordLevel.encode(text.span.extracting(range), into: &ids)
        }
    }
}
