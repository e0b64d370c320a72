import Foundation
import LLMModels
import LLMTensor
import LLMTestSupport
import Testing

/// Small random checkpoints against what Hugging Face transformers computes with them in float32.
@Suite struct ParityTests {
    struct Reference: Decodable {
        struct Case: Decodable {
            let prompt: [Int32]
            let logits: [[Float]]?
            let last_logits: [Float]
            let greedy: [Int32]
        }
        let cases: [Case]
        /// Of the prompt of 7 tokens.
        let last_hidden_state: [[Float]]
    }

    /// Every folder of `Tests/Fixtures/models`.
    static let fixtures = FileManager.default.subpaths(atPath: Paths.fixtures.appending(path: "models").path)!
        .filter { $0.hasSuffix("/reference.json") }.map { String($0.dropLast("/reference.json".count)) }.sorted()

    private func reference(_ fixture: String) throws -> (ModelDriver, Reference) {
        let folder = Paths.fixtures.appending(path: "models/\(fixture)")
        let data = try Data(contentsOf: folder.appending(path: "reference.json"))
        return (try ModelDriver(folder: folder), try JSONDecoder().decode(Reference.self, from: data))
    }

    @Test(arguments: fixtures)
    func `Logits at every position equal those of transformers`(fixture: String) throws {
        let (driver, reference) = try reference(fixture)
        for entry in reference.cases {
            let logits = driver.logits([entry.prompt])[0]
            let tolerance = 2e-4 * (entry.last_logits.map(abs).max() ?? 0)
            #expect(largestDifference(logits.last ?? [], entry.last_logits) < tolerance)
            for (ours, theirs) in zip(logits, entry.logits ?? []) {
                #expect(largestDifference(ours, theirs) < 2e-4 * (theirs.map(abs).max() ?? 0))
            }
        }
    }

    @Test(arguments: fixtures)
    func `Greedy continuations equal those of transformers`(fixture: String) throws {
        let (driver, reference) = try reference(fixture)
        for entry in reference.cases {
            let logits = driver.logits([entry.prompt + entry.greedy])[0]
            for (index, token) in entry.greedy.enumerated() {
                let row = logits[entry.prompt.count - 1 + index]
                #expect(row.indices.max { row[$0] < row[$1] } == Int(token))
            }
        }
    }

    @Test(arguments: fixtures)
    func `Hidden states equal those of transformers`(fixture: String) throws {
        let (driver, reference) = try reference(fixture)
        let entry = try #require(reference.cases.first { $0.prompt.count == 7 })
        let hidden = driver.hiddenStates([entry.prompt])[0]
        #expect(hidden.count == reference.last_hidden_state.count)
        for (ours, theirs) in zip(hidden, reference.last_hidden_state) {
            #expect(largestDifference(ours, theirs) < 2e-4 * (theirs.map(abs).max() ?? 0))
        }
    }

    @Test(arguments: fixtures)
    func `The config keys of transformers 4 and 5 give the same model`(fixture: String) throws {
        let folder = Paths.fixtures.appending(path: "models/\(fixture)")
        let others = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasPrefix("config-transformers4") }
        try #require(!others.isEmpty)
        let prompt: [Int32] = [1, 17, 42, 99, 5]
        let logits = try ModelDriver(folder: folder).logits([prompt])
        for other in others { #expect(try ModelDriver(folder: folder, config: other).logits([prompt]) == logits) }
    }

    private func largestDifference(_ ours: [Float], _ theirs: [Float]) -> Float {
        guard ours.count == theirs.count else { return .infinity }
        return zip(ours, theirs).map { abs($0 - $1) }.max() ?? 0
    }
}

/// The bundled model against what transformers computed with it.
@Suite struct BundledModelTests {
    struct Reference: Decodable {
        struct Entry: Decodable {
            struct Logit: Decodable {
                let id: Int
                let logit: Float
            }
            let prompt_ids: [Int32]
            let top5_first: [Logit]
            let greedy_ids: [Int32]
        }
        let entries: [Entry]
    }

    @Test func `The largest logits after each prompt are within 0.001 of transformers`() throws {
        let data = try Data(contentsOf: Paths.fairytale.appending(path: "reference.json"))
        let entries = try JSONDecoder().decode(Reference.self, from: data).entries
        let driver = try ModelDriver(folder: Paths.fairytale)
        let logits = driver.logits(entries.map(\.prompt_ids))
        #expect(entries.count == 8)
        for (entry, logits) in zip(entries, logits) {
            let last = try #require(logits.last)
            let largest = last.indices.sorted { last[$0] > last[$1] }.prefix(5)
            #expect(Array(largest) == entry.top5_first.map(\.id))
            for top in entry.top5_first { #expect(abs(last[top.id] - top.logit) < 1e-3) }
        }
    }
}
