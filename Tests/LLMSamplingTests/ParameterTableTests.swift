import Foundation
import LLMSampling
import LLMTestSupport
import Testing

@Suite struct ParameterTableTests {
    /// docs/parameters.md, as the rows say it.
    private var documented: [String] {
        SamplingParameters.all.map { row in
            let fallback = (row.modelKey.map { "`\($0)` of the model, else " } ?? "") + (row.shownDefault ?? "none")
            return "| `\(row.name)` | \(row.kindName) | \(row.rangeText) | \(fallback) | \(row.help) |"
        }
    }

    @Test func `The documented parameters are the parameters`() throws {
        let page = try String(contentsOf: Paths.root.appending(path: "docs/parameters.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
        #expect(rows == documented, "the page must have\n\(documented.joined(separator: "\n"))")
    }

    @Test func `No two parameters have one name, and every help is a sentence`() {
        #expect(SamplingParameters.all.count > 30)
        #expect(Set(SamplingParameters.all.map(\.name)).count == SamplingParameters.all.count)
        for row in SamplingParameters.all {
            #expect(row.help.hasSuffix(".") && !row.help.contains("\n"), "\(row.name)")
        }
    }
}
