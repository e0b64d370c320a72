import Foundation
import LLMBench
import LLMGen
import LLMTestSupport
import Testing

/// The client against a server that plays scripts: how each kind of answer is counted.
@Suite(.timeLimit(.minutes(10))) struct LoadGeneratorTests {
    typealias Script = @Sendable (Int, ScriptServer.Received) -> [ScriptServer.Step]

    /// Runs a load against a script. The model is named, so that the first request is the load's.
    private func load(
        _ script: @escaping Script, _ change: (inout LoadGenerator.Configuration) throws -> Void
    ) async throws -> (report: LoadReport, requests: [ScriptServer.Received]) {
        try await ScriptServer.with(script) { server in
            var configuration = LoadGenerator.Configuration()
            configuration.baseURL = server.url
            configuration.model = "m"
            configuration.requestCount = 1
            configuration.dataset = try .random()
            try change(&configuration)
            return (try await LoadGenerator(configuration).run(), server.requests)
        }
    }

    private func failure(
        _ answer: [ScriptServer.Step], timeout: Duration = .seconds(600)
    ) async throws -> LoadReport.Failures? {
        let (report, _) = try await load({ _, _ in answer }) { $0.timeout = timeout }
        #expect(report.completed == 0 && report.failed == 1 && report.rejections.count == 0)
        return report.failures.first
    }

    @Test func `A stream is completed with the server's counts and the text, wherever it is cut`() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        let stream =
            Wire.head + ": hello\r\n".wire + Wire.output("Once é") + Wire.output(" \\\"upon\\\"") + Wire.output("")
            + Wire.usage(prompt: 7, completion: 5, cached: 3) + Wire.done + Wire.end
        let (report, _) = try await load({ number, _ in
            var random = SeededGenerator(seed: seed &+ UInt64(number))
            var rest = Array(stream.unicodeScalars)
            var steps: [ScriptServer.Step] = []
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...60, using: &random))
                rest.removeFirst(piece.count)
                steps += [.send(String(String.UnicodeScalarView(piece))), .wait(milliseconds: 1)]
            }
            return steps
        }) {
            $0.requestCount = 20
            $0.takesText = true
        }
        #expect(report.completed == 20 && report.failed == 0, "seed \(seed)")
        #expect(report.inputTokens == 140 && report.outputTokens == 100 && report.cachedTokens == 60)
        for record in report.records {
            #expect(record.outcome == .completed && record.text == "Once é \"upon\"")
            #expect(record.gapSeconds.count == 2 && record.ttftSeconds > 0)
            #expect(record.latencySeconds >= record.ttftSeconds)
        }
        #expect(report.records.map(\.index) == Array(0..<20))
    }

    @Test func `The latency of a slow stream holds the server's pauses`() async throws {
        let (report, _) = try await load({ _, _ in
            [
                .wait(milliseconds: 30), .send(Wire.head + Wire.output("a")), .wait(milliseconds: 40),
                .send(Wire.output("b")), .wait(milliseconds: 50), .send(Wire.done + Wire.end),
            ]
        }) { _ in }
        let record = try #require(report.records.first)
        #expect(record.outcome == .completed && record.completionTokens == 2)
        #expect(record.ttftSeconds >= 0.03 && record.latencySeconds >= 0.07 && report.durationSeconds >= 0.12)
        #expect(abs(record.ttftSeconds + record.gapSeconds[0] - record.latencySeconds) < 1e-6)
    }

    @Test func `Refusals for want of room are no failures and say whether they have Retry-After`() async throws {
        let (report, _) = try await load({ number, _ in
            switch number % 3 {
            case 0: [.send(Wire.response("429 Too Many Requests", ["Retry-After: 2"], body: "{}"))]
            case 1: [.send(Wire.response("503 Service Unavailable", body: ""))]
            default: [.send(Wire.stream(3))]
            }
        }) {
            $0.requestCount = 9
            $0.maxConcurrency = 1
        }
        #expect(report.completed == 3 && report.failed == 0)
        #expect(report.rejections.count == 6 && report.rejections.withRetryAfter == 3)
        #expect(report.rejections.latency?.count == 6)
        #expect(report.ttft?.count == 3 && report.outputTokens == 9)
    }

    @Test func `Another status is a failure with the server's message`() async throws {
        let error = Wire.response("500 Oops", body: #"{"error":{"message":"the \"row\"\nis bad","type":"x"}}"#)
        #expect(
            try await failure([.send(error)])
                == .init(kind: "status_500", count: 1, firstMessage: "the \"row\" is bad"))
        #expect(
            try await failure([.send(Wire.response("404 No", body: "<html>"))])
                == .init(kind: "status_404", count: 1, firstMessage: "<html>"))
    }

    @Test func `Streams that break are failures of their kinds`() async throws {
        let start = Wire.head + Wire.output("a") + Wire.output("b")
        let cases: [(steps: [ScriptServer.Step], kind: String, word: String)] = [
            ([.send(start), .close], "closed", "after 2 outputs"),
            ([.close], "closed", "without an answer"),
            ([.send("HTTP/1.1 200 OK\r\n"), .close], "closed", "after 0 outputs"),
            ([.send("\u{0}\u{1}garbage\n")], "malformed", "not HTTP/1.1"),
            ([.send(Wire.head + "zz")], "malformed", "chunk"),
            ([.send(start + Wire.chunk("data: {\"choices\":\n"))], "malformed", "not a JSON object"),
            (
                [.send(start + Wire.chunk("data: {\"error\":{\"message\":\"out of luck\"}}\n\n"))], "stream_error",
                "luck"
            ),
            ([.send(start + Wire.end)], "incomplete", "2 outputs without [DONE]"),
            ([.send(Wire.response("200 OK", body: "{\"choices\":[]}"))], "incomplete", "0 outputs"),
            ([.send(Wire.head + Wire.done + Wire.end)], "empty", "before any output"),
            (
                [.send(start + String(repeating: Wire.output("x"), count: 1152))], "malformed", "8 were asked for"
            ),
        ]
        for (steps, kind, word) in cases {
            let failure = try await failure(steps)
            #expect(
                failure?.kind == kind && failure?.firstMessage.contains(word) == true, "\(String(describing: failure))")
        }
    }

    @Test func `A request that does not end in time is a failure`() async throws {
        for steps: [ScriptServer.Step] in [[.send(Wire.head + Wire.output("a"))], []] {
            let failure = try await failure(steps, timeout: .milliseconds(100))
            #expect(failure?.kind == "timeout" && failure?.firstMessage.contains("within 0.1 seconds") == true)
        }
    }

    @Test func `A stream whose end the connection's close marks is completed`() async throws {
        let (report, _) = try await load({ _, _ in
            let body = "data: {\"choices\":[{\"text\":\"a\"}]}\n\ndata: [DONE]\n\n"
            return [.send("HTTP/1.1 200 OK\r\n\r\n" + body), .close]
        }) { $0.requestCount = 3 }
        #expect(report.completed == 3 && report.outputTokens == 3 && report.inputTokens == 0)
    }

    @Test func `A server that goes away during the load is counted, not thrown`() async throws {
        let (report, requests) = try await load({ number, _ in number == 0 ? [.send(Wire.stream(2))] : [.close] }) {
            $0.requestCount = 4
            $0.maxConcurrency = 1
        }
        #expect(report.completed == 1 && report.failed == 3 && requests.count == 4)
        #expect(report.failures.map(\.kind) == ["closed"])
    }

    @Test func `The opening of a chat's answer is no output`() async throws {
        func delta(_ text: String) -> String { Wire.chunk("data: {\"choices\":[{\"delta\":{\(text)}}]}\n\n") }
        let answer =
            Wire.head + delta(#""role":"assistant","content":"""#) + delta(#""content":"Hi"# + "\"")
            + delta(#""content":"!"# + "\"") + Wire.done + Wire.end
        let (report, requests) = try await load({ _, _ in [.send(answer)] }) {
            $0.endpoint = .chatCompletions
            $0.dataset = try .texts(["say \"hi\"\n\u{1} é"])
            $0.takesText = true
        }
        #expect(report.records.first?.text == "Hi!" && report.outputTokens == 2)
        let request = try #require(requests.first)
        #expect(request.head.uri == "/v1/chat/completions")
        let body = try request.json
        #expect(body["messages"] as? [[String: String]] == [["role": "user", "content": "say \"hi\"\n\u{1} é"]])
        #expect(body["max_completion_tokens"] as? Int == 8 && body["stream"] as? Bool == true)
    }
}

extension String {
    fileprivate var wire: String { Wire.chunk(self) }
}
