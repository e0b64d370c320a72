public import LLMGen
import LLMJSON

extension Dataset {
    /// Counts a text's tokens.
    public typealias Count = (String) throws(LLMGenError) -> Int

    // MARK: Traces

    /// A trace with times; ``Trace`` has its columns. Other columns are passed over.
    ///
    /// - Parameters:
    ///   - vocabularySize: ids of prompts are below this.
    ///   - speed: how many times faster than in the file the requests come.
    /// - Throws: ``LLMGenError`` `notFound` or `invalidInput`, with the file and the line.
    public static func trace(
        _ path: String, vocabularySize: Int, seed: UInt64 = 0, speed: Double = 1
    ) throws(LLMGenError) -> Dataset {
        try BenchOption.check("vocab-size", vocabularySize, 1...Int(Int32.max))
        try BenchOption.check("trace-speed", speed, speed > 0 && speed.isFinite, "above 0")
        let trace = try Trace(path, vocabularySize: vocabularySize, seed: seed, speed: speed)
        return Dataset(trace, summary: "trace of \(trace.rows.count) requests")
    }

    // MARK: ShareGPT

    /// The lengths that vLLM keeps of ShareGPT: prompts and answers of at least 4 tokens, prompts of at most 1,024,
    /// both together at most 2,048.
    private static let (leastTokens, mostPrompt, mostTogether) = (4, 1024, 2048)

    /// The first question of each conversation of a ShareGPT file, in an order that the seed fixes, each with as many
    /// tokens to generate as its answer has.
    ///
    /// - Parameters:
    ///   - count: how many to take; nil for all.
    ///   - outputLength: tokens to generate in the place of an answer's length.
    /// - Throws: ``LLMGenError`` `notFound` or `invalidInput`, with the file and the place.
    public static func shareGPT(
        _ path: String, count: Int?, outputLength: Int? = nil, seed: UInt64 = 0, tokens: Count
    ) throws(LLMGenError) -> Dataset {
        var pairs = try shareGPTPairs(DatasetFile(path))
        var random = LoadRandom(seed: seed, stream: 0)
        pairs.shuffle(using: &random)
        var conversations: [Conversation] = []
        for pair in pairs where conversations.count < count ?? .max {
            let prompt = try tokens(pair.prompt)
            let answer = if let outputLength { outputLength } else { try tokens(pair.answer) }
            guard prompt >= leastTokens, answer >= leastTokens, prompt <= mostPrompt, prompt + answer <= mostTogether
            else { continue }
            conversations.append(Conversation([Turn(.text(pair.prompt), outputTokens: answer)]))
        }
        guard !conversations.isEmpty else {
            throw LLMGenError(
                code: .invalidInput,
                message:
                    "'\(path)' has no conversation with a question of \(leastTokens) to \(mostPrompt) tokens and an answer "
                    + "with which it has at most \(mostTogether); give another file")
        }
        return try Dataset(conversations, summary: "ShareGPT, \(conversations.count) questions")
    }

    private static func shareGPTPairs(
        _ file: DatasetFile
    ) throws(LLMGenError) -> [(prompt: String, answer: String)] {
        var pairs: [(String, String)] = []
        do throws(JSONError) {
            var reader = JSONReader(file.bytes, part: "'\(file.path)'")
            try reader.beginArray()
            while try reader.nextElement() {
                let value = try reader.value(takesAnyText: true)
                guard case .object(let members) = value, case .array(let turns)? = members["conversations"],
                    turns.count >= 2, case .object(let question) = turns[0], case .object(let answer) = turns[1],
                    case .string(let prompt)? = question["value"], case .string(let text)? = answer["value"]
                else {
                    // Some conversations of the published file have one turn or none.
                    guard case .object(let members) = value, case .array? = members["conversations"] else {
                        throw reader.failure("a conversation is an object with an array 'conversations'")
                    }
                    continue
                }
                pairs.append((prompt, text))
            }
            try reader.finish()
        } catch {
            throw LLMGenError(code: .invalidInput, message: "\(error.message); give a ShareGPT file", cause: error)
        }
        return pairs
    }

    // MARK: JSON lines

