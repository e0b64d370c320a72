import Foundation
import LLMTestSupport
import LLMTokenizer
import Testing

/// Patterns through a splitter that removes what they do not match, held against Oniguruma in `tokenizers`.
@Suite struct RegexPatternTests {
    struct Reference: Decodable {
        struct Characters: Decodable {
            let pattern: String
            let ranges: [[UInt32]]
        }
        struct Match: Decodable {
            let pattern: String
            let text: String
            /// In scalars.
            let spans: [[Int]]
        }
        let sets: [Characters]
        let matches: [Match]
    }

    let reference: Reference

    init() throws {
        let file = Paths.fixtures.appending(path: "tokenizer/json/regex.json")
        reference = try JSONDecoder().decode(Reference.self, from: Data(contentsOf: file))
    }

    @Test func `Sets have the characters that Oniguruma's have`() throws {
        var everything = String.UnicodeScalarView()
        for value in UInt32(0)..<0x110000 { if let scalar = Unicode.Scalar(value) { everything.append(scalar) } }
        let text = String(everything)
        for set in reference.sets {
            let pieces = try RegexPattern("(?:\(set.pattern))+").matches(in: text)
            let ranges = pieces.map { piece -> [UInt32] in
                let scalars = piece.unicodeScalars
                return [scalars.first?.value ?? 0, scalars.last?.value ?? 0]
            }
            #expect(ranges == set.ranges, "\(set.pattern)")
        }
    }

    @Test func `Patterns match where Oniguruma's do`() throws {
        #expect(reference.matches.count > 200)
        for match in reference.matches {
            let pieces = try RegexPattern(match.pattern).matches(in: match.text)
            let scalars = Array(match.text.unicodeScalars)
            let expected = match.spans.map { span -> String in
                var text = String.UnicodeScalarView()
                text.append(contentsOf: scalars[span[0]..<span[1]])
                return String(text)
            }
            #expect(pieces == expected, "\(match.pattern) in \(match.text.debugDescription)")
        }
    }

    @Test(arguments: [
        "(", ")", "[a", "a)", "*a", "(?<n>a", #"\1"#, #"\k<n>"#, #"(a)\1"#, #"\K"#, #"\G"#, "(?(1)a|b)",
        #"\p{Nothing}"#,
        "[z-a]", "[[:nothing:]]", #"\x{110000}"#, #"\xE9"#, "(?z)", #"(?<=a+)b"#, "(?~a)", "\\", "a{3,1}",
        String(repeating: "(", count: 5000), String(repeating: "[", count: 5000),
    ])
    func `A pattern that cannot be used is an error that shows it`(pattern: String) throws {
        let error = try #require(throws: Damage.self) { try RegexPattern(pattern) }
        #expect(error.code == .unsupported && error.reason.contains(pattern.prefix(20)), "\(error.reason)")
        #expect(!error.reason.contains("\n") && error.reason.utf8.count < 2000)
    }

    @Test(arguments: ["(?:a+)+$x", "(?:a|aa)+x", "(a?){40}a{40}x", "(?:a*)*b", ".*.*.*.*.*x"])
    func `A pattern that backtracks without end is an error, not a hang`(pattern: String) throws {
        let probe = try RegexPattern(pattern)
        let text = String(repeating: "a", count: 3000)
        do {
            let pieces = try probe.matches(in: text)
            #expect(pieces.isEmpty)
        } catch let error as Damage {
            #expect(error.code == .encodingFailed && error.reason.contains("limit"), "\(error.reason)")
        }
    }

    @Test func `Long runs do not end in an error`() throws {
        let words = #"(?i:'s)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        for unit in [" ", "a", "\n", "!", " \n", "字", "a "] {
            let text = String(repeating: unit, count: 300_000) + "x"
            #expect(try RegexPattern(words).matches(in: text).joined() == text)
        }
    }
}

extension RegexPattern {
    /// The texts of the matches, without empty ones.
    fileprivate func matches(in text: String) throws -> [String] {
        let bytes = Array(text.utf8)
        var pieces: [String] = []
        var steps = Self.steps(for: bytes.count)
        try forEachMatch(in: bytes, 0..<bytes.count, steps: &steps) { match in
            if !match.isEmpty { pieces.append(String(decoding: bytes[match], as: UTF8.self)) }
        }
        return pieces
    }
}
