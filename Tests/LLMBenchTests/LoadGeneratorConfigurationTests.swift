import Foundation
import LLMBench
import LLMGen
import LLMTestSupport
import Testing

/// What a load may be.
@Suite struct LoadGeneratorConfigurationTests {
    static let refusals: [(change: @Sendable (inout LoadGenerator.Configuration) throws -> Void, words: [String])] = [
        ({ $0.baseURL = "https://localhost" }, ["https", "TLS"]),
        ({ $0.baseURL = "localhost:8000" }, ["'localhost:8000'", "http://"]),
        ({ $0.baseURL = "http://:80" }, ["no host"]), ({ $0.baseURL = "http://h:0" }, ["65535"]),
        ({ $0.baseURL = "http://h:" }, ["port"]), ({ $0.baseURL = "http://h:8x" }, ["port"]),
        ({ $0.baseURL = "http://h/a b" }, ["http://"]), ({ $0.baseURL = "http://h\r\nX: y" }, ["http://"]),
        ({ $0.baseURL = "http://u@h" }, ["http://"]), ({ $0.baseURL = "http://[::1" }, ["bracket"]),
        ({ $0.baseURL = "http://[::1]8" }, ["colon"]), ({ $0.requestCount = 0 }, ["num-prompts is 0", "1"]),
        ({ $0.maxConcurrency = 0 }, ["max-concurrency is 0"]), ({ $0.warmUpCount = -1 }, ["num-warmups is -1"]),
        ({ $0.noReadClientCount = -1 }, ["no-read-clients is -1"]), ({ $0.threadCount = 0 }, ["client-threads is 0"]),
        ({ $0.arrivals = .rate(0) }, ["request-rate is 0", "inf"]),
        ({ $0.arrivals = .rate(.nan) }, ["request-rate is nan"]),
        ({ $0.arrivals = .rate(1, burstiness: 0) }, ["burstiness is 0"]),
        ({ $0.arrivals = .ramp(from: .infinity, to: 1) }, ["request-rate is inf", "finite"]),
        ({ $0.arrivals = .ramp(from: 1, to: 0) }, ["ramp-to is 0"]),
        ({ $0.arrivals = .recorded }, ["random ids", "no times", "request-rate"]),
        ({ $0.temperature = -1 }, ["temperature is -1"]),
        ({ $0.temperature = .nan }, ["temperature"]), ({ $0.disconnectProbability = 1.5 }, ["1.5", "from 0 to 1"]),
        ({ $0.disconnectProbability = .nan }, ["nan"]), ({ $0.timeout = .zero }, ["timeout is 0"]),
        ({ $0.duration = .seconds(-1) }, ["duration is -1"]),
        ({ ($0.duration, $0.requestCount) = (.seconds(1), 1) }, ["num-prompts and duration"]),
        ({ $0.duration = .seconds(1) }, ["max-concurrency or request-rate"]),
        ({ $0.endpoint = .chatCompletions }, ["/v1/chat/completions", "prompt-file"]),
        ({ $0.dataset = try .chat() }, ["/v1/completions", "messages", "/v1/chat/completions"]),
        ({ $0.apiKey = "a\r\nX: y" }, ["API key"]),
    ]

    @Test(arguments: refusals.indices)
    func `A load that makes no sense is refused in one line`(index: Int) throws {
        let (change, words) = LoadGeneratorConfigurationTests.refusals[index]
        var configuration = LoadGenerator.Configuration()
        try change(&configuration)
        #expect { try LoadGenerator(configuration) } throws: { error in
            guard let error = error as? LLMGenError else { return false }
            return error.code == .invalidArgument && words.allSatisfy { error.message.contains($0) }
        }
    }

    @Test(arguments: [
        "http://127.0.0.1:8000", "HTTP://localhost", "http://[::1]:80/", "http://host/v2/", "http://[::1]",
    ])
    func `An address of http is taken`(url: String) throws {
        var configuration = LoadGenerator.Configuration()
        configuration.baseURL = url
        _ = try LoadGenerator(configuration)
    }

    @Test func `Prompts are one text, or the lines of a file that are not empty`() throws {
        #expect(try LoadGenerator.Configuration.prompts(text: nil, file: nil) == [])
        #expect(try LoadGenerator.Configuration.prompts(text: "a\nb", file: nil) == ["a\nb"])
        try Paths.withTemporaryFolder { folder in
            let file = folder.appending(path: "prompts").path
            try Data("one\n\ntwo \"2\"\r\n".utf8).write(to: URL(fileURLWithPath: file))
            #expect(try LoadGenerator.Configuration.prompts(text: nil, file: file) == ["one", "two \"2\""])
            #expect(throws: LLMGenError.self) { try LoadGenerator.Configuration.prompts(text: "a", file: file) }
            try Data("\n\n".utf8).write(to: URL(fileURLWithPath: file))
            #expect { try LoadGenerator.Configuration.prompts(text: nil, file: file) } throws: {
                ($0 as? LLMGenError)?.code == .invalidInput
            }
            #expect { try LoadGenerator.Configuration.prompts(text: nil, file: file + "x") } throws: {
                ($0 as? LLMGenError)?.code == .notFound
            }
        }
    }
}
