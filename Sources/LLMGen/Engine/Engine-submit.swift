import LLMScheduling

/// The front door of every kind of job.
extension Engine {
    /// Submits requests together: no step is computed before all are there. One stream of replies a request, in their
    /// order; a request that has failed already replies with its error.
    ///
    /// A stream keeps the engine: its reader may let go of it while replies are still to come.
    ///
    /// - Parameter arrival: when the requests arrived; their times count from there.
    func submit<Request: JobRequest>(
        _ requests: [Result<Request, LLMGenError>], since arrival: ContinuousClock.Instant = .now
    ) -> [AsyncThrowingStream<Request.Reply, any Error>] {
        var jobs: [any EngineJob] = []
        let streams = requests.map { request in
            let (stream, sink) = AsyncThrowingStream.makeStream(of: Request.Reply.self)
            switch request {
            case .success(let request):
                let ticket = JobTicket(request, id: ids.next(), arrival: arrival)
                jobs.append(request.job(ticket, model, sink))
                sink.onTermination = { [self] reason in
                    if case .cancelled = reason { inbox.post(.abort(ticket.id)) }
                }
            case .failure(let error): sink.finish(throwing: error)
            }
            return stream
        }
        watch.began()
        inbox.post(.submit(jobs))
        return streams
    }

    /// A request that the engine's limits can hold.
    func checked<Request: JobRequest>(_ request: Request) throws(LLMGenError) -> Request {
        do {
            _ = try scheduling.lengthLimit(of: request.sequence)
            return request
        } catch {
            throw LLMGenError(error)
        }
    }

    /// The one reply of a stream. - Throws: `CancellationError` where the task is cancelled.
    static func reply<Reply>(of stream: AsyncThrowingStream<Reply, any Error>) async throws -> Reply {
        for try await reply in stream { return reply }
        throw CancellationError()
    }

    /// The one reply of each stream, in their order. The first error, in time, ends the others.
    static func replies<Reply: Sendable>(
        of streams: [AsyncThrowingStream<Reply, any Error>]
    ) async throws -> [Reply] {
        try await withThrowingTaskGroup(of: (Int, Reply).self) { group in
            for (index, stream) in streams.enumerated() {
                group.addTask { (index, try await reply(of: stream)) }
            }
            var replies = [Reply?](repeating: nil, count: streams.count)
            for try await (index, reply) in group { replies[index] = reply }
            return replies.compactMap(\.self)
        }
    }
}
