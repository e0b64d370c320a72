import Foundation
import LLMTestSupport
import LLMTemplate
import Testing

/// Damaged templates either give a text or are refused with a `TemplateError`.
///
/// `LLMGEN_FUZZ_ITERATIONS` sets how many are tried, `LLMGEN_FUZZ_SEED` runs a seed that was printed once more.
@Suite struct JinjaFuzzTests {
    private let iterations = setting("LLMGEN_FUZZ_ITERATIONS").map(Int.init) ?? 5000
    private let seed = setting("LLMGEN_FUZZ_SEED") ?? UInt64.random(in: 0...UInt64.max)

    private static func setting(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test func damagedTemplatesRenderOrAreRefused() throws {
        print("fuzz: \(iterations) damaged templates from LLMGEN_FUZZ_SEED=\(seed)")
        let cases = try ChatTemplateFixtures.conformance() + ChatTemplateFixtures.chats()
        let pieces = cases.map { Array($0.template.unicodeScalars) }
        var rendered = 0
        var malformed = 0
        var failed = 0
        for iteration in 0..<iterations {
            var mutator = TemplateMutator(seed: seed &+ UInt64(iteration), pieces: pieces)
            let example = cases[mutator.number(below: cases.count)]
            do {
                _ = try render(mutator.damaged(example.template), example.variables)
                rendered += 1
            } catch let error as TemplateError {
                #expect(!error.message.contains("\n"), "seed \(seed &+ UInt64(iteration))")
                if error.code == .malformedTemplate { malformed += 1 } else { failed += 1 }
            }
        }
        print("fuzz: \(rendered) rendered, \(malformed) malformed, \(failed) failed")
        #expect(
            rendered > iterations / 100 && malformed > iterations / 100 && failed > iterations / 100, "seed \(seed)")
    }
}

/// Damages a template: characters, tags, names and numbers are changed, moved, doubled, and taken from other templates.
private struct TemplateMutator {
    var generator: SeededGenerator
    let pieces: [[Unicode.Scalar]]

    init(seed: UInt64, pieces: [[Unicode.Scalar]]) {
        generator = SeededGenerator(seed: seed)
        self.pieces = pieces
    }

    private static let tokens = [
        "{{", "}}", "{%", "%}", "{#", "#}", "{%-", "-%}", "(", ")", "[", "]", "{", "}", "|", ".", ",", ":", "=", "==",
        "~", "+",
        "-", "*", "/", "//", "%", "**", "<", "not ", " in ", " is ", " if ", " else ", "loop", "ns", "messages", "none",
        "true",
        "''", "'a'", "0", "1", "-1", "9223372036854775807", "1e308", "99999", "0x7f", "|length", "|list", "|tojson",
        "|join",
        "|map('upper')", "|sort", "|string", "|int", "|groupby('a')", "|indent", "|wordwrap(3)", "[::-1]", "[1:]",
        "[-1]",
        ".items()", ".split('a')", ".format(1)", ".replace('', 'x')", "{% endif %}", "{% endfor %}", "{% else %}",
        "{% for x in range(99) %}", "{% set x = [x, x] %}", "{% set ns.x = ns %}", "{% macro m(x) %}", "{% endmacro %}",
        "m(m)",
        "{% break %}", "loop(x)", "caller()", "é", "\u{301}", "\u{0}", "\n", "\"", "'", "\\",
    ].map { Array($0.unicodeScalars) }

    mutating func number(below bound: Int) -> Int { Int.random(in: 0..<max(bound, 1), using: &generator) }

    /// One or two kinds of damage to `template`.
    mutating func damaged(_ template: String) -> String {
        var scalars = Array(template.unicodeScalars)
        for _ in 0..<Int.random(in: 1...2, using: &generator) { damage(&scalars) }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    private mutating func damage(_ text: inout [Unicode.Scalar]) {
        let place = number(below: text.count)
        let range = place..<min(text.count, place + 1 + number(below: 24))
        let target = number(below: text.count + 1)
        switch number(below: 9) {
        case 0 where !text.isEmpty: text[place] = Unicode.Scalar(UInt8(number(below: 128)))
        case 1: text.removeSubrange(range)
        case 2: text.insert(contentsOf: text[range], at: target)
        case 3: text.removeSubrange(place...)
        case 4, 5: text.insert(contentsOf: Self.tokens[number(below: Self.tokens.count)], at: target)
        case 6: text.replaceSubrange(range, with: Self.tokens[number(below: Self.tokens.count)])
        case 7:
            let other = pieces[number(below: pieces.count)]
            let start = number(below: other.count)
            text.insert(contentsOf: other[start..<min(other.count, start + 1 + number(below: 60))], at: target)
        default:
            let token = Self.tokens[number(below: Self.tokens.count)]
            text.insert(contentsOf: repeatElement(token, count: 1 << number(below: 8)).joined(), at: target)
        }
    }
}
