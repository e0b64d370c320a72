import LLMSampling
import LLMScheduling
import LLMTokenizer

/// A request to generate that an engine has checked and resolved; see ``Engine/prepare(_:_:_:)-(Prompt,_,_)``.
public struct PreparedGeneration: JobRequest {
    typealias Reply = OutputPiece

    /// The prompt's tokens, as they will be computed: without those that `truncate_prompt_tokens` cuts off.
    public let promptTokenIDs: [TokenID]
    let sampling: ResolvedSampling
    let options: RequestOptions
    /// The output's format before the first token; nil for free text.
    let format: GrammarCache.Entry?

    /// What of the output's format is not kept, where the request takes that.
    public var notes: [String] { format?.notes ?? [] }

    /// The output's format at its beginning; nil for free text.
    package func constraint(fuel: Int = 400_000) -> OutputConstraint? {
        format.map { OutputConstraint($0.matcher, endTokens: sampling.endTokenIDs, fuel: fuel) }
    }

    /// The seed that a sample's draws come from, given or taken at random.
    public func seed(ofSample index: Int) -> Int64 { SamplingParameters.seed(ofSample: index, from: sampling.seed) }

    var sequence: SequenceRequest {
        SequenceRequest(
            id: .unassigned, prompt: promptTokenIDs, maxTokens: sampling.maxTokens, minTokens: sampling.minTokens,
            stopTokens: sampling.endTokenIDs, width: sampling.n, readsPrefixCache: sampling.promptLogprobs == nil,
            needsPromptLogits: sampling.promptLogprobs != nil)
    }

    func job(_ ticket: JobTicket, _ model: LanguageModel, _ sink: JobSink<OutputPiece>) -> any EngineJob {
        GenerationJob(ticket, sampling, format, tokenizer: model.tokenizer, sink)
    }
}

/// A live request to generate: its samples, and where their pieces go.
struct GenerationJob: EngineJob {
    var ticket: JobTicket
    private let promptLogprobsTop: Int?
    private var samples: [SampleState]
    private var promptLogprobs: [TokenLogprobs?] = [nil]
    private var hasToldOfPrompt = false
    /// The piece that brings the whole output, once every sample has ended.
    private var lastPiece: OutputPiece?
    private let sink: JobSink<OutputPiece>

    init(
        _ ticket: JobTicket, _ sampling: ResolvedSampling, _ format: GrammarCache.Entry?, tokenizer: (any Tokenizer)?,
        _ sink: JobSink<OutputPiece>
    ) {
        self.ticket = ticket
        self.sink = sink
        promptLogprobsTop = sampling.promptLogprobs
        samples = (0..<sampling.n).map {
            SampleState(
                $0, prompt: ticket.prompt, sampling, format, keeping: ticket.options.keptTokens, tokenizer: tokenizer)
        }
        // The first computes the prompt; the others branch off it.
        samples[0].sequence = ticket.id
    }

    var sequences: [SequenceID] { samples.compactMap { $0.finishReason == nil ? $0.sequence : nil } }
    var isFinished: Bool { lastPiece != nil }

    func sample(of sequence: SequenceID) -> Int { samples.firstIndex { $0.sequence == sequence } ?? 0 }

    func task(_ sequence: ScheduledSequence) -> RowsTask {
        let following = ticket.prompt.dropFirst(sequence.positions.lowerBound + 1)
        var task = RowsTask(known: Array(following.prefix(sequence.promptLogits.count)), top: promptLogprobsTop ?? 0)
        guard sequence.needsLogits else { return task }
        let drawn = sequence.outputIndex == 0 ? samples[...] : [samples[sample(of: sequence.id)]]
        task.next = .sample(
            drawn.map {
                RowsTask.Sample(
                    parameters: $0.sampling, history: $0.history, processors: ticket.options.logitsProcessors,
                    constraint: $0.constraint)
            })
        return task
    }

