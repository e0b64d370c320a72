import LLMTensor

/// The tokens of whole texts, flattened: rows of several texts after one another.
public struct EncoderBatch: Sendable {
    /// `[rows]`
    public let tokens: [Int32]
    /// Which segment of its text each row is of, such as 0 in a query and 1 in a document, `[rows]`; nil for 0
    /// everywhere. A model that does not tell segments apart takes no notice.
    public let tokenTypes: [Int32]?
    /// The rows of each text.
    public let texts: [Range<Int>]

    /// - Precondition: the texts cover the tokens in order, and none is empty.
    public init(tokens: [Int32], tokenTypes: [Int32]? = nil, texts: [Range<Int>]) {
        var end = 0
        for text in texts {
            precondition(text.lowerBound == end && !text.isEmpty, "texts must follow one another, none of them empty")
            end = text.upperBound
        }
        precondition(end == tokens.count && end > 0, "\(end) rows for \(tokens.count) tokens")
        precondition(tokenTypes.map { $0.count == tokens.count } ?? true, "a type for each token")
        self.tokens = tokens
        self.tokenTypes = tokenTypes
        self.texts = texts
    }

    /// Tokens that a block of the pages holds which live as long as a batch.
    static let blockSize = 16

    /// Blocks that the texts' keys and values take.
    var blockCount: Int { texts.reduce(0) { $0 + EncoderBatch.blocks($1) } }

    private static func blocks(_ text: Range<Int>) -> Int { (text.count + blockSize - 1) / blockSize }

    /// The same as a decoder's layers take it, from each text's first position on, its blocks after those of the text
    /// before.
    ///
    /// - Parameter groups: groups of layers, all of which have pages of their own.
    func forwardBatch(groups: Int) -> ForwardBatch {
        var block: Int32 = 0
        let sequences = texts.map { text in
            let blocks = block..<block + Int32(EncoderBatch.blocks(text))
            block = blocks.upperBound
            return BatchSequence(
                rows: text, firstPosition: 0, blockTables: Array(repeating: Array(blocks), count: groups))
        }
        return ForwardBatch(
            tokens: tokens, sequences: sequences, outputRows: Array(tokens.indices), blockSize: EncoderBatch.blockSize)
    }
}
