import Foundation
import LLMBench
import LLMGen
import LLMTestSupport
import Testing

/// Where a load's requests come from.
@Suite struct DatasetTests {
    private func ids(_ content: Dataset.Content) -> [TokenID] {
        if case .tokenIDs(let ids) = content { ids } else { [] }
    }

    @discardableResult private func file<R>(_ text: String, _ body: (String) throws -> R) throws -> R {
        try Paths.withTemporaryFolder { folder in
            let file = folder.appending(path: "data")
            try Data(text.utf8).write(to: file)
            return try body(file.path)
        }
    }

    // MARK: Random

    @Test func `Random prompts have exactly the length that was asked for, and a seed fixes them`() throws {
        let dataset = try Dataset.random { $0.vocabularySize = 50 }
        let again = try Dataset.random { $0.vocabularySize = 50 }
        for index in 0..<100 {
            let conversation = dataset.conversation(index)
            #expect(conversation.turns.count == 1 && conversation.turns[0].outputTokens == 8)
            let ids = ids(conversation.turns[0].content)
            #expect(ids.count == 4 && ids.allSatisfy { (0..<50).contains($0) })
            #expect(conversation == again.conversation(index))
        }
        #expect(dataset.conversation(0) != dataset.conversation(1))
        #expect(dataset.conversation(0) != dataset.conversation(0, isWarmUp: true))
        #expect(dataset.count == nil && !dataset.hasTimes)
    }

    @Test func `With a range ratio lengths spread evenly over the whole range`() throws {
        let dataset = try Dataset.random { ($0.inputLength, $0.outputLength, $0.rangeRatio) = (10, 20, 0.5) }
        let turns = (0..<2000).map { dataset.conversation($0).turns[0] }
        #expect(Set(turns.map { ids($0.content).count }) == Set(5...15))
        #expect(Set(turns.map(\.outputTokens)) == Set(10...30))
        let mean = turns.reduce(0) { $0 + $1.outputTokens } / turns.count
        #expect((19...21).contains(mean))
        // A length is never 0.
        let short = try Dataset.random { ($0.inputLength, $0.outputLength, $0.rangeRatio) = (1, 1, 1) }
        #expect((0..<50).allSatisfy { (1...2).contains(ids(short.conversation($0).turns[0].content).count) })
    }

    @Test func `Prefixes repeat in turn, and what follows is each prompt's own`() throws {
        let dataset = try Dataset.random { ($0.prefixLength, $0.prefixCount) = (6, 3) }
        let prompts = (0..<9).map { ids(dataset.conversation($0).turns[0].content) }
        #expect(prompts.allSatisfy { $0.count == 10 })
        #expect(Set(prompts.map { $0.prefix(6) }).count == 3 && Set(prompts.map { $0.suffix(4) }).count == 9)
        for index in 3..<9 { #expect(prompts[index].prefix(6) == prompts[index - 3].prefix(6)) }
    }

    static let refusals: [(change: @Sendable (inout RandomPrompts) -> Void, word: String)] = [
        ({ $0.inputLength = 0 }, "input-len is 0"), ({ $0.outputLength = -1 }, "output-len is -1"),
        ({ $0.rangeRatio = 1.5 }, "range-ratio is 1.5"), ({ $0.rangeRatio = .nan }, "range-ratio is nan"),
        ({ $0.prefixLength = -1 }, "shared-prefix-len is -1"), ({ $0.prefixCount = 0 }, "num-prefixes is 0"),
        ({ $0.turns = 0 }, "turns is 0"), ({ $0.vocabularySize = 0 }, "vocab-size is 0"),
        ({ $0.thinkSeconds = -1 }, "think-time is -1"),
        ({ ($0.prefixCount, $0.prefixLength) = (1_000_000, 10_000_000) }, "10000000000000"),
    ]

    @Test(arguments: refusals.indices)
    func `A length out of its range is refused`(index: Int) {
        var prompts = RandomPrompts()
        DatasetTests.refusals[index].change(&prompts)
        #expect { try Dataset(prompts) } throws: { error in
            guard let error = error as? LLMGenError else { return false }
            return error.code == .invalidArgument && error.message.contains(DatasetTests.refusals[index].word)
        }
    }

    // MARK: Traces

