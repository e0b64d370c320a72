extension Scheduler {
    /// Puts a request in line, or refuses it with the numbers. What is admitted can be computed to its end by this pool,
    /// whatever else is in the line. O(log waiting + waiting moved).
    public mutating func add(_ request: SequenceRequest) throws(AdmissionError) {
        guard ranks[request.id] == nil else { throw .duplicateID(request.id) }
        let lengthLimit = try options.lengthLimit(of: request)
        try checkQueue(adding: request)
        let priority = options.policy == .priority ? request.priority : 0
        let state = SequenceState(
            request, rank: Rank(priority: priority, arrival: nextArrival, branch: 0), lengthLimit: lengthLimit,
            pools: pools)
        nextArrival += 1
        register(state)
        waitingTokens += state.tokens.count
        waiting.insert(state, at: waiting.insertionIndex(of: state.rank))
    }

    /// Refuses a request where more would wait than may. Those that there are places for do not count: they start with
    /// the next steps.
    private func checkQueue(adding request: SequenceRequest) throws(AdmissionError) {
        guard options.maxQueuedRequests != nil || options.maxQueuedTokens != nil else { return }
        let places = max(0, mostPlaces - runningPlaces)
        guard waiting.count >= places else { return }
        let queued = waiting.count - places + 1
        let queuedTokens = waiting.prefix(places).reduce(waitingTokens + request.prompt.count) { $0 - $1.tokens.count }
        if let most = options.maxQueuedRequests, queued > most {
            throw .queueFull(
                "max-queued-requests is \(most), and \(queued - 1) wait",
                retryAfter: timeToCompute(waiting.first?.tokens.count ?? 0))
        }
        if let most = options.maxQueuedTokens, queuedTokens > most {
            throw .queueFull(
                "max-queued-tokens is \(most), and \(queuedTokens - request.prompt.count) wait before the request's"
                    + " \(request.prompt.count)",
                retryAfter: timeToCompute(min(queuedTokens - most, waitingTokens)))
        }
    }

    /// An estimate of the nanoseconds until so many waiting tokens are computed: at the pace of the last steps, after a
    /// running sequence has ended where none of them can start before.
    private func timeToCompute(_ tokens: Int) -> Int64 {
        let pace = cost.nanosecondsPerRow ?? 0
        let step = cost.predicted(work) ?? 0
        let wait = runningPlaces < mostPlaces ? 0 : running.map(\.remainingCount).min() ?? 0
        return Int64(min(pace * Double(tokens) + step * Double(wait), 3.6e12))
    }
}
