import Foundation
import LLMGen
import LLMTestSupport
import Testing

/// The table of the engine's metrics, and what has to have the same rows.
@Suite struct EngineMetricTests {
    /// The metric's property of `EngineMetrics`; the path of a computed one has no name.
    private func property(_ metric: EngineMetric) throws -> String {
        if case .share(let path) = metric.value, path == \EngineMetrics.kvUsage { return "kvUsage" }
        return String(try #require("\(metric.value)".firstMatch(of: /\\EngineMetrics\.(\w+)/)).1)
    }

    @Test func `Every property has one row, and one name`() throws {
        let recorder = MetricsRecorder(model: "m", kvBlocks: 1, maxModelLength: 1)
        var properties = Set(Mirror(reflecting: recorder.snapshot()).children.compactMap(\.label))
        properties.remove("secondsSinceLastStep")
        properties.insert("kvUsage")
        #expect(Set(try EngineMetric.all.map(property)) == properties)
        #expect(EngineMetric.all.count == properties.count)
        #expect(Set(EngineMetric.all.map(\.name)).count == EngineMetric.all.count)
    }

    @Test func `The documentation's table is the table`() throws {
        let page = try String(contentsOf: Paths.root.appending(path: "docs/metrics.md"), encoding: .utf8)
        let documented = page.split(separator: "\n").filter { $0.hasPrefix("| `llmgen_") }.map(String.init)
        let rows = try EngineMetric.all.map {
            """
            | `llmgen_\($0.name)` | `\(try property($0))` | \($0.kind) | \($0.unit.rawValue) | \($0.help) \
            | \($0.isInVLLM ? "yes" : "no") |
            """
        }
        #expect(documented == rows)
    }
}