    @Test func `A trace has its times, its lengths, and blocks that repeat`() throws {
        let trace = """
            {"timestamp": 2000, "input_length": 1100, "output_length": 7, "hash_ids": [5, 9, 2]}
            {"timestamp": 2500, "input_length": 1030, "output_length": 3, "hash_ids": [5, 9, 8], "type": "chat"}

            {"timestamp": 5000, "input_length": 600, "output_length": 1, "hash_ids": [9]}
            """
        let dataset = try file(trace) { try Dataset.trace($0, vocabularySize: 1000, seed: 3, speed: 2) }
        #expect(dataset.count == 3 && dataset.hasTimes)
        let conversations = (0..<3).map { dataset.conversation($0) }
        #expect(conversations.map(\.arrivalSeconds) == [0, 0.25, 1.5])
        #expect(conversations.map { $0.turns[0].outputTokens } == [7, 3, 1])
        let prompts = conversations.map { ids($0.turns[0].content) }
        #expect(prompts.map(\.count) == [1100, 1030, 600])
        #expect(prompts[0].prefix(1024) == prompts[1].prefix(1024) && prompts[0][1024] != prompts[1][1024])
        #expect(prompts[2].prefix(512) == prompts[0][512..<1024])
        let again = try file(trace) { try Dataset.trace($0, vocabularySize: 1000, seed: 3) }
        #expect(ids(again.conversation(2).turns[0].content) == prompts[2])
    }

