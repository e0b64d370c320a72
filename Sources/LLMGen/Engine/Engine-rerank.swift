extension Engine {
    /// How well each pair goes together, in the pairs' order, as the model judges it that was trained for that: a
    /// cross-encoder, or a decoder that answers yes or no.
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
        let scorer = try model.pairScorer()
        let limit = try Engine.cut(parameters.truncatePromptTokens, to: lengthLimit)
        let tokens = try model.tokens(of: pair, parameters.instruction, scorer.template, cutTo: limit)
        let request = PoolingRequest(
            what: "score", prompt: tokens.ids, tokenTypes: tokens.types, pooling: .last, options: options)
        return PreparedPair(
            request: try checked(request), scorer: scorer, usesActivation: parameters.usesActivation)
    }

    /// The scores of prepared pairs, in their order, computed together. - Throws: as
    /// ``score(_:_:_:)-([TextPair],_,_)``.
    public func score(_ prepared: [PreparedPair]) async throws -> [PairScore] {
        let outputs = try await Engine.replies(of: submit(prepared.map { .success($0.request) }))
        return zip(prepared, outputs).map { pair, output in
            PairScore(
                score: pair.scorer.score(output.vector, usesActivation: pair.usesActivation), usage: output.usage)
        }
    }
}

extension RankedDocument {
    /// Documents of these scores, the best first; of equal ones that which came first.
    public static func ranking(_ scores: [PairScore]) -> [RankedDocument] {
        scores.enumerated().map { RankedDocument(index: $0, score: $1) }
            .sorted { ($1.score.score, $0.index) < ($0.score.score, $1.index) }
    }
}
