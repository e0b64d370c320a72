import LLMGen

/// What a route has the engine generate: prompts with parameters in common.
struct Generation: Sendable {
    let engine: Engine
    let parameters: SamplingParameters
    let options: RequestOptions
    /// The prompts' requests, checked and resolved.
    let prepared: [PreparedGeneration]
    /// The request's place in the server, held as long as it runs.
    let pass: RequestGate.Pass

    /// Checks the prompts and takes a place for them.
    ///
    /// - Parameters:
    ///   - plan: of the answer, where it is one in a conversation.
    ///   - names: what the route calls its fields.
    /// - Throws: what is wrong with the request; 429 where there is no place.
    init(
        _ prompts: [[TokenID]], _ parameters: SamplingParameters, _ output: OutputFields, _ common: CommonFields,
        plan: AnswerPlan? = nil, names: FieldNames
    ) throws(ErrorResponse) {
        let samples = prompts.count * (parameters.n ?? 1)
        let limits = common.limits
        guard samples <= limits.maxSamples else {
            throw .invalid(
                "\(prompts.count) prompts with n of \(parameters.n ?? 1) are \(samples) samples; "
                    + "at most \(limits.maxSamples) are taken", param: "n")
        }
        engine = common.engine
        var options = common.options
        options.output = output.format
        plan?.apply(to: &options)
        self.options = options
        do throws(LLMGenError) {
            prepared = try prompts.map { prompt throws(LLMGenError) in
                try common.engine.prepare(.tokenIDs(prompt), parameters, options)
            }
        } catch {
            var response = names.renamed(ErrorResponse(error))
            if error.field?.hasPrefix("structured_outputs") == true { response.param = output.param }
            throw response
        }
        pass = try common.enter(samples)
        self.parameters = parameters
    }

    /// The pieces of each prompt's answer, from now on.
    func streams() -> [AsyncThrowingStream<OutputPiece, any Error>] {
        engine.submit(prepared)
    }

    /// The whole outputs, in the prompts' order, and the format that was told of their pieces. The client's leaving ends
    /// them.
    func outputs<Format: AnswerFormat>(
        _ format: Format, _ departure: Departure, _ record: AccessRecord
    ) async throws -> ([RequestOutput], Format) {
        defer { withExtendedLifetime(pass) {} }
        let (outputs, format) = try await departure.running {
            var format = format
            var outputs: [RequestOutput] = []
            for (prompt, stream) in engine.submit(prepared).enumerated() {
                for try await piece in stream {
                    format.take(piece, prompt: prompt)
                    if let output = piece.output { outputs.append(output) }
                }
            }
            guard outputs.count == prepared.count else { throw CancellationError() }
            return (outputs, format)
        }
        for output in outputs { record.add(output) }
        return (outputs, format)
    }
}

extension Departure {
    /// What `operation` returns, as a task that the client's leaving cancels.
    func running<Value: Sendable>(_ operation: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task(operation: operation)
        return try await whilePresent {
            try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        } onDeparture: {
            task.cancel()
        }
    }
}

extension Generation {
    /// What a beam search finds for each prompt. The client's leaving ends it.
    func search(
        _ beams: BeamSearchParameters, _ departure: Departure
    ) async throws -> [BeamSearchOutput] {
        defer { withExtendedLifetime(pass) {} }
        return try await departure.running {
            var outputs: [BeamSearchOutput] = []
            for request in prepared {
                outputs.append(try await engine.beamSearch(.tokenIDs(request.promptTokenIDs), beams, options))
            }
            return outputs
        }
    }
}
