import Foundation
import LLMTestSupport
import Testing

@Suite struct TokenizeTests {
    /// A folder with a small `tokenizer.json` and nothing else.
    static let json = Paths.fixtures.appending(path: "tokenizer/json/byte-level-llama").path

    private struct Line: Decodable {
        let token_ids: [Int]?
        let pieces: [String]?
        let text: String?
        let index: Int?
        let error: String?
    }

    private func lines(_ run: Run) throws -> [Line] {
        try run.stdout.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    @Test func `tokenize prints ids with their pieces`() throws {
        let run = try Command.run("tokenize", "Once upon a time")
        #expect(run.status == 0 && run.stderr == "")
        #expect(run.stdout == "1     <s>\n2428  ▁Once\n700   ▁upon\n261   ▁a\n529   ▁time\n")
    }

    @Test func `The text comes from stdin where none is given, and BOS can be left out`() throws {
        let run = try Command.run(["tokenize", "--no-add-special-tokens", "--json"], input: "Once upon a time")
        let line = try #require(try lines(run).first)
        #expect(line.token_ids == [2428, 700, 261, 529] && line.pieces == ["▁Once", "▁upon", "▁a", "▁time"])
    }

    @Test func `--count prints a number, --decode a text`() throws {
        #expect(try Command.run("tokenize", "--count", "Once upon a time").stdout == "5\n")
        #expect(try Command.run("tokenize", "--decode", "2428,700,261,529").stdout == "Once upon a time\n")
        #expect(try lines(Command.run("tokenize", "--decode", "2428,700", "--json")).first?.text == "Once upon")
    }

    @Test(arguments: [json, json + "/tokenizer.json"])
    func `A tokenizer needs no model`(path: String) throws {
        let run = try Command.run("tokenize", "--model", path, "--json", "Hello wörld 字")
        let ids = try #require(try lines(run).first?.token_ids).map(String.init).joined(separator: ",")
        let back = try Command.run("tokenize", "--model", path, "--decode", ids)
        #expect(back.stdout == "<|start|>Hello wörld 字\n")
    }

    @Test func `--jsonl answers line by line, a bad one with its error`() throws {
        let input = """
            {"text": "Once upon"}
            {"token_ids": [2428, 700]}
            {"token_ids": [99999999]}
            {"text": 1}
            {"text": ""}
            """
        let run = try Command.run(["tokenize", "--jsonl"], input: input)
        #expect(run.status == 65)
        let lines = try lines(run)
        #expect(lines.count == 5)
        #expect(lines[0].token_ids == [1, 2428, 700] && lines[1].text == "Once upon")
        #expect(lines[2].index == 2 && lines[2].error?.contains("99999999") == true)
        #expect(lines[3].index == 3 && lines[3].error != nil && lines[4].token_ids == [1])
    }

    @Test(arguments: [
        ["--decode", "1", "text"], ["--jsonl", "text"], ["--count", "--json", "text"], ["--decode", "x"],
    ])
    func `Options that exclude one another are wrong usage`(arguments: [String]) throws {
        try Command.run(["tokenize"] + arguments).expectError(64, ["llmgen tokenize --help"])
    }

    @Test func `What is not there or damaged is an error that names it`() throws {
        try Command.run("tokenize", "--model", "/no/such", "x").expectError(66, ["/no/such"])
        try Command.run("tokenize", "--model", Command.tiny, "x").expectError(66, ["tokenizer.json"])
        try Command.run("tokenize", "--decode", "4096").expectError(65, ["4096", "4095"])
        try Paths.withTemporaryFolder { folder in
            let file = folder.appending(path: "tokenizer.json")
            try Data("{\"model\": 1}".utf8).write(to: file)
            try Command.run("tokenize", "--model", file.path, "x").expectError(65, ["tokenizer.json"])
        }
    }
}
