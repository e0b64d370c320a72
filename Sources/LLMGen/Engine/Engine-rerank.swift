extension Engine {
    /// How well each pair goes together, in the pairs' order, as the model judges it that was trained for that: a
    /// cross-encoder, or a decoder that answers yes or no. A model that embeds scores a pair by the cosine of its vectors.
    ///
    /// A score is the same bits whatever else the engine computes. An input at fault ends all, as with ``embed(_:_:_:)``.
    ///
    /// - Throws: ``LLMGenError``: a model that scores no pairs, a pair too long, a queue that has no room
    ///   for all, a timeout, an abort, hidden states that are no numbers; or `CancellationError`.
    public func score(
        _ pairs: [TextPair], _ parameters: PairParameters = PairParameters(),
        _ options: RequestOptions = RequestOptions()
    ) async throws -> [PairScore] {
        try await score(try pairs.map { try prepare($0, parameters, options) })
    }

    /// The documents by how well they go with the query, the best first; of equal ones that which came first.
    ///
    /// - Parameter topN: documents that are returned at most; nil for all.
    /// - Throws: as ``score(_:_:_:)-([TextPair],_,_)``.
    public func rerank(
        _ query: String, _ documents: [String], topN: Int? = nil, _ parameters: PairParameters = PairParameters(),
        _ options: RequestOptions = RequestOptions()
    ) async throws -> [RankedDocument] {
        guard topN ?? 0 >= 0 else {
            throw LLMGenError(
                code: .invalidArgument, message: "top_n is \(topN ?? 0); it must be at least 0", field: "top_n")
        }
        let scores = try await score(documents.map { TextPair(query, $0) }, parameters, options)
        return Array(RankedDocument.ranking(scores).prefix(topN ?? documents.count))
    }

    /// Checks and resolves a pair without scoring it; ``score(_:)`` does that.
    ///
    /// - Throws: ``LLMGenError``, the first that ``score(_:_:_:)-([TextPair],_,_)`` would throw before its first step, but
    ///   for a queue that is full then.
    public func prepare(
        _ pair: TextPair, _ parameters: PairParameters, _ options: RequestOptions = RequestOptions()
    ) throws(LLMGenError) -> PreparedPair {
        guard let scorer = try model.pairScorer() else {
            try LanguageModel.refuse(parameters.instruction)
            let embedding = EmbeddingParameters(truncatePromptTokens: parameters.truncatePromptTokens)
            return PreparedPair(
                work: .apart(
                    try prepare(.text(pair.query), embedding, options),
                    try prepare(.text(pair.document), embedding, options)))
        }
        let limit = try Engine.cut(parameters.truncatePromptTokens, to: lengthLimit)
        let tokens = try model.tokens(
            of: pair, parameters.instruction, scorer.format.writing, cutTo: limit)
        let request = PoolingRequest(
            what: "score", prompt: tokens.ids, tokenTypes: tokens.types, pooling: .last, options: options)
        return PreparedPair(
            work: .together(try checked(request), scorer, usesActivation: parameters.usesActivation))
    }

    /// The scores of prepared pairs, in their order, computed together. - Throws: as
    /// ``score(_:_:_:)-([TextPair],_,_)``.
    public func score(_ prepared: [PreparedPair]) async throws -> [PairScore] {
        var requests: [PoolingRequest] = []
        var known: [[TokenID]: Int] = [:]  // texts to embed, by their tokens
        func place(_ embedding: PreparedEmbedding) -> (index: Int, isNew: Bool) {
            let tokens = embedding.request.prompt
            if let index = known[tokens] { return (index, false) }
            known[tokens] = requests.count
            requests.append(embedding.request)
            return (requests.count - 1, true)
        }
        let places: [[(index: Int, isNew: Bool)]] = prepared.map { pair in
            switch pair.work {
            case .together(let request, _, _):
                requests.append(request)
                return [(index: requests.count - 1, isNew: true)]
            case .apart(let one, let other): return [place(one), place(other)]
            }
        }
        let outputs = try await Engine.replies(of: submit(requests.map { .success($0) }))
        return zip(prepared, places).map { pair, places in
            let vectors = places.map { outputs[$0.index].vector }
            let tokens = places.reduce(0) { $0 + ($1.isNew ? outputs[$1.index].usage.promptTokens : 0) }
            let score =
                switch pair.work {
                case .together(_, let scorer, let usesActivation):
                    scorer.score(vectors[0], usesActivation: usesActivation)
                case .apart(let one, let other):
                    Engine.cosine(one.vector(vectors[0]), other.vector(vectors[1]))
                }
            return PairScore(
                score: score, usage: Usage(promptTokens: tokens, cachedTokens: 0, completionTokens: 0))
        }
    }

    /// The cosine of two vectors, its sums in float64 in the order of their elements; 0 where one is zero.
    private static func cosine(_ one: [Float], _ other: [Float]) -> Double {
        func product(_ one: [Float], _ other: [Float]) -> Double {
            zip(one, other).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let lengths = (product(one, one) * product(other, other)).squareRoot()
        return lengths > 0 ? product(one, other) / lengths : 0
    }
}

extension RankedDocument {
    /// Documents of these scores, the best first; of equal ones that which came first.
    public static func ranking(_ scores: [PairScore]) -> [RankedDocument] {
        scores.enumerated().map { RankedDocument(index: $0, score: $1) }
            .sorted { ($1.score.score, $0.index) < ($0.score.score, $1.index) }
    }
}
