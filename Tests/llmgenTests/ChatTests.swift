import Foundation
import LLMTestSupport
import Testing

@Suite struct ChatTests {
    private static let story = Paths.root.appending(path: "docs/examples/story.jinja").path
    private static let greedy = ["chat", "--temperature", "0", "--max-tokens", "12"]

    private struct Saved: Decodable {
        struct Message: Decodable, Equatable {
            let role: String
            let content: String
        }
        let messages: [Message]
    }

    private func saved(_ file: URL) throws -> [Saved.Message] {
        try JSONDecoder().decode(Saved.self, from: Data(contentsOf: file)).messages
    }

    /// The lines of stderr that tell of answers.
    private func turns(_ run: Run) -> [String] {
        run.stderr.split(separator: "\n").filter { $0.contains("of them cached") }.map(String.init)
    }

    @Test func `Each line is answered, with what was said before`() throws {
        let run = try Command.run(
            ChatTests.greedy + ["--chat-template", ChatTests.story], input: "Once upon a time\n\nThe king said\r\n")
        #expect(run.status == 0, "\(run.stderr)")
        #expect(turns(run).count == 2 && !run.stderr.contains("> "), "\(run.stderr)")
        /// What the model goes on with after a text, encoded as the template's are: BOS is a part of it.
        func answer(to text: String) throws -> String {
            let ids = try Command.run("tokenize", "<s>" + text, "--no-add-special-tokens", "--json").stdout
            let list = try #require(ids.firstMatch(of: /"token_ids":\[([0-9,]*)\]/)?.1)
            return try Command.run(
                "generate", "--prompt-token-ids", String(list), "--temperature", "0", "--max-tokens", "12"
            ).stdout
        }
        let first = try answer(to: "Once upon a time")
        let said = first.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(run.stdout == first + (try answer(to: "Once upon a time \(said) The king said")))
    }

    @Test func `Tokens that the turn before computed are cached, and the line says so`() throws {
        let run = try Command.run(
            ["chat", "--temperature", "0", "--max-tokens", "48", "--ignore-eos"],
            input: "Once upon a time\nThe eldest son\nThe youngest son\n")
        let cached = turns(run).compactMap { $0.firstMatch(of: /(\d+) of them cached/).flatMap { Int($0.1) } }
        #expect(cached.count == 3 && cached[0] == 0 && cached[2] >= 32, "\(run.stderr)")
    }

    @Test func `A conversation is saved, loaded and gone on with`() throws {
        try Paths.withTemporaryFolder { folder in
            let file = folder.appending(path: "c.json")
            let first = try Command.run(
                ChatTests.greedy + ["--system", "A tale."], input: "Once upon a time\n/save \(file.path)\nThe king\n")
            let messages = try saved(file)
            #expect(messages.map(\.role) == ["system", "user", "assistant"], "\(first.stderr)")
            #expect(messages[0].content == "A tale." && messages[1].content == "Once upon a time")
            #expect(first.stdout.hasPrefix(messages[2].content + "\n"))
            let second = try Command.run(ChatTests.greedy, input: "/load \(file.path)\nThe king\n")
            #expect(first.stdout == messages[2].content + "\n" + second.stdout && second.status == 0)
        }
    }

    @Test func `A message of several lines ends where its lines say`() throws {
        try Paths.withTemporaryFolder { folder in
            let file = folder.appending(path: "c.json")
            let block = "\"\"\"\n/clear\n\n three \n\"\"\"\n"
            let input = "one\\\ntwo\n\(block)/save \(file.path)\n"
            _ = try Command.run(ChatTests.greedy, input: input)
            #expect(try saved(file).filter { $0.role == "user" }.map(\.content) == ["one\ntwo", "/clear\n\n three "])
            _ = try Command.run(
                ChatTests.greedy + ["--system", "S"], input: "a\n/clear\n/system T\n/save \(file.path)")
            #expect(try saved(file) == [.init(role: "system", content: "T")])
        }
    }

    @Test func `What cannot be done is an error, and the session goes on`() throws {
        let run = try Command.run(
            ChatTests.greedy,
            input: """
                /nope
                /load /no/such/file
                /params temperature 5
                /params top_kk 1
                /params n 2
                /save
                /quit now
                The king
                """)
        #expect(run.status == 65 && turns(run).count == 1)
        let errors = run.stderr.split(separator: "\n").filter { $0.hasPrefix("error: ") }
        let words = ["/help", "/no/such/file", "temperature", "top_k", "conversation", "path", "/quit"]
        #expect(errors.count == words.count, "\(run.stderr)")
        for (error, word) in zip(errors, words) { #expect(error.contains(word), "\(error)") }
    }

    @Test func `Parameters are set, shown and unset`() throws {
        let run = try Command.run(
            ["chat", "--seed", "4", "--max-tokens", "12"],
            input: "/params temperature 0\n/params stop END\n/params\nOnce\n/params temperature default\n/quit\nmore\n")
        let plain = try Command.run(ChatTests.greedy, input: "Once\n")
        #expect(run.status == 0 && run.stdout == plain.stdout && turns(run).count == 1)
        let lines = run.stderr.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(lines.contains("seed 4") && lines.contains("temperature 0") && lines.contains(#"stop ["END"]"#))
        #expect(lines.last?.hasPrefix("temperature is not set:") == true, "\(run.stderr)")
    }

    @Test func `A conversation that is too long is refused with what to do, never cut`() throws {
        let long = String(repeating: "The king went to the castle. ", count: 20)
        let run = try Command.run(ChatTests.greedy + ["--max-model-len", "64"], input: "\(long)\nThe king\n")
        #expect(run.status == 65 && turns(run).count == 1, "\(run.stderr)")
        #expect(run.stderr.contains("room for 64") && run.stderr.contains("/clear"), "\(run.stderr)")
    }

    @Test func `Ctrl-C stops the answer and not the session`() throws {
        try Paths.withTemporaryFolder { folder in
            let file = folder.appending(path: "c.json")
            let arguments = [
                "chat", "--seed", "2", "--ignore-eos", "--max-tokens", "900", "--cpu-features", "scalar", "--threads",
                "1",
            ]
            let input = "Once upon a time\n/save \(file.path)\n/params max_tokens 3\nThen\n"
            let run = try Command.start(arguments, input: input) { command in
                try command.wait(on: "stdout")
                command.interrupt()
            }
            #expect(run.status == 0 && !run.signaled && turns(run).count == 2, "\(run.stderr)")
            #expect(turns(run)[0].hasSuffix("abort") && turns(run)[1].hasSuffix("length"))
            let messages = try saved(file)
            #expect(messages.count == 2 && run.stdout.hasPrefix(messages[1].content + "\n"))
        }
    }

    @Test func `A model without a template says how to give one`() throws {
        try ModelFolder.with { folder in
            try Command.run("chat", "--model", folder.path).expectError(65, ["--chat-template"])
        }
        try Command.run("chat", "--chat-template", "/no/such").expectError(66, ["/no/such"])
        try Command.run("chat", "--n", "2").expectError(64, ["n has no use"])
    }
}