    @Test(arguments: [
        ("", "no line"), ("[1]", "line 1"), ("{", "line 1"),
        (#"{"timestamp": -1, "input_length": 1, "output_length": 1}"#, "timestamp"),
        (#"{"timestamp": 1e999, "input_length": 1, "output_length": 1}"#, "timestamp"),
        (#"{"timestamp": 0, "input_length": 0, "output_length": 1}"#, "input_length is 0"),
        (#"{"timestamp": 0, "input_length": 1, "output_length": 99999999999}"#, "output_length is 99999999999"),
        (#"{"timestamp": 0, "input_length": 512, "output_length": 1, "hash_ids": [1, 2]}"#, "2 blocks"),
        (#"{"timestamp": 0, "input_length": 512, "output_length": 1, "hash_ids": ["a"]}"#, "hash_ids"),
        (#"{"timestamp": 0, "input_length": 512}"#, "output_length is missing"),
        (
            #"{"timestamp": 9, "input_length": 1, "output_length": 1}"# + "\n"
                + #"{"timestamp": 8, "input_length": 1, "output_length": 1}"#, "line 2"
        ),
    ])
    func `A trace that makes no sense is refused with its line`(text: String, word: String) throws {
        try file(text) { path in
            #expect { try Dataset.trace(path, vocabularySize: 10) } throws: { error in
                guard let error = error as? LLMGenError else { return false }
                return error.code == .invalidInput && error.message.contains(word) && error.message.contains(path)
            }
        }
    }

    // MARK: Lines

    @Test func `Lines are texts, ids, messages or conversations of several turns`() throws {
        let lines = """
            {"prompt": "Once"}
            {"prompt_token_ids": [1, 2], "max_tokens": 5}
            {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]}
            {"turns": [{"prompt": "a"}, {"prompt": "b", "think_s": 1.5, "max_tokens": 3}]}
            """
        let dataset = try file(lines) { try Dataset.lines($0, outputLength: 9) }
        let all = (0..<4).map { dataset.conversation($0) }
        #expect(all[0].turns == [.init(.text("Once"), outputTokens: 9)])
        #expect(all[1].turns == [.init(.tokenIDs([1, 2]), outputTokens: 5)])
        #expect(
            all[2].turns[0].content
                == .messages([.init(role: "system", content: "s"), .init(role: "user", content: "u")]))
        #expect(
            all[3].turns == [
                .init(.text("a"), outputTokens: 9), .init(.text("b"), outputTokens: 3, thinkSeconds: 1.5),
            ])
        #expect(!dataset.hasTimes && dataset.conversation(4) == all[0])
        let timed = try file(#"{"prompt": "a", "timestamp": 100}"# + "\n" + #"{"prompt": "b", "timestamp": 350}"#) {
            try Dataset.lines($0)
        }
        #expect(timed.hasTimes && timed.conversation(1).arrivalSeconds == 0.25)
    }

    @Test(arguments: [
        ("{}", "prompt"), (#"{"prompt": "a", "messages": []}"#, "empty"),
        (#"{"prompt": "a", "prompt_token_ids": [1]}"#, "one of the three"), (#"{"prompt": "a", "x": 1}"#, "x"),
        (#"{"turns": []}"#, "turns"), (#"{"turns": [1]}"#, "turns[0]"), (#"{"turns": [{}]}"#, "turns[0].prompt"),
        (#"{"prompt": "a", "max_tokens": 0}"#, "max_tokens is 0"), (#"{"prompt": "a", "think_s": -1}"#, "think_s"),
        (#"{"messages": [{"role": "user"}]}"#, "messages[0]"), (#"{"prompt_token_ids": [1.5]}"#, "prompt_token_ids[0]"),
        (#"{"prompt": "a", "timestamp": 5}"# + "\n" + #"{"prompt": "b"}"#, "1 of 2 lines"),
    ])
    func `A line that makes no sense is refused`(text: String, word: String) throws {
        try file(text) { path in
            #expect { try Dataset.lines(path) } throws: { error in
                guard let error = error as? LLMGenError else { return false }
                return error.code == .invalidInput && error.message.contains(word)
            }
        }
    }

    // MARK: ShareGPT

    /// Counts characters.
    private func count(_ text: String) -> Int { text.count }

    @Test func `Of ShareGPT the first question is taken, with the answer's length, within vLLM's limits`() throws {
        func conversation(_ prompt: Int, _ answer: Int) -> String {
            let (prompt, answer) = (String(repeating: "p", count: prompt), String(repeating: "a", count: answer))
            return #"{"id": "x", "conversations": [{"from": "human", "value": "\#(prompt)"}, "#
                + #"{"from": "gpt", "value": "\#(answer)"}, {"from": "human", "value": "more"}]}"#
        }
        let text =
            "["
            + [(3, 10), (10, 3), (1025, 10), (1024, 1024), (1024, 1025), (20, 30), (21, 31)].map(conversation)
            .joined(separator: ",") + #", {"conversations": []}, "#
            + #"{"conversations": [{"from": "human", "value": "lone"}]}]"#
        let all = try file(text) { try Dataset.shareGPT($0, count: nil, seed: 1, tokens: count) }
        let turns = (0..<(all.count ?? 0)).map { all.conversation($0).turns[0] }
        #expect(Set(turns.map(\.outputTokens)) == [1024, 30, 31])
        for turn in turns {
            guard case .text(let prompt) = turn.content else { return #expect(Bool(false)) }
            #expect(prompt.count == [1024: 1024, 30: 20, 31: 21][turn.outputTokens])
        }
        let one = try file(text) { try Dataset.shareGPT($0, count: 1, outputLength: 7, seed: 1, tokens: count) }
        #expect(one.count == 1 && one.conversation(0).turns[0].outputTokens == 7)
        let orders = try (0..<20).map { seed in
            try file(text) {
                try Dataset.shareGPT($0, count: nil, seed: seed, tokens: count).conversation(0).turns[0].outputTokens
            }
        }
        #expect(Set(orders).count > 1)
    }

    @Test(arguments: ["", "{}", "[1]", "[{}]", #"[{"conversations": []}]"#, "[" + String(repeating: "[", count: 1000)])
    func `A file that is no ShareGPT is refused`(text: String) throws {
        try file(text) { path in
            #expect { try Dataset.shareGPT(path, count: nil, tokens: count) } throws: {
                ($0 as? LLMGenError)?.code == .invalidInput
            }
        }
    }

    @Test func `A file that is not there, or is a folder, is refused`() throws {
        for path in ["/no/such/file", "/tmp", "/dev/zero"] {
            #expect { try Dataset.lines(path) } throws: { ($0 as? LLMGenError)?.code == .notFound }
        }
    }

    @Test func `Damaged files are refused or read, and nothing else`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        let whole = Array(
            #"{"turns": [{"messages": [{"role": "user", "content": "é"}], "max_tokens": 3}], "timestamp": 5}"#.utf8)
        for _ in 0..<500 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                switch Int.random(in: 0..<3, using: &random) {
                case 0:
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: Int.random(in: 0..<bytes.count, using: &random))
                default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: 0)
                }
            }
            try Paths.withTemporaryFolder { folder in
                let path = folder.appending(path: "data").path
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                do { _ = try Dataset.lines(path) } catch { #expect(error is LLMGenError, "seed \(seed)") }
            }
        }
    }
}
