extension Engine {
    /// What the engine does and has done, now; see ``EngineMetrics``.
    public var metrics: EngineMetrics { watch.metrics.snapshot() }

    /// Seconds since the engine last completed a step or anything else it had to do; nil where it has nothing to do.
    /// Much more than a step takes means that it hangs: what a health check asks.
    public var secondsWithoutProgress: Double? { watch.secondsWithoutProgress }

    /// What happens to requests from now on, in order. Of what is not read the newest 65,536 are kept.
    public func events() -> AsyncStream<EngineEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: EngineEvent.self, bufferingPolicy: .bufferingNewest(1 << 16))
        inbox.post(.subscribe(continuation))
        return stream
    }

    /// Ends the requests of that name now, each with what it has and the finish reason `abort`.
    public func abort(_ name: String) { inbox.post(.abortNamed(name)) }

    /// Ends every request now, with what it has and the finish reason `abort`.
    public func abortAll() { inbox.post(.abortAll) }

    /// Computes no further step until ``resume()``. Requests keep their blocks, new ones wait, deadlines go on.
    public func pause() { inbox.post(.pause) }

    /// Goes on after ``pause()``, and takes new requests after ``drain()``.
    public func resume() { inbox.post(.resume) }

    /// Refuses new requests from now on, and returns once those there are have ended.
    public func drain() async {
        await withCheckedContinuation { continuation in
            inbox.post(.drain { continuation.resume() })
        }
    }

    /// Forgets every cached prefix. What runs goes on, and what it has computed is not cached any more.
    public func resetPrefixCache() { inbox.post(.resetPrefixCache) }

    /// Waits until all messages posted before this call are processed; metrics then include them.
    public func settle() async {
        await withCheckedContinuation { continuation in
            inbox.post(.settle { continuation.resume() })
        }
    }
}
