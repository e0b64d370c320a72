/// The division of a text into tokens whose scores, which are log probabilities, have the largest sum.
///
/// Kudo, "Subword Regularization", 2018; the details, such as the penalty for unknown characters, are those of
/// SentencePiece and of Hugging Face's `tokenizers`.
struct Unigram: Sendable {
    private static let unknownPenalty = 10.0

    /// The best division of each beginning of a text.
    struct Lattice {
        fileprivate struct Node {
            var score = 0.0
            var start = -1
            var id: Int32 = -1
        }
        fileprivate var nodes: [Node] = []
    }

    private let trie: ByteTrie
    private let tokens: TokenTable
    private let scores: [Double]
    private let unknown: Int32?
    private let unknownScore: Double
    /// By byte: the id of its `<0x..>` token; empty where bytes do not stand for unknown characters.
    private let byteTokens: [Int32]

    /// - Parameter scores: by id.
    init(_ tokens: TokenTable, _ scores: [Double], unknown: Int32?, fallsBackToBytes: Bool) throws(Damage) {
        guard scores.allSatisfy(\.isFinite) else { throw Damage("a token's score is not a finite number") }
        if let unknown, !scores.indices.contains(Int(unknown)) {
            throw Damage("unk_id \(unknown) is not one of its \(scores.count) tokens")
        }
        self.tokens = tokens
        self.scores = scores
        self.unknown = unknown
        trie = ByteTrie(
            scores.indices.compactMap { id in
                tokens.spelling(id).flatMap { $0.isEmpty ? nil : (bytes: $0, id: Int32(id)) }
            })
        unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
        byteTokens = fallsBackToBytes ? (0...255).map { tokens.id(ByteToken.spelling(UInt8($0))) ?? -1 } : []
    }

    func encode(
        _ text: [UInt8], _ range: Range<Int>, _ lattice: inout Lattice, into ids: inout [Int32]
    ) throws(Damage) {
        let word = text.span.extracting(range)
        let fresh = Lattice.Node()
        if lattice.nodes.count < word.count + 1 {
            lattice.nodes = Array(repeating: fresh, count: word.count + 1)
        } else {
            for index in 0...word.count { lattice.nodes[index] = fresh }
        }
        var start = 0
        while start < word.count {
            let length = UTF8Text.length(word[start])
            let best = lattice.nodes[start].score
            var hasCharacter = false
            trie.forEachPrefix(of: word, from: start) { tokenLength, id in
                improve(&lattice.nodes[start + tokenLength], best + scores[Int(id)], from: start, id)
                if tokenLength == length { hasCharacter = true }
            }
            if !hasCharacter {
                guard let unknown else {
                    throw Damage("a character is not in the vocabulary, and there is no unk_id", code: .encodingFailed)
                }
                improve(&lattice.nodes[start + length], best + unknownScore, from: start, unknown)
            }
            start += length
        }
        appendPath(word.count, lattice, text, range, &ids)
    }

    private func improve(_ node: inout Lattice.Node, _ score: Double, from start: Int, _ id: Int32) {
        if node.start < 0 || score > node.score { node = Lattice.Node(score: score, start: start, id: id) }
    }

    /// Appends the best division, its unknown characters joined.
    private func appendPath(_ end: Int, _ lattice: Lattice, _ text: [UInt8], _ range: Range<Int>, _ ids: inout [Int32])
    {
        var pieces: [(range: Range<Int>, id: Int32)] = []
        var end = end
        while end > 0 {
            let node = lattice.nodes[end]
            if node.id == unknown, let last = pieces.last, last.id == unknown {
                pieces[pieces.count - 1].range = node.start..<last.range.upperBound
            } else {
                pieces.append((node.start..<end, node.id))
            }
            end = node.start
        }
        for piece in pieces.reversed() {
            guard piece.id == unknown else {
                ids.append(piece.id)
                continue
            }
            let bytes = text[range.lowerBound + piece.range.lowerBound..<range.lowerBound + piece.range.upperBound]
            if let id = tokens.id(Array(bytes)) {
                ids.append(id)
            } else if !byteTokens.isEmpty, bytes.allSatisfy({ byteTokens[Int($0)] >= 0 }) {
                for byte in bytes { ids.append(byteTokens[Int(byte)]) }
            } else {
                ids.append(piece.id)
            }
        }
    }
}
