import Foundation
import LLMBench
import LLMGen
import Testing

/// The client against a server that plays scripts: which requests it sends, when, and on which connections.
@Suite(.timeLimit(.minutes(10))) struct LoadGeneratorRequestTests {
    typealias Script = @Sendable (Int, ScriptServer.Received) -> [ScriptServer.Step]

    @discardableResult private func with<R>(
        _ script: @escaping Script, _ change: (inout LoadGenerator.Configuration) throws -> Void,
        _ body: (LoadGenerator, ScriptServer) async throws -> R
    ) async throws -> R {
        try await ScriptServer.with(script) { server in
            var configuration = LoadGenerator.Configuration()
            configuration.baseURL = server.url
            configuration.model = "m"
            configuration.requestCount = 6
            configuration.dataset = try .random()
            try change(&configuration)
            return try await body(LoadGenerator(configuration), server)
        }
    }

    private func prompts(_ change: (inout LoadGenerator.Configuration) throws -> Void) async throws -> [[Int]] {
        try await with({ _, _ in [.send(Wire.stream(1))] }, change) { generator, server in
            _ = try await generator.run()
            return try server.requests.map { try #require($0.json["prompt"] as? [Int]) }
        }
    }

    @Test func `Random prompts are fresh for each request and fixed by the seed, on any number of threads`()
        async throws
    {
        let once = try await prompts { _ in }
        #expect(once.allSatisfy { $0.count == 4 && $0.allSatisfy { (0..<1000).contains($0) } })
        #expect(Set(once).count == 6)
        let again = try await prompts { $0.threadCount = 3 }
        #expect(Set(once) == Set(again))
        let other = try await prompts { $0.dataset = try .random { $0.seed = 1 } }
        #expect(Set(once).isDisjoint(with: other))
    }

    @Test func `A shared prefix begins every prompt`() async throws {
        let prompts = try await prompts {
            $0.dataset = try .random {
                $0.prefixLength = 9
                $0.vocabularySize = 50
            }
        }
        #expect(prompts.allSatisfy { $0.count == 13 && $0.prefix(9) == prompts[0].prefix(9) })
        #expect(Set(prompts.map { $0.dropFirst(9) }).count > 1)
    }

    @Test func `A request says what was asked for and nothing else`() async throws {
        let requests = try await with({ _, _ in [.send(Wire.stream(1))] }) {
            $0.dataset = try .texts(["a", "b"])
            $0.model = "a \"model\""
            $0.apiKey = "secret"
            $0.maxConcurrency = 1
            $0.requestCount = 3
        } _: { generator, server in
            _ = try await generator.run()
            return server.requests
        }
        #expect(try requests.map { try $0.json["prompt"] as? String } == ["a", "b", "a"])
        let request = try #require(requests.first)
        #expect(request.head.method == .POST && request.head.uri == "/v1/completions")
        #expect(request.head.headers["authorization"] == ["Bearer secret"])
        let body = try request.json
        #expect(body.keys.sorted() == ["max_tokens", "model", "prompt", "stream", "stream_options"])
        #expect(body["model"] as? String == "a \"model\"" && body["max_tokens"] as? Int == 8)
        #expect(body["stream_options"] as? [String: Bool] == ["include_usage": true])

        let full = try await with({ _, _ in [.send(Wire.stream(1))] }) {
            $0.ignoresEOS = true
            $0.temperature = 0.5
        } _: { generator, server in
            _ = try await generator.run()
            return try server.requests[0].json
        }
        #expect(full["ignore_eos"] as? Bool == true && full["temperature"] as? Double == 0.5)
    }

    @Test func `Without a name the server's first model is asked`() async throws {
        let models = #"{"object":"list","data":[{"id":"first","object":"model"},{"id":"second"}]}"#
        try await with({ _, request in
            [.send(request.head.method == .GET ? Wire.response("200 OK", body: models) : Wire.stream(1))]
        }) {
            $0.model = nil
            $0.apiKey = "secret"
        } _: { generator, server in
            let report = try await generator.run()
            #expect(report.model == "first" && report.completed == 6)
            #expect(server.requests[0].head.uri == "/v1/models")
            #expect(server.requests[0].head.headers["authorization"] == ["Bearer secret"])
            #expect(try server.requests[1].json["model"] as? String == "first")
        }
    }

    @Test(arguments: [
        (Wire.response("401 No", body: #"{"error":{"message":"a key, please"}}"#), "a key, please"),
        (Wire.response("200 OK", body: #"{"data":[]}"#), "no model"), ("garbage\r\n", "not HTTP"),
    ])
    func `A server that names no model is an error with its answer`(answer: String, word: String) async throws {
        try await with({ _, _ in [.send(answer), .close] }, { $0.model = nil }) { generator, _ in
            await #expect { try await generator.run() } throws: { error in
                (error as? LLMGenError)?.message.contains(word) ?? false
            }
        }
    }

    @Test func `A server that is not there is an error`() async throws {
        // The port of a server that is gone.
        let url = try await ScriptServer.with({ _, _ in [] }) { $0.url }
        var configuration = LoadGenerator.Configuration()
        configuration.baseURL = url
        let generator = try LoadGenerator(configuration)
        await #expect { try await generator.run() } throws: { error in
            (error as? LLMGenError)?.message.contains("connection refused") ?? false
        }
    }

    @Test(arguments: [true, false])
    func `Connections serve one request after the other, unless they are not to`(reuses: Bool) async throws {
        try await with({ _, _ in [.send(Wire.stream(2))] }) {
            $0.maxConcurrency = 1
            $0.reusesConnections = reuses
        } _: { generator, server in
            let report = try await generator.run()
            #expect(report.completed == 6)
            #expect(Set(server.requests.map(\.connection)).count == (reuses ? 1 : 6))
            #expect(server.requests.allSatisfy { $0.head.headers.contains(name: "connection") != reuses })
        }
    }

    @Test func `A connection that the server closes after an answer is not used again`() async throws {
        let stream = Wire.stream(2).replacing("\r\n\r\n", with: "\r\nConnection: close\r\n\r\n", maxReplacements: 1)
        try await with({ _, _ in [.send(stream), .close] }, { $0.maxConcurrency = 2 }) { generator, server in
            let report = try await generator.run()
            #expect(report.completed == 6 && report.failed == 0)
            #expect(Set(server.requests.map(\.connection)).count == 6)
        }
    }

    @Test(arguments: [1, 2])
    func `No more requests than allowed are under way at once`(threads: Int) async throws {
        try await with({ _, _ in [.awaitRequests(3), .send(Wire.stream(2))] }) {
            $0.requestCount = 30
            $0.maxConcurrency = 3
            $0.threadCount = threads
        } _: { generator, server in
            let report = try await generator.run()
            #expect(report.completed == 30)
            #expect(server.log.state.withLock { $0.mostUnderWay } == 3)
        }
    }

    @Test func `Hundreds of streams run at once`() async throws {
        // No stream goes on before all have begun.
        try await with({ _, _ in [.awaitRequests(256), .send(Wire.stream(20))] }) {
            $0.requestCount = 256
        } _: { generator, _ in
            let report = try await generator.run()
            #expect(report.completed == 256 && report.failed == 0 && report.peakConcurrency == 256)
            #expect(report.outputTokens == 5120 && report.itl?.count == 256 * 19)
            #expect(report.client.userSeconds + report.client.systemSeconds > 0 && report.clientShare > 0)
        }
    }

    @Test(arguments: [1, 3])
    func `Requests at a rate are all sent, on any number of threads`(threads: Int) async throws {
        try await with({ _, _ in [.send(Wire.stream(1))] }) {
            $0.arrivals = .rate(500, burstiness: 0.5)
            $0.requestCount = 50
            $0.threadCount = threads
        } _: { generator, _ in
            let report = try await generator.run()
            #expect(report.completed == 50 && report.records.map(\.index) == Array(0..<50))
            // The last one comes at number over rate.
            #expect(report.durationSeconds >= 0.099 && (report.records.map(\.startSeconds).max() ?? 0) >= 0.099)
        }
    }

    @Test func `A request that finds no place in time counts from its time`() async throws {
        try await with({ _, _ in [.wait(milliseconds: 30), .send(Wire.stream(1))] }) {
            $0.arrivals = .rate(10_000, burstiness: .infinity)
            $0.requestCount = 4
            $0.maxConcurrency = 1
        } _: { generator, _ in
            let report = try await generator.run()
            #expect(report.completed == 4)
            // Each waits for those before it.
            for (index, record) in report.records.enumerated() {
                #expect(abs(record.startSeconds - Double(index + 1) * 1e-4) < 1e-6)
                #expect(record.ttftSeconds >= 0.03 * Double(index + 1))
                #expect(record.sendDelaySeconds <= record.ttftSeconds - 0.03 + 1e-9)
            }
            #expect(report.records[3].sendDelaySeconds >= 0.08 && report.peakConcurrency == 1)
        }
    }

    @Test(arguments: [1, 2])
    func `Requests come at the times of the data, each with its own length`(threads: Int) async throws {
        let conversations = [0, 0.01, 0.01, 0.08].enumerated().map { index, seconds in
            Dataset.Conversation(
                [.init(.text("\(index)"), outputTokens: index + 1)], arrivalSeconds: seconds)
        }
        let dataset = try Dataset(conversations, summary: "four")
        try await with({ _, _ in [.send(Wire.stream(1))] }) {
            $0.dataset = dataset
            $0.arrivals = .recorded
            $0.requestCount = nil
            $0.threadCount = threads
        } _: { generator, server in
            let report = try await generator.run()
            #expect(report.completed == 4 && report.durationSeconds >= 0.08)
            #expect(report.records.map { ($0.startSeconds * 1000).rounded() } == [0, 10, 10, 80])
            let bodies = try server.requests.map { try $0.json }
            #expect(Set(bodies.compactMap { $0["prompt"] as? String }) == ["0", "1", "2", "3"])
            for body in bodies { #expect("\((body["max_tokens"] as? Int ?? 0) - 1)" == body["prompt"] as? String) }
        }
    }

    @Test func `A conversation goes on with its answers, keeps its place, and its user thinks`() async throws {
        func turn(_ text: String, think: Double = 0) -> Dataset.Turn {
            .init(.messages([.init(role: "user", content: text)]), outputTokens: 8, thinkSeconds: think)
        }
        let dataset = try Dataset(
            [.init([turn("a"), turn("b", think: 0.04), turn("c")]), .init([turn("d")])], summary: "two")
        let requests = try await with({ number, _ in
            [.send(Wire.head + Wire.chunk("data: {\"choices\":[{\"delta\":{\"content\":\"r\(number)\"}}]}\n\n"))]
                + [.send(Wire.done + Wire.end)]
        }) {
            $0.endpoint = .chatCompletions
            $0.dataset = dataset
            $0.requestCount = 2
            $0.maxConcurrency = 1
        } _: { generator, server in
            let report = try await generator.run()
            #expect(report.completed == 4 && report.records.map(\.turn) == [0, 1, 2, 0])
            #expect(report.records[1].startSeconds - report.records[0].startSeconds >= 0.04)
            #expect(report.records.allSatisfy { $0.text == nil && $0.sendDelaySeconds < 0.04 })
            return server.requests
        }
        let said = try requests.map { request in
            (try request.json["messages"] as? [[String: String]] ?? []).map { $0["content"] ?? "" }
        }
        #expect(said == [["a"], ["a", "r0", "b"], ["a", "r0", "b", "r1", "c"], ["d"]])
    }

    @Test func `A conversation of ids goes on with as many ids as the answer had tokens`() async throws {
        let prompts = try await prompts {
            $0.dataset = try .random { $0.turns = 3 }
            $0.requestCount = 1
        }
        #expect(prompts.map(\.count) == [4, 9, 14])
        #expect(prompts[1].prefix(4) == prompts[0][...] && prompts[2].prefix(9) == prompts[1][...])
    }

    @Test func `A conversation ends with a request that fails`() async throws {
        try await with({ _, _ in [.send(Wire.response("500 No", body: "why"))] }) {
            $0.dataset = try .random { $0.turns = 3 }
            $0.requestCount = 2
        } _: { generator, server in
            let report = try await generator.run()
            #expect(report.failed == 2 && server.requests.count == 2)
        }
    }

    @Test func `A duration ends the sending and waits for what runs`() async throws {
        try await with({ _, _ in
            [.send(Wire.head + Wire.output("a")), .wait(milliseconds: 20), .send(Wire.done + Wire.end)]
        }
        ) {
            $0.requestCount = nil
            $0.duration = .milliseconds(150)
            $0.maxConcurrency = 2
        } _: { generator, server in
            let report = try await generator.run()
            #expect(report.completed > 0 && report.failed == 0 && report.completed == server.requests.count)
            #expect(report.durationSeconds >= 0.15)
        }
    }

    @Test func `Warm-ups are in no figure, and have prompts of their own`() async throws {
        try await with({ _, _ in [.send(Wire.stream(2))] }, { $0.warmUpCount = 4 }) { generator, server in
            let report = try await generator.run()
            #expect(report.completed == 6 && report.records.count == 6 && server.requests.count == 10)
            #expect(Set(try server.requests.map { try $0.json["prompt"] as? [Int] }).count == 10)
        }
    }

    @Test func `A warm-up that fails stops the run`() async throws {
        try await with({ _, _ in [.send(Wire.response("400 No", body: "bad"))] }, { $0.warmUpCount = 1 }) {
            generator, server in
            await #expect { try await generator.run() } throws: { error in
                (error as? LLMGenError)?.message.contains("status_400") ?? false
            }
            #expect(server.requests.count == 1)
        }
    }

    @Test func `Clients that go away are counted apart, and their connections close`() async throws {
        let endless: [ScriptServer.Step] =
            [.send(Wire.head)] + (0..<8).flatMap { _ in [.send(Wire.output("a")), .wait(milliseconds: 1)] }
        try await with({ _, _ in endless }) {
            $0.requestCount = 40
            $0.maxConcurrency = 8
            $0.disconnectProbability = 1
        } _: { generator, server in
            let report = try await generator.run()
            #expect(report.disconnected == 40 && report.completed == 0 && report.failed == 0)
            let outputs = report.records.map { $0.ttftSeconds > 0 ? $0.gapSeconds.count + 1 : 0 }
            #expect(outputs.allSatisfy { (0..<8).contains($0) } && Set(outputs).count > 2)
            try await server.wait { $0.closed == $0.connections }
        }
    }

    @Test func `Some clients go away and the others do not notice`() async throws {
        try await with({ _, _ in
            [.send(Wire.head)] + (0..<8).map { .send(Wire.output("\($0)")) } + [.send(Wire.done + Wire.end)]
        }
        ) {
            $0.requestCount = 100
            $0.maxConcurrency = 10
            $0.disconnectProbability = 0.5
        } _: { generator, _ in
            let report = try await generator.run()
            #expect(report.failed == 0 && report.completed + report.disconnected == 100)
            #expect(report.completed > 20 && report.disconnected > 20)
            #expect(report.outputTokens == report.completed * 8)
        }
    }

    @Test func `Clients that never read send their request and hold on to the end`() async throws {
        try await with({ _, _ in [.send(Wire.stream(2))] }, { $0.noReadClientCount = 3 }) { generator, server in
            let report = try await generator.run()
            #expect(report.completed == 6 && report.failed == 0 && report.noReadClients == 3)
            try await server.wait { $0.requests.count == 9 && $0.closed == $0.connections }
        }
    }

    @Test func `A cancelled run ends soon`() async throws {
        try await with({ _, _ in [.send(Wire.head + Wire.output("a"))] }, { $0.warmUpCount = 0 }) { generator, server in
            let task = Task { try await generator.run() }
            try await server.wait { $0.requests.count == 6 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await server.wait { $0.closed == $0.connections }
        }
    }

    @Test func `The object has every figure, flat, and null where nothing was measured`() async throws {
        try await with({ number, _ in [.send(number == 0 ? Wire.stream(3) : Wire.response("500 No", body: "why"))] }) {
            $0.requestCount = 2
            $0.maxConcurrency = 1
            $0.goodput = try? Goodput(["e2el:1e9"])
        } _: { generator, _ in
            let report = try await generator.run()
            let object = try #require(
                JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any])
            #expect(object["completed"] as? Int == 1 && object["failed"] as? Int == 1)
            #expect(object["total_output_tokens"] as? Int == 3 && object["model_id"] as? String == "m")
            for name in [
                "duration", "request_throughput", "request_goodput", "output_throughput", "total_token_throughput",
                "mean_ttft_ms", "median_tpot_ms", "p99_itl_ms", "max_e2el_ms", "client_cpu_share",
            ] { #expect(object[name] is Double, "\(name)") }
            #expect(object["p99_rejection_ms"] is NSNull)
            let failures = try #require(object["failures"] as? [[String: Any]])
            #expect(failures.first?["kind"] as? String == "status_500")
            #expect(failures.first?["first_message"] as? String == "why")
            #expect(report.rows.contains { $0.name == "failed: status_500" && $0.value.contains("why") })
        }
    }
}
