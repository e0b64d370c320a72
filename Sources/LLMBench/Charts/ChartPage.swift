import Foundation

/// Charts under a title, as one SVG picture.
public struct ChartPage: Sendable {
    /// The title, and what was measured on what.
    public let title, subtitle: String
    /// The charts, two in a row.
    public let charts: [Chart]

    /// A page.
    public init(_ title: String, subtitle: String, _ charts: [Chart]) {
        self.title = title
        self.subtitle = subtitle
        self.charts = charts
    }

    /// Colors that differ for all kinds of eyes (Okabe and Ito).
    private static let colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
    private static let (width, height, head) = (560.0, 380.0, 64.0)
    private static let (left, right, top, bottom) = (78.0, 24.0, 62.0, 52.0)

    /// The picture.
    public var svg: String {
        let columns = charts.count > 1 ? 2 : 1
        let rows = (charts.count + columns - 1) / columns
        let (width, height) = (Double(columns) * Self.width, Self.head + Double(rows) * Self.height)
        var svg = """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(width))" height="\(Int(height))" \
            viewBox="0 0 \(Int(width)) \(Int(height))" font-family="Helvetica, Arial, DejaVu Sans, sans-serif" \
            font-size="12" fill="#222">
            <rect width="100%" height="100%" fill="white"/>
            \(Self.text(title, 24, 30, "font-size=\"18\" font-weight=\"bold\""))
            \(Self.text(subtitle, 24, 50, "fill=\"#555\""))

            """
        for (index, chart) in charts.enumerated() {
            let (x, y) = (
                Double(index % columns) * Self.width, Self.head + Double(index / columns) * Self.height
            )
            svg += "<g transform=\"translate(\(Int(x)) \(Int(y)))\">\n\(Self.drawing(chart))</g>\n"
        }
        return svg + "</svg>\n"
    }

    // MARK: One chart

    private static func drawing(_ chart: Chart) -> String {
        let points = chart.series.flatMap(\.points)
        let x = Axis(points.map(\.x), startsAtZero: true, isLogarithmic: chart.isLogarithmic && !points.isEmpty)
        let y = Axis(points.map(\.y), startsAtZero: true, isLogarithmic: false)
        let (plotWidth, plotHeight) = (width - left - right, height - top - bottom)
        func at(_ point: (x: Double, y: Double)) -> (Double, Double) {
            (left + x.place(point.x) * plotWidth, top + (1 - y.place(point.y)) * plotHeight)
        }
        var svg = text(chart.title, left, 20, "font-size=\"14\" font-weight=\"bold\"") + "\n"
        if let band = chart.band {
            let (from, to) = (at((band.from, 0)).0, at((band.to, 0)).0)
            svg += "<rect x=\"\(number(from))\" y=\"\(number(top))\" width=\"\(number(max(0, to - from)))\" "
            svg += "height=\"\(number(plotHeight))\" fill=\"#f0f0f0\"/>\n"
            let middle = (from + to) / 2
            svg += text(band.name, middle, top + 14, "fill=\"#777\" font-size=\"11\" text-anchor=\"middle\"") + "\n"
        }
        for mark in y.marks {
            let place = at((x.low, mark)).1
            svg += line(left, place, left + plotWidth, place, "#ddd")
            svg += text(Axis.text(mark), left - 8, place + 4, "text-anchor=\"end\"") + "\n"
        }
        for mark in x.marks {
            let place = at((mark, y.low)).0
            svg += line(place, top + plotHeight, place, top + plotHeight + 5, "#222")
            svg += text(Axis.text(mark), place, top + plotHeight + 19, "text-anchor=\"middle\"") + "\n"
        }
        svg += line(left, top + plotHeight, left + plotWidth, top + plotHeight, "#222")
        svg += line(left, top, left, top + plotHeight, "#222")
        svg += text(chart.xLabel, left + plotWidth / 2, height - 12, "text-anchor=\"middle\"") + "\n"
        svg +=
            text(
                chart.yLabel, 0, 0,
                "text-anchor=\"middle\" transform=\"translate(18 \(number(top + plotHeight / 2))) rotate(-90)\"") + "\n"
        var legend = left
        for (index, series) in chart.series.enumerated() {
            let color = colors[index % colors.count]
            svg += drawing(series, color, at, right: left + plotWidth)
            svg += "<rect x=\"\(number(legend))\" y=\"33\" width=\"14\" height=\"4\" fill=\"\(color)\"/>\n"
            svg += text(series.name, legend + 19, 40, "font-size=\"11\"") + "\n"
            legend += 36 + 6.3 * Double(series.name.count)
        }
        if points.isEmpty {
            svg += text("nothing was measured", left + plotWidth / 2, top + plotHeight / 2, "text-anchor=\"middle\"")
        }
        return svg
    }

    private static func drawing(
        _ series: Chart.Series, _ color: String, _ at: ((x: Double, y: Double)) -> (Double, Double), right: Double
    ) -> String {
        var path: [String] = []
        for (index, point) in series.points.enumerated() {
            let (x, y) = at(point)
            if index > 0, case .steps = series.style {
                path.append("\(number(x)),\(number(at(series.points[index - 1]).1))")
            }
            path.append("\(number(x)),\(number(y))")
        }
        var svg = "<polyline points=\"\(path.joined(separator: " "))\" fill=\"none\" stroke=\"\(color)\" "
        svg += "stroke-width=\"2\" stroke-linejoin=\"round\"/>\n"
        if case .marked(let words) = series.style {
            for (point, word) in zip(series.points, words) {
                let (x, y) = at(point)
                svg += "<circle cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"4\" fill=\"\(color)\"/>\n"
                let isNearEdge = x > right - 40
                svg +=
                    text(
                        word, isNearEdge ? x - 8 : x + 8, y - 8,
                        "font-size=\"11\"" + (isNearEdge ? " text-anchor=\"end\"" : "")) + "\n"
            }
        }
        return svg
    }

    // MARK: Elements

    private static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ color: String) -> String {
        "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" stroke=\"\(color)\"/>\n"
    }

    private static func text(_ text: String, _ x: Double, _ y: Double, _ attributes: String) -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\" \(attributes)>\(escaped(text))</text>"
    }

    private static func number(_ value: Double) -> String { String(format: "%.1f", value) }

    /// Text between tags. Characters that XML does not have become question marks.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case _ where scalar.value < 32 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: escaped += "?"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
