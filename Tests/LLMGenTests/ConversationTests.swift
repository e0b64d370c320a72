import Foundation
import LLMGen
import LLMTestSupport
import Testing

@Suite struct ConversationTests {
    @Test func `The system message is replaced, kept when the rest is cleared, and removed`() {
        var conversation = Conversation(system: "Be brief.")
        conversation.append(role: "user", content: "Hello")
        conversation.system = "Be kind."
        #expect(conversation.system == "Be kind." && conversation.messages.count == 2)
        conversation.clear()
        #expect(conversation.system == "Be kind." && conversation.messages.count == 1)
        conversation.system = nil
        #expect(conversation.system == nil && conversation.messages.isEmpty)
        conversation.removeLast()
        conversation.clear()
        #expect(conversation.messages.isEmpty)
    }

    @Test func `A file keeps what it is given, with the members that llmgen does not read`() throws {
        let text = """
            {
              "messages": [
                {
                  "role": "user",
                  "content": "\\"Ä\\n字\\" \\u0001"
                },
                {
                  "role": "assistant",
                  "content": null,
                  "tool_calls": [
                    {
                      "x": 1,
                      "a": 2.5
                    }
                  ]
                }
              ]
            }

            """
        #expect(try Conversation(json: Array(text.utf8)).json() == text)
        try Paths.withTemporaryFolder { folder in
            let path = folder.appending(path: "c.json").path
            for _ in 0..<2 { try Conversation(json: Array(text.utf8)).save(to: path) }
            #expect(try Conversation(file: path).json() == text)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["c.json"])
        }
    }

    @Test(arguments: [
        ("", "byte 0"), ("[]", "messages"), ("{}", "messages"), (#"{"messages": {}}"#, "messages"),
        (#"{"messages": [1]}"#, "message 0"), (#"{"messages": [{"content": "x"}]}"#, "role"),
        (#"{"messages": [{"role": 1, "content": "x"}]}"#, "role"), (#"{"messages": [{"role": ""}]}"#, "role"),
        (#"{"messages": [{"role": "user"}, {"role": "user", "content": 1}]}"#, "message 1"),
        (#"{"messages": [], "tools": []}"#, "tools"), (#"{"messages": []} x"#, "byte"),
        (#"{"messages": [], "messages": []}"#, "twice"), ("{\"messages\": [\"\\ud800\"]}", "surrogate"),
        (String(repeating: "[", count: 100_000), "nest"),
    ])
    func `What is no conversation is an error that names the place`(json: String, words: String) throws {
        let error = try #require(throws: LLMGenError.self) { try Conversation(json: Array(json.utf8)) }
        #expect(error.code == .invalidInput && error.message.contains(words), "\(error)")
    }

    @Test func `A number beyond doubles is not written as what JSON does not have`() throws {
        let json = #"{"messages": [{"role": "user", "content": "x", "weight": 1e999}]}"#
        let error = try #require(throws: LLMGenError.self) { try Conversation(json: Array(json.utf8)).json() }
        #expect(error.code == .invalidInput && error.message.contains("number"))
    }

    @Test func `Files that are not there, no files or too large are refused`() throws {
        try Paths.withTemporaryFolder { folder in
            func code(_ path: String) throws -> (LLMGenError.Code, String) {
                let error = try #require(throws: LLMGenError.self) { try Conversation(file: path) }
                return (error.code, error.message)
            }
            #expect(try code(folder.appending(path: "none").path).0 == .notFound)
            #expect(try code(folder.path).0 == .invalidInput)
            #expect(try code("/dev/zero").0 == .invalidInput)
            let large = folder.appending(path: "large.json")
            try Data(repeating: 32, count: 16 << 20 + 1).write(to: large)
            #expect(try code(large.path).1.contains("16777216"))
            let error = try #require(throws: LLMGenError.self) {
                try Conversation().save(to: folder.appending(path: "none/c.json").path)
            }
            #expect(error.code == .invalidArgument && error.message.contains("none/c.json"))
        }
    }
}
