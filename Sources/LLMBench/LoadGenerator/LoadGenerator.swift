public import LLMGen
import NIOCore
import NIOPosix

/// Sends requests to a server that speaks OpenAI's protocol and measures what its clients see: what `llmgen bench serve`
/// runs.
///
/// It is made to share a machine with the server it measures: event loops over sockets, no thread per request, bytes
/// parsed where they lie. ``LoadReport/clientShare`` says what it took.
public struct LoadGenerator: Sendable {
    /// The load.
    public let configuration: Configuration
    private let url: ServerURL

    /// - Throws: ``LLMGenError`` `invalidArgument` for a value out of its range, with the range.
    public init(_ configuration: Configuration) throws(LLMGenError) {
        try configuration.validate()
        url = try ServerURL(configuration.baseURL)
        self.configuration = configuration
    }

    /// Warms the server up, makes the load, and waits for every request's end.
    ///
    /// - Throws: ``LLMGenError`` `failed` where the server cannot be reached, names no model, or fails a warm-up;
    ///   `CancellationError` soon after the task is cancelled. What becomes of the requests themselves is in the report.
    public func run() async throws -> LoadReport { try await run(misses: nil) }

    /// Makes the load, and ends it early once more requests than a limit have missed their goals.
    func run(misses: MissLimit?) async throws -> LoadReport {
        // Workers without a place for a request would do nothing.
        let threads = min(configuration.threadCount, configuration.maxConcurrency ?? .max)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        do {
            let report = try await run(on: group, threads: threads, misses)
            try await group.shutdownGracefully()
            return report
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private func run(
        on group: MultiThreadedEventLoopGroup, threads: Int, _ misses: MissLimit?
    ) async throws -> LoadReport {
        let (address, model) = try await meet(group)
        let template = RequestTemplate(configuration, url: url, model: model)
        var workers: [NIOLoopBound<LoadWorker>] = []
        for (number, loop) in group.makeIterator().enumerated() {
            let worker = try await loop.submit { [configuration] in
                NIOLoopBound(
                    LoadWorker(
                        loop: loop, number: number, workers: threads, configuration: configuration, template: template,
                        address: address), eventLoop: loop)
            }.get()
            workers.append(worker)
        }
        let team = workers
        var report = try await withTaskCancellationHandler {
            try await measure(team, group, address, template, misses)
        } onCancel: {
            for worker in team { worker.eventLoop.execute { worker.value.cancel() } }
        }
        report.model = model
        report.client.threads = threads
        return report
    }

    private func measure(
        _ team: [NIOLoopBound<LoadWorker>], _ group: any EventLoopGroup, _ address: SocketAddress,
        _ template: RequestTemplate, _ misses: MissLimit?
    ) async throws -> LoadReport {
        if configuration.warmUpCount > 0 {
            for record in try await run(.warmUp(configuration), team, origin: NIODeadline.now().uptimeNanoseconds) {
                guard case .failed(let failure) = record.outcome else { continue }
                throw LLMGenError(
                    code: .failed, message: "a warm-up request failed (\(failure.kind)): \(failure.message)")
            }
        }
        let silent: NoReadClients
        do {
            silent = try await .open(
                configuration.noReadClientCount, to: address, on: group, template, configuration.dataset)
        } catch {
            throw LLMGenError(
                code: .failed, message: "a client that never reads cannot connect: \(SystemReason.text(error))",
                cause: error)
        }
        let before = ProcessorTime.now
        let origin = NIODeadline.now().uptimeNanoseconds
        let records = try await run(.measured(configuration, misses), team, origin: origin)
        let end = NIODeadline.now().uptimeNanoseconds
        let after = ProcessorTime.now
        silent.close()
        for worker in team { worker.eventLoop.execute { worker.value.close() } }
        try Task.checkCancellation()
        var report = LoadReport(
            records: records, durationSeconds: Double(end - origin) * 1e-9, goodput: configuration.goodput)
        report.client.userSeconds = after.userSeconds - before.userSeconds
        report.client.systemSeconds = after.systemSeconds - before.systemSeconds
        report.noReadClients = configuration.noReadClientCount
        return report
    }

    private func run(
        _ phase: LoadPhase, _ team: [NIOLoopBound<LoadWorker>], origin: UInt64
    ) async throws -> [RequestRecord] {
        try Task.checkCancellation()
        let shares = team.map { worker in
            worker.eventLoop.flatSubmit { worker.value.run(phase, origin: origin) }
        }
        var records: [RequestRecord] = []
        for share in shares { records += try await share.get() }
        return records
    }

    /// Finds the address that answers and the model's name.
    private func meet(_ group: any EventLoopGroup) async throws -> (SocketAddress, String) {
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: group).connect(host: url.host, port: url.port).get()
        } catch {
            throw LLMGenError(
                code: .failed,
                message:
                    "\(configuration.baseURL) does not answer: \(SystemReason.text(error)); start the server, or give its "
                    + "base-url", cause: error)
        }
        defer { channel.close(promise: nil) }
        guard let address = channel.remoteAddress else {
            throw LLMGenError(
                code: .failed, message: "\(configuration.baseURL) closed the connection at once; see the server's log")
        }
        if let model = configuration.model { return (address, model) }
        return (address, try await ModelLookup.firstModel(on: channel, url: url, configuration: configuration))
    }
}
