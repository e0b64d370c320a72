import LLMGen
import LLMJSON
import Testing

/// Output formats without a model.
@Suite struct FormatProbeTests {
    @Test func `A text that a format takes is accepted, another refused with the place and what could come`() throws {
        let probe = try FormatProbe(.json(schema: #"{"type": "array", "items": {"type": "boolean"}}"#))
        #expect(try probe.verdict(on: Array("[true, false]".utf8)) == .accepted)
        guard
            case .refused(let offset, let line, let column, let expected) = try probe.verdict(
                on: Array("[true,\n 1]".utf8))
        else {
            Issue.record("1 is no boolean")
            return
        }
        #expect((offset, line, column) == (8, 2, 2))
        #expect(expected.contains("f") && expected.contains("t") && !expected.contains("1"))
        guard case .incomplete(let rest) = try probe.verdict(on: Array("[true".utf8)) else {
            Issue.record("the array is open")
            return
        }
        #expect(rest.contains(",") && rest.contains("]") && !rest.contains("the end"))
    }

    @Test func `Samples are taken by their format, and are the same for the same seed`() throws {
        let probe = try FormatProbe(
            .json(schema: #"{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}"#))
        let samples = try probe.samples(20, seed: 3)
        #expect(samples.count == 20 && Set(samples).count > 5)
        for sample in samples { #expect(try probe.verdict(on: sample) == .accepted) }
        #expect(try probe.samples(20, seed: 3) == samples)
        #expect(try probe.samples(20, seed: 4) != samples)
    }
}
