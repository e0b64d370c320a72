import Foundation
import LLMBench
import LLMGen
import LLMTestSupport
import Testing

/// Repeated runs and their comparison, by examples worked by hand.
@Suite struct StatisticsTests {
    @Test func `The deviation divides by one less than the runs`() throws {
        let samples = try #require(Samples([2, 4, 9]))
        #expect(samples.mean == 5 && abs((samples.deviation ?? 0) - 13.0.squareRoot()) < 1e-12)
        #expect(Samples([7])?.deviation == nil)
        #expect(Samples([]) == nil && Samples([1, .nan]) == nil)
    }

    @Test func `The spread is half of Welch's interval over the first mean`() throws {
        // scipy.stats.ttest_ind([12, 11, 13], [10, 10.5, 9.5, 10], equal_var=False).confidence_interval(): 2 ± 2.1636
        let first = try #require(Samples([10, 10.5, 9.5, 10]))
        let second = try #require(Samples([12, 11, 13]))
        let ratio = try #require(first.ratio(of: second))
        #expect(abs(ratio.ratio - 1.2) < 1e-12)
        // 1 / 3 and (1 / 6) / 4 of the means; 2.511 degrees of freedom, taken as 2.
        let spread = 4.303 * (1.0 / 3 + 1.0 / 24).squareRoot() / 10
        #expect(abs((ratio.spread ?? 0) - spread) < 1e-9 && ratio.differs == false)
        let other = try #require(Samples([20, 21, 19, 20]))
        let far = try #require(first.ratio(of: other))
        #expect(far.differs == true && abs(far.ratio - 2) < 1e-12)
    }

    @Test func `One run has no spread, and no verdict`() throws {
        let (one, two) = (try #require(Samples([10])), try #require(Samples([20, 21])))
        let ratio = try #require(one.ratio(of: two))
        #expect(ratio.ratio == 2.05 && ratio.spread == nil && ratio.differs == nil)
        let zero = try #require(Samples([0, 0]))
        #expect(zero.ratio(of: one) == nil)
    }

    private func compare(_ first: String, _ second: String) throws -> Comparison {
        try Paths.withTemporaryFolder { folder in
            let paths = ["a", "b"].map { folder.appending(path: $0).path }
            try Data(first.utf8).write(to: URL(fileURLWithPath: paths[0]))
            try Data(second.utf8).write(to: URL(fileURLWithPath: paths[1]))
            return try Comparison(paths[0], paths[1])
        }
    }

    @Test func `A verdict stands where the difference is larger than the spread, the right way round`() throws {
        let comparison = try compare(
            """
            a table
            {"threads": 2, "model": "m", "samples": {"x_per_s": [10, 11, 9], "p50_ms": [100, 101, 99], "y_per_s": [1], \
            "z_per_s": [5, 7], "odd": [1, 2]}}

            """,
            """
            {"threads": 4, "model": "m", "samples": {"x_per_s": [20, 21, 19], "p50_ms": [200, 201, 199], "y_per_s": [2], \
            "z_per_s": [6, 6.5], "odd": [9, 9]}}
            """)
        #expect(comparison.rows.map(\.name) == ["x_per_s", "p50_ms", "y_per_s", "z_per_s"])
        #expect(comparison.rows.map(\.verdict) == [.better, .worse, .unknown, .same])
        #expect(comparison.differences.map { [$0.name, $0.first, $0.second] } == [["threads", "2", "4"]])
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"samples": 1}"#, #"{"samples": {"x_per_s": 1}}"#, #"{"samples": {"x_per_s": ["a"]}}"#,
        #"{"samples": {"x_per_s": []}}"#, #"{"samples": {"x_per_s": [1e999]}}"#, #"{"samples": {"other_per_s": [1]}}"#,
    ])
    func `A file that is no report is refused`(text: String) throws {
        #expect { try compare(#"{"samples": {"x_per_s": [1]}}"#, text) } throws: {
            ($0 as? LLMGenError)?.code == .invalidInput
        }
    }

    @Test func `Figures are means, deviations and samples in one object`() throws {
        let figures = Figures([
            [("a", 1), ("b", nil), ("c", 5)], [("a", 3), ("b", nil), ("c", nil)],
        ])
        let object = try #require(
            JSONSerialization.jsonObject(with: JSONEncoder().encode(figures)) as? [String: Any])
        #expect(object["a"] as? Double == 2 && object["b"] is NSNull && object["c"] as? Double == 5)
        #expect(object["samples"] as? [String: [Double]] == ["a": [1, 3], "c": [5]])
        #expect((object["sd"] as? [String: Double])?.keys.sorted() == ["a"] && object["runs"] as? Int == 2)
    }
}