    mutating func accept(_ outcomes: [RowsOutcome], _ ids: SequenceIDs) -> JobDecision {
        var decision = JobDecision()
        for outcome in outcomes {
            for (position, logprobs) in zip(outcome.positions, outcome.logprobs) {
                // Once only, if the prompt is computed again.
                if promptLogprobs.count == position + 1 { promptLogprobs.append(logprobs) }
            }
            guard let own = outcome.tokens.first else { continue }
            decision.tokens[outcome.sequence] = [own]
            for (index, token) in outcome.tokens.enumerated().dropFirst() {
                let branch = Branch(id: ids.next(), token: token.id)
                samples[index].sequence = branch.id
                decision.tokens[branch.id] = [token]
                decision.branches[outcome.sequence, default: []].append(branch)
            }
        }
        return decision
    }

    mutating func append(
        _ token: SampledToken, to sequence: SequenceID, at now: ContinuousClock.Instant
    ) -> AppendedToken? {
        let index = sample(of: sequence)
        let gap = samples[index].append(token, at: now)
        return AppendedToken(
            isFirst: index == 0 && samples[index].history.output.count == 1, gapNanoseconds: gap,
            stopReason: samples[index].stopReason)
    }

    mutating func deliver(_ sequence: SequenceID, at now: ContinuousClock.Instant) {
        sink.yield(piece(sample(of: sequence), at: now))
    }

    mutating func end(_ sequence: FinishedSequence, at now: ContinuousClock.Instant) -> [EndedSample] {
        var ended = [sample(of: sequence.id)]
        // Of samples that have not branched off yet there is nothing to wait for.
        if sequence.output.isEmpty { ended += samples.indices.filter { samples[$0].sequence == nil } }
        for index in ended {
            samples[index].finish(sequence.reason, preemptions: index == ended[0] ? sequence.preemptionCount : 0)
            var piece = piece(index, at: now)
            if samples.allSatisfy({ $0.finishReason != nil }) {
                piece.output = output(at: now)
                lastPiece = piece
            } else {
                sink.yield(piece)
            }
        }
        return ended.map { EndedSample(index: $0, reason: samples[$0].finishReason ?? sequence.reason) }
    }

    /// The last token's piece of a sample.
    private mutating func piece(_ index: Int, at now: ContinuousClock.Instant) -> OutputPiece {
        var piece = samples[index].piece(at: now)
        if promptLogprobsTop != nil, !hasToldOfPrompt { piece.promptLogprobs = promptLogprobs }
        hasToldOfPrompt = true
        return piece
    }

    func measures(at now: ContinuousClock.Instant) -> JobMeasures {
        let times = timings(at: now)
        let hasToken = samples.contains { $0.firstToken != nil }
        return JobMeasures(
            reason: samples[0].finishReason ?? .error, prefillSeconds: hasToken ? times.prefillSeconds : nil,
            decodeSeconds: hasToken ? times.decodeSeconds : nil, generationTokens: completionTokens)
    }

    func finish() {
        if let lastPiece { sink.yield(lastPiece) }
        sink.finish()
    }

    func fail(_ error: LLMGenError) { sink.finish(throwing: error) }

    private var completionTokens: Int { samples.reduce(0) { $0 + $1.history.output.count } }

    private func output(at now: ContinuousClock.Instant) -> RequestOutput {
        RequestOutput(
            promptTokenIDs: ticket.prompt, promptLogprobs: promptLogprobsTop == nil ? nil : promptLogprobs,
            outputs: samples.map(\.output),
            usage: Usage(
                promptTokens: ticket.prompt.count, cachedTokens: ticket.cachedTokens,
                completionTokens: completionTokens),
            timings: timings(at: now))
    }

    private func timings(at now: ContinuousClock.Instant) -> Timings {
        let first = samples.compactMap(\.firstToken).min()
        let last = samples.compactMap(\.lastToken).max()
        return Timings(
            queueSeconds: ticket.queueSeconds(at: now), ttftSeconds: ((first ?? now) - ticket.arrival).seconds,
            prefillSeconds: ticket.secondsSinceFirstStep(at: first ?? now),
            decodeSeconds: ((last ?? now) - (first ?? now)).seconds, totalSeconds: (now - ticket.arrival).seconds,
            preemptions: samples.reduce(0) { $0 + $1.preemptions })
    }
}
