import Foundation
import LLMTestSupport
import Testing

@Suite struct TokenizeChatTests {
    private static let story = Paths.root.appending(path: "docs/examples/story.jinja").path

    /// Runs `llmgen tokenize --chat` on `json`.
    private func tokenize(_ json: String, _ arguments: String...) throws -> Run { try tokenize(json, arguments) }

    private func tokenize(_ json: String, _ arguments: [String]) throws -> Run {
        try Paths.withTemporaryFolder { folder in
            let file = folder.appending(path: "case.json")
            try Data(json.utf8).write(to: file)
            return try Command.run(["tokenize", "--chat", file.path] + arguments)
        }
    }

    private let hello =
        #"{"messages": [{"role": "user", "content": "Once upon"}, {"role": "user", "content": "a time"}]}"#

    @Test func `A conversation is rendered by the model's template and encoded`() throws {
        let run = try tokenize(hello)
        #expect(run.stdout.hasPrefix("1     <s>\n3834  On\n332   ce\n700   ▁upon\n"), "\(run.stdout)\(run.stderr)")
        #expect(try tokenize(hello, "--render").stdout == "<s>Once upon\na time")
        #expect(try tokenize(hello, "--count", "--chat-template", TokenizeChatTests.story).stdout == "6\n")
        #expect(try tokenize(hello, "--json").stdout.contains(#""token_ids":[1,3834,332,700,"#))
    }

    @Test func `With --render a template needs no model, and special tokens have their usual names`() throws {
        try Paths.withTemporaryFolder { folder in
            let template = folder.appending(path: "t.jinja")
            try Data("{{ bos_token }}{{ eos_token }} {{ tools }} {{ documents }} {{ add_generation_prompt }}".utf8)
                .write(to: template)
            let run = try tokenize(#"{"eos_token": "E"}"#, "--render", "--chat-template", template.path)
            #expect(run.status == 0 && run.stdout == "<s>E None None True", "\(run.stderr)")
            let json = Paths.fixtures.appending(path: "tokenizer/json/byte-level-llama").path
            let model = try tokenize("{}", "--render", "--chat-template", template.path, "--model", json)
            #expect(model.stdout == " None None True", "\(model.stderr)")
        }
    }

    @Test func `Messages get the form that the template reads, and none with --verbatim`() throws {
        try Paths.withTemporaryFolder { folder in
            let template = folder.appending(path: "t.jinja")
            try Data("{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}".utf8).write(to: template)
            let json =
                #"{"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, "#
                + #"{"role": "assistant", "content": null}]}"#
            let arguments = ["--render", "--chat-template", template.path]
            #expect(try tokenize(json, arguments).stdout == "[user]Hi[assistant]")
            #expect(
                try tokenize(json, arguments + ["--verbatim"]).stdout
                    == "[user][{'type': 'text', 'text': 'Hi'}][assistant]None")
            try tokenize(#"{"messages": [{"role": "user"}]}"#, arguments).expectError(65, ["messages[0].content"])
        }
        try Command.run("tokenize", "--verbatim", "x").expectError(64, ["--chat FILE"])
    }

    @Test func `What a template refuses, or no template, is bad input`() throws {
        try Paths.withTemporaryFolder { folder in
            let template = folder.appending(path: "t.jinja")
            try Data("\n{{ raise_exception('no roles') }}".utf8).write(to: template)
            try tokenize(hello, "--render", "--chat-template", template.path).expectError(65, ["no roles", "line 2"])
            try tokenize("[]", "--render").expectError(65, ["messages"])
            try tokenize("{", "--render").expectError(65, ["JSON"])
            let json = Paths.fixtures.appending(path: "tokenizer/json/byte-level-llama").path
            try tokenize(hello, "--model", json).expectError(65, ["--chat-template"])
        }
        try Command.run("tokenize", "--chat", "/no/such").expectError(66, ["conversation file"])
    }

    @Test(arguments: [
        ["--render"], ["--chat-template", "x"], ["--chat", "x", "text"], ["--chat", "x", "--jsonl"],
        ["--chat", "x", "--decode", "1"], ["--chat", "x", "--render", "--count"],
    ])
    func `Options that exclude one another are wrong usage`(arguments: [String]) throws {
        let named = arguments.contains("--count") ? "--render" : "--chat"
        try Command.run(["tokenize"] + arguments).expectError(64, [named])
    }
}
