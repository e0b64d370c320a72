import LLMScheduling

/// How jobs come and go.
extension EngineCore {
    /// Admits a job, or fails it with the reason why not.
    mutating func add(_ job: any EngineJob) {
        do throws(LLMGenError) {
            try admit(job.ticket)
            jobs[job.ticket.id] = job
            for sequence in job.sequences { owners[sequence] = job.ticket.id }
            observer.publish(.admitted, job)
        } catch {
            observer.refused(job)
            job.fail(error)
        }
    }

    private mutating func admit(_ ticket: JobTicket) throws(LLMGenError) {
        guard acceptsRequests else {
            throw LLMGenError(
                code: .draining, message: "the engine finishes its requests and takes no more; try another")
        }
        do {
            try scheduler.add(ticket.sequence(since: start))
        } catch {
            throw LLMGenError(error)
        }
    }

    /// Ends a job with what it has; its blocks are free at once.
    mutating func end(_ owner: SequenceID, _ reason: FinishReason) {
        for sequence in jobs[owner]?.sequences ?? [] {
            if let finished = scheduler.finish(sequence, reason: reason) { end(finished, at: .now) }
        }
    }

    /// Ends the jobs of that name.
    mutating func abort(named name: String) {
        for owner in live where jobs[owner]?.ticket.options.name == name { end(owner, .abort) }
    }

    /// Ends every job with what it has.
    mutating func abortAll() { for owner in live { end(owner, .abort) } }

    private var live: [SequenceID] { jobs.keys.sorted { $0.value < $1.value } }

    /// Fails every job.
    mutating func failAll(_ error: LLMGenError) {
        scheduler.abortAll()
        for job in jobs.values { job.fail(error) }
        jobs = [:]
        owners = [:]
    }

    /// Ends the sequences whose time has come.
    mutating func expire() {
        let now = ContinuousClock.now
        for finished in scheduler.expire(at: (now - start).nanoseconds) { end(finished, at: now) }
    }

    /// Seconds until the next deadline of a live job; negative where it has passed, nil where there is none.
    var secondsToDeadline: Double? {
        scheduler.nextDeadline.map { Double($0 - (ContinuousClock.now - start).nanoseconds) * 1e-9 }
    }

    // MARK: Ends

    /// A sequence has ended, and perhaps its job with it.
    mutating func end(_ finished: FinishedSequence, at now: ContinuousClock.Instant) {
        guard let owner = owners.removeValue(forKey: finished.id) else { return }
        do throws(LLMGenError) {
            let ended = try jobs[owner]?.end(finished, at: now) ?? []
            guard let job = jobs[owner] else { return }
            if job.isFinished { release(job, finished.reason) }
            for sample in ended { observer.publish(.finished(sample.reason), job, sample: sample.index, at: now) }
            guard job.isFinished else { return }
            observer.finished(job, at: now)
            job.finish()
        } catch {
            fail(owner, error)
        }
    }

    /// Ends a job with an error of its own; its blocks are free at once.
    mutating func fail(_ owner: SequenceID, _ error: LLMGenError) {
        guard let job = jobs[owner] else { return }
        release(job, .error)
        observer.publish(.failed, job)
        job.fail(error)
    }

    /// Forgets a job, and frees the blocks of what it had live.
    private mutating func release(_ job: any EngineJob, _ reason: FinishReason) {
        jobs[job.ticket.id] = nil
        for sequence in job.sequences {
            scheduler.finish(sequence, reason: reason)
            owners[sequence] = nil
        }
    }
}
