import Foundation
import LLMDialects
import LLMJSON
import LLMTestSupport
import Testing

/// Random texts through the parser of each dialect: nothing is lost, and pieces change nothing. `LLMGEN_FUZZ_TEXTS` says
/// how many, `LLMGEN_FUZZ_SEED` from which.
@Suite struct FuzzTests {
    private static func setting(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    private static let count = setting("LLMGEN_FUZZ_TEXTS") ?? 1000
    private static let seed = setting("LLMGEN_FUZZ_SEED") ?? UInt64.random(in: 0..<1 << 48)

    @Test(arguments: ToolDialect.known.map(\.name))
    func `Random texts are rebuilt from the events, however they are cut`(name: String) throws {
        let dialect = try #require(ToolDialect.named(name))
        let pieces = RandomText.pieces(of: dialect)
        for index in 0..<Self.count {
            var random = SeededGenerator(seed: Self.seed &+ index)
            let text = RandomText.text(pieces, &random)
            let tail = random.next() % 4 == 0 ? RandomText.text(pieces, &random) : []
            let prompt = String(decoding: tail, as: UTF8.self)
            let whole = Splits.events(text, [], dialect, tools: RandomText.tools, promptTail: prompt)
            let cuts = RandomText.cuts(text.count, &random)
            let cut = Splits.events(text, cuts, dialect, tools: RandomText.tools, promptTail: prompt)
            let isSame =
                Splits.source(whole) == text && Splits.source(cut) == text
                && Splits.summary(whole) == Splits.summary(cut)
            guard isSame else {
                Issue.record(
                    """
                    \(name), seed \(Self.seed &+ index), \(String(decoding: text, as: UTF8.self).debugDescription), \
                    cut at \(cuts), prompt \(prompt.debugDescription):
                    \(Splits.summary(whole))
                    \(Splits.summary(cut))
                    """)
                return
            }
        }
    }
}

/// Texts of a dialect's marks and of what may stand between them.
enum RandomText {
    static let tools = ["f", "get_weather"].map { name in
        let schema = #"{"properties": {"a": {"type": "string"}, "n": {"type": "integer"}, "l": {"type": "array"}}}"#
        return ToolDeclaration(name, schema: (try? JSONValue(Array(schema.utf8))) ?? .null)
    }

    private static let usual = [
        "f", "get_weather", "a", "n", "{", "}", "[", "]", "(", ")", "\"", "'", "\\", ",", ":", "=", ";", "\n", " ", "1",
        "12", "true", "None", "\"name\": \"f\"", "{\"name\": \"f\", \"arguments\": {\"a\": \"x\"}}", "{\"a\": 1}",
        "f(a=1)",
        "<", ">", "é", "日", "\u{0}", "\"id\": 3", "\"arguments\": ", "\n\n", "\\u00e9", "'''", "assistant",
        "to=functions.f",
        "{\"f\": {}}", "x y", "\\n", "0", "-", "e",
    ]

    static func pieces(of dialect: ToolDialect) -> [[UInt8]] {
        // A dialect's own marks make half of the text.
        let marks = dialect.literals.filter { !$0.isEmpty }
        let repeats = marks.isEmpty ? 0 : usual.count / marks.count + 1
        let parts = Array(repeating: marks, count: repeats).joined().map { $0 } + usual
        return parts.map { Array($0.utf8) }
    }

    static func text(_ pieces: [[UInt8]], _ random: inout SeededGenerator) -> [UInt8] {
        var text: [UInt8] = []
        for _ in 0..<random.next() % 24 {
            var piece = pieces[Int(random.next() % UInt64(pieces.count))]
            switch random.next() % 16 {
            case 0: piece = Array(piece.prefix(Int(random.next() % UInt64(piece.count + 1))))
            case 1: piece = [UInt8(truncatingIfNeeded: random.next())]
            default: break
            }
            text += piece
        }
        return text
    }

    static func cuts(_ count: Int, _ random: inout SeededGenerator) -> [Int] {
        guard random.next() % 4 > 0 else { return Array(0..<count) }
        return (0..<random.next() % 8).map { _ in Int(random.next() % UInt64(count + 1)) }.sorted()
    }
}
