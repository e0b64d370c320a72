import Foundation
import LLMTestSupport
import LLMTokenizer
import Testing

/// Random texts encode and decode, and damaged files load or are refused: nothing traps or hangs.
///
/// `LLMGEN_FUZZ_ITERATIONS` sets how many are tried, `LLMGEN_FUZZ_SEED` runs a seed that was printed once more.
@Suite struct TokenizerFuzzTests {
    private let iterations = setting("LLMGEN_FUZZ_ITERATIONS").map(Int.init) ?? 600
    private let seed = setting("LLMGEN_FUZZ_SEED") ?? UInt64.random(in: 0...UInt64.max)

    private static func setting(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test func `Random texts encode, and what is decoded encodes again`() throws {
        print("fuzz: \(10 * iterations) texts from LLMGEN_FUZZ_SEED=\(seed)")
        let tokenizers = try JSONFixture.names.map(JSONFixture.tokenizer)
        for iteration in 0..<10 * iterations {
            var generator = SeededGenerator(seed: seed &+ UInt64(iteration))
            let tokenizer = tokenizers[iteration % tokenizers.count]
            let text = Self.text(&generator)
            let ids = try tokenizer.encode(text, addSpecialTokens: Bool.random(using: &generator))
            let size = tokenizer.vocabularySize
            #expect(ids.allSatisfy { 0 <= $0 && $0 < size }, "seed \(seed), iteration \(iteration)")
            let random = ids.map { _ in TokenID.random(in: -1...TokenID(size), using: &generator) }
            _ = tokenizer.decode(random)
            if iteration % tokenizers.count == 0 {
                // Bytes lose nothing, but added tokens may take spaces with them, and `Éa` reads as a byte and a letter.
                // Scalar by scalar: a character may be more than its sign.
                let plain = String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != "<" && $0 != "\u{C9}" }))
                let back = tokenizer.decode(try tokenizer.encode(plain, addSpecialTokens: false))
                #expect(isSame(back, plain), "seed \(seed), iteration \(iteration)")
            }
        }
    }

    @Test func `Damaged tokenizer files load or are refused`() throws {
        print("fuzz: \(iterations) damaged tokenizer.json files from LLMGEN_FUZZ_SEED=\(seed)")
        let files = try JSONFixture.names.map { name in
            try [UInt8](Data(contentsOf: JSONFixture.folder(name).appending(path: "tokenizer.json")))
        }
        var (loaded, refused) = (0, 0)
        for iteration in 0..<iterations {
            var mutator = Mutator(seed: seed &+ UInt64(iteration))
            let file = mutator.damaged(files[iteration % files.count])
            do {
                let tokenizer = try PipelineTokenizer(json: file)
                loaded += 1
                var generator = SeededGenerator(seed: seed &+ UInt64(iteration))
                do {
                    let ids = try tokenizer.encode(Self.text(&generator), addSpecialTokens: true)
                    _ = tokenizer.decode(ids, skipSpecialTokens: false)
                } catch { #expect(error.code == .encodingFailed) }
            } catch {
                refused += 1
                #expect(!error.message.contains("\n") && error.message.utf8.count < 4000)
            }
        }
        #expect(loaded > iterations / 100 && refused > iterations / 10, "\(loaded) and \(refused), seed \(seed)")
    }

    private static func text(_ generator: inout SeededGenerator) -> String {
        var scalars = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...24, using: &generator) {
            let limit: UInt32 =
                [0x80, 0x80, 0x250, 0x3000, 0x1_0000, 0x11_0000].randomElement(using: &generator) ?? 0x80
            guard let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &generator)) else { continue }
            let count = Int.random(in: 0..<20, using: &generator) == 0 ? Int.random(in: 2...40, using: &generator) : 1
            for _ in 0..<count { scalars.append(scalar) }
            if Int.random(in: 0..<12, using: &generator) == 0 {
                let words = ["<|end|>", "<left>", " word ", "<both>", "<s>", "[UNK]", "▁", "##", "<0xE2>"]
                scalars.append(contentsOf: (words.randomElement(using: &generator) ?? "").unicodeScalars)
            }
        }
        return String(scalars)
    }
}

/// Damages JSON as a broken writer or an attacker would; the same seed does the same damage.
private struct Mutator {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    private static let insertions = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "null", "true", "-1", "1e999", "99999999999",
        "4294967296", "\u{0}", "é", "()", "(?", "*", "+", "{2}", "[^", "\\\\p{L}", "(a+)+", "\u{301}",
    ]

    /// One to three kinds of damage to `text`, most of them near its beginning, where the steps are told.
    mutating func damaged(_ text: [UInt8]) -> [UInt8] {
        var text = text
        for _ in 0..<number(1...3) { damage(&text) }
        return text
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    private mutating func damage(_ text: inout [UInt8]) {
        guard text.count > 1 else { return }
        let near = number(0...2) == 0 ? text.count - 1 : min(text.count - 1, 2500)
        let place = number(0...near)
        let range = place..<min(text.count, place + number(1...24))
        switch number(0...8) {
        case 0: text[place] ^= 1 << UInt8(number(0...7))
        case 1: text[place] = UInt8(number(0...255))
        case 2, 3: text.insert(contentsOf: Self.insertions[number(0...Self.insertions.count - 1)].utf8, at: place)
        case 4: text.insert(contentsOf: text[range], at: number(0...near))
        case 5: text.removeSubrange(range)
        case 6: exchange(&text, from: place)
        case 7: text.replaceSubrange(range, with: Self.insertions[number(0...Self.insertions.count - 1)].utf8)
        default: text.removeSubrange(number(0...20) == 0 ? place..<text.count : range)
        }
    }

    /// Puts one string in the place of another.
    private mutating func exchange(_ text: inout [UInt8], from place: Int) {
        let words = [
            "\"NFC\"", "\"Replace\"", "\"Split\"", "\"ByteLevel\"", "\"Metaspace\"", "\"BPE\"", "\"Unigram\"",
            "\"WordPiece\"", "\"WordLevel\"", "\"Sequence\"", "\"Strip\"", "\"Fuse\"", "\"Isolated\"", "\"\"", "0",
            "true",
        ]
        guard let start = text[place...].firstIndex(of: UInt8(ascii: "\"")),
            let end = text[(start + 1)...].firstIndex(of: UInt8(ascii: "\""))
        else { return }
        text.replaceSubrange(start...end, with: words[number(0...words.count - 1)].utf8)
    }
}
