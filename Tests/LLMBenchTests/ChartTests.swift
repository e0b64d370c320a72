import Foundation
import FoundationXML
import LLMBench
import Testing

/// Charts as SVG.
@Suite struct ChartTests {
    private func lines(_ svg: String) throws -> [[(x: Double, y: Double)]] {
        try svg.matches(of: /<polyline points="([^"]*)"/).map { match in
            try match.1.split(separator: " ").map { pair in
                let numbers = pair.split(separator: ",").compactMap { Double($0) }
                try #require(numbers.count == 2)
                return (numbers[0], numbers[1])
            }
        }
    }

    @Test func `A page is well-formed, and has the names of charts, axes and curves`() throws {
        let charts = [
            Chart("a < b", x: "time, s", y: "tokens/s", [Chart.Series("one & two", [(0, 1), (1, 3), (2, 2)])]),
            Chart(
                "log", x: "ms", y: "%", isLogarithmic: true,
                [Chart.distribution("values", [1, 10, 100, 1000]), Chart.Series("none", [])]),
            Chart("marked", x: "x", y: "y", [Chart.Series("s", [(1, 1), (2, 5)], style: .marked(["m1", "m2"]))]),
        ]
        let svg = ChartPage("title \u{1}", subtitle: "sub", charts).svg
        let parser = XMLParser(data: Data(svg.utf8))
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        for word in ["a &lt; b", "one &amp; two", "time, s", "tokens/s", "title ?", "m2", ">values<", ">1 k<"] {
            #expect(svg.contains(word) || word == ">1 k<" && svg.contains(">1000<"), "\(word)")
        }
    }

    @Test func `Points lie where their values are`() throws {
        let chart = Chart("c", x: "x", y: "y", [Chart.Series("s", [(0, 0), (5, 50), (10, 100)])])
        let points = try #require(try lines(ChartPage("t", subtitle: "", [chart]).svg).first)
        #expect(points.count == 3)
        #expect(points[0].x < points[1].x && points[0].y > points[1].y)
        // Halfway between the two others.
        #expect(abs(points[1].x - (points[0].x + points[2].x) / 2) < 0.11)
        #expect(abs(points[1].y - (points[0].y + points[2].y) / 2) < 0.11)
    }

    @Test func `Steps hold a value up to the next`() throws {
        let chart = Chart("c", x: "x", y: "y", [Chart.Series("s", [(0, 1), (1, 2)], style: .steps)])
        let points = try #require(try lines(ChartPage("t", subtitle: "", [chart]).svg).first)
        #expect(points.count == 3 && points[1].y == points[0].y && points[1].x == points[2].x)
    }

    @Test func `What cannot be drawn is left out`() throws {
        let values: [(x: Double, y: Double)] = [(.nan, 1), (1, .infinity), (-1, 5), (0, 5), (2, 5)]
        let charts = [false, true].map { isLogarithmic in
            Chart("c", x: "x", y: "y", isLogarithmic: isLogarithmic, [Chart.Series("s", values)])
        }
        let svg = ChartPage("t", subtitle: "", charts + [Chart("empty", x: "x", y: "y", [])]).svg
        #expect(try lines(svg).map(\.count) == [3, 1])
        #expect(!svg.contains("nan") && !svg.contains("inf") && svg.contains("nothing was measured"))
    }

    @Test(arguments: [[1e-9], [5, 5], [0], [1e12, 3e12], [-5, 5], [0.001, 1000], [3, 4000]])
    func `Any range has an axis`(values: [Double]) throws {
        for isLogarithmic in [false, true] {
            let points = values.map { (x: $0, y: $0) }
            let chart = Chart("c", x: "x", y: "y", isLogarithmic: isLogarithmic, [Chart.Series("s", points)])
            let svg = ChartPage("t", subtitle: "", [chart]).svg
            #expect(XMLParser(data: Data(svg.utf8)).parse() && !svg.contains("nan") && svg.utf8.count < 100_000)
        }
    }

    @Test func `A distribution rises to all of the values`() {
        let series = Chart.distribution("d", (0..<10_000).map { Double($0 % 1000) })
        #expect(series.points.count <= 501 && series.points.last?.y == 100 && series.points.last?.x == 999)
        #expect(zip(series.points, series.points.dropFirst()).allSatisfy { $0.x <= $1.x && $0.y <= $1.y })
    }
}
