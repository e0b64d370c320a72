import LLMGen
import LLMJSON

/// Requests as a service had them, in the columns of Mooncake's traces: `timestamp` in milliseconds, `input_length`,
/// `output_length`, and `hash_ids`, one for each block of 512 prompt tokens. Blocks of one id are the same tokens.
struct Trace: Sendable {
    struct Row: Sendable {
        let seconds: Double
        let inputLength: Int
        let outputLength: Int
        let blocks: [Int]
    }

    static let blockTokens = 512

    let rows: [Row]
    let vocabularySize: Int
    let seed: UInt64

    /// Reads a file of one object a line. The first request's time becomes 0; times are divided by `speed`.
    init(_ path: String, vocabularySize: Int, seed: UInt64, speed: Double) throws(LLMGenError) {
        var rows: [Row] = []
        var first = 0.0
        try DatasetFile(path).lines { number, fields throws(LLMGenError) in
            guard let timestamp = try fields.number("timestamp"), (0...1e15).contains(timestamp) else {
                throw fields.invalid("timestamp", "must be milliseconds, 0 or more")
            }
            if rows.isEmpty { first = timestamp }
            let seconds = (timestamp - first) / 1000 / speed
            guard seconds >= rows.last?.seconds ?? 0 else {
                throw fields.invalid("timestamp", "is before that of the line above; sort the lines")
            }
            let input = try fields.length("input_length")
            let blocks = try fields.array("hash_ids") ?? []
            guard blocks.count <= (input + Self.blockTokens - 1) / Self.blockTokens else {
                throw fields.invalid(
                    "hash_ids", "has \(blocks.count) blocks of \(Self.blockTokens), more than input_length \(input) has"
                )
            }
            var ids: [Int] = []
            for block in blocks {
                guard case .integer(let id) = block else {
                    throw fields.invalid("hash_ids", "has \(block.kindName); it must have whole numbers")
                }
                ids.append(id)
            }
            rows.append(
                Row(
                    seconds: seconds, inputLength: input, outputLength: try fields.length("output_length"),
                    blocks: ids))
        }
        self.rows = rows
        self.vocabularySize = vocabularySize
        self.seed = seed
    }

    /// The prompt's blocks come from their ids; what has none is the request's own.
    func conversation(_ index: Int) -> Dataset.Conversation {
        let row = rows[index]
        var ids: [TokenID] = []
        ids.reserveCapacity(row.inputLength)
        for block in row.blocks {
            var random = LoadRandom(seed: seed, stream: 1 << 63 ^ UInt64(bitPattern: Int64(block)))
            append(min(Self.blockTokens, row.inputLength - ids.count), &random, to: &ids)
        }
        var random = LoadRandom(seed: seed, stream: UInt64(index))
        append(row.inputLength - ids.count, &random, to: &ids)
        return Dataset.Conversation(
            [Dataset.Turn(.tokenIDs(ids), outputTokens: row.outputLength)], arrivalSeconds: row.seconds)
    }

    private func append(_ count: Int, _ random: inout LoadRandom, to ids: inout [TokenID]) {
        for _ in 0..<count { ids.append(TokenID.random(in: 0..<TokenID(vocabularySize), using: &random)) }
    }
}