    /// A file of one object a line: `prompt`, `prompt_token_ids` or `messages`, or `turns`, a list of objects that each
    /// have one of these, and `think_s`; where they are wanted `max_tokens`, and `timestamp` in milliseconds.
    ///
    /// - Parameter outputLength: tokens to generate where a line does not say.
    /// - Throws: ``LLMGenError`` `notFound` or `invalidInput`, with the file and the line.
    public static func lines(_ path: String, outputLength: Int = 128, speed: Double = 1) throws(LLMGenError) -> Dataset
    {
        try BenchOption.check("output-len", outputLength, 1...DatasetFile.lengthLimit)
        try BenchOption.check("trace-speed", speed, speed > 0 && speed.isFinite, "above 0")
        var conversations: [Conversation] = []
        var first: Double?
        try DatasetFile(path).lines { number, fields throws(LLMGenError) in
            var seconds: Double?
            if let timestamp = try fields.number("timestamp") {
                guard (0...1e15).contains(timestamp) else {
                    throw fields.invalid("timestamp", "must be milliseconds, 0 or more")
                }
                if first == nil { first = timestamp }
                seconds = (timestamp - (first ?? 0)) / 1000 / speed
                guard let seconds, seconds >= conversations.last?.arrivalSeconds ?? 0 else {
                    throw fields.invalid("timestamp", "is before that of a line above; sort the lines")
                }
            }
            var turns: [Turn] = []
            if let parts = try fields.array("turns") {
                for (index, part) in parts.enumerated() {
                    guard case .object(let members) = part else {
                        throw fields.invalid("turns[\(index)]", "is \(part.kindName); it must be an object")
                    }
                    var own = JSONFields<LLMGenError>(members, path: "turns[\(index)]")
                    turns.append(try turn(&own, outputLength))
                    try own.finish()
                }
                guard !turns.isEmpty else { throw fields.invalid("turns", "is empty; give at least one") }
            } else {
                turns = [try turn(&fields, outputLength)]
            }
            try fields.finish()
            conversations.append(Conversation(turns, arrivalSeconds: seconds))
        }
        let timed = conversations.count { $0.arrivalSeconds != nil }
        guard timed == 0 || timed == conversations.count else {
            throw LLMGenError(
                code: .invalidInput,
                message:
                    "'\(path)': \(timed) of \(conversations.count) lines have a timestamp; give it to all or to none")
        }
        return try Dataset(conversations, summary: "'\(path)', \(conversations.count) lines")
    }

    private static func turn(
        _ fields: inout JSONFields<LLMGenError>, _ outputLength: Int
    ) throws(LLMGenError) -> Turn {
        let content: Content
        switch (try fields.text("prompt"), try fields.tokenIDs("prompt_token_ids"), try messages(&fields)) {
        case (let text?, nil, nil): content = .text(text)
        case (nil, let ids?, nil): content = .tokenIDs(ids)
        case (nil, nil, let messages?): content = .messages(messages)
        default: throw fields.invalid("prompt", "or prompt_token_ids or messages must be there; give one of the three")
        }
        let think = try fields.number("think_s") ?? 0
        guard (0...1e6).contains(think) else {
            throw fields.invalid("think_s", "is \(think); it must be from 0 to 1000000 seconds")
        }
        return Turn(content, outputTokens: try fields.optionalLength("max_tokens") ?? outputLength, thinkSeconds: think)
    }

    private static func messages(_ fields: inout JSONFields<LLMGenError>) throws(LLMGenError) -> [Message]? {
        guard let values = try fields.array("messages") else { return nil }
        var messages: [Message] = []
        for (index, value) in values.enumerated() {
            guard case .object(let members) = value else {
                throw fields.invalid("messages[\(index)]", "is \(value.kindName); it must be an object")
            }
            var own = JSONFields<LLMGenError>(members, path: "messages[\(index)]")
            guard let role = try own.text("role"), let content = try own.text("content") else {
                throw own.invalid("role", "and content must be there, both texts")
            }
            try own.finish()
            messages.append(Message(role: role, content: content))
        }
        guard !messages.isEmpty else { throw fields.invalid("messages", "is empty; give at least one") }
        return messages
    }
}
