import LLMBench
import LLMGen
import LLMGenServer
import LLMTestSupport
import Logging
import ServiceLifecycle
import Synchronization
import Testing

/// The endpoint within a program, asked by the load generator.
@Suite struct EndpointTests {
    private final class Port: Sendable {
        let stream: AsyncStream<Int>
        let listening: AsyncStream<Int>.Continuation

        init() { (stream, listening) = AsyncStream.makeStream() }

        var value: Int { get async { await stream.first { _ in true } ?? 0 } }
    }

    private var quiet: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }

    @Test func `Answers are the library's, however many are asked for at once`() async throws {
        let model = try await LanguageModel.load(Paths.fairytale.path)
        let engine = try Engine(model: model)
        let prompts = ["Once upon a time", "The wolf", "A king had three sons.", "In the deep forest"]
        let expected = try await engine.generate(
            prompts.map(Prompt.text), try SamplingParameters(temperature: 0, ignoreEOS: true, maxTokens: 20)
        ).map(\.text)

        var options = ServerOptions()
        options.port = 0
        let port = Port()
        let endpoint = try Endpoint(
            models: [ServedModel(name: "tales", engine: engine)], options: options, logger: quiet,
            onListening: { port.listening.yield($0) })
        let group = ServiceGroup(configuration: .init(services: [endpoint], logger: quiet))
        async let running: Void = group.run()

        var load = LoadGenerator.Configuration()
        load.baseURL = "http://127.0.0.1:\(await port.value)"
        load.dataset = try Dataset(texts: prompts, outputLength: 20)
        (load.requestCount, load.maxConcurrency) = (64, 64)
        (load.ignoresEOS, load.temperature, load.takesText) = (true, 0, true)
        let report = try await LoadGenerator(load).run()
        #expect(report.completed == 64 && report.failed == 0)
        #expect(Set(report.records.map(\.text)) == Set(expected))

        await group.triggerGracefulShutdown()
        try await running
        await engine.settle()
        #expect(engine.metrics.usedBlocks == 0)
    }

    @Test func `A model that cannot be loaded ends the server with its error`() async throws {
        var options = ServerOptions()
        options.port = 0
        let endpoint = try Endpoint(
            models: [
                ServedModel(name: "none") { () throws(LLMGenError) in
                    throw LLMGenError(code: .notFound, message: "there is none")
                }
            ], options: options, logger: quiet)
        let error = await #expect(throws: LLMGenError.self) { try await endpoint.run() }
        #expect(error?.code == .notFound)
    }

    @Test func `Names must be one model's`() async throws {
        let engine = try Engine(model: try await LanguageModel.load(Paths.fairytale.path))
        let models = [ServedModel(name: "a", engine: engine), ServedModel(name: "b", aliases: ["a"], engine: engine)]
        #expect(throws: LLMGenError.self) { _ = try Endpoint(models: models) }
        #expect(throws: LLMGenError.self) { _ = try Endpoint(models: []) }
    }
}
