/// A chart of curves or points over two axes, each with its name and unit.
public struct Chart: Sendable {
    /// A curve.
    public struct Series: Sendable {
        /// How it is drawn.
        public enum Style: Sendable {
            /// Straight lines between the points.
            case line
            /// Each value holds up to the next point.
            case steps
            /// Points with lines between them, and a word beside each.
            case marked([String])
        }

        /// Its name in the legend.
        public let name: String
        /// The points, in order.
        public let points: [(x: Double, y: Double)]
        /// How it is drawn.
        public let style: Style

        /// A curve.
        public init(_ name: String, _ points: [(x: Double, y: Double)], style: Style = .line) {
            self.name = name
            self.points = points
            self.style = style
        }
    }

    /// What the chart shows.
    public let title: String
    /// The axes: what, and in which unit.
    public let xLabel, yLabel: String
    /// The curves.
    public let series: [Series]
    /// Whether the horizontal axis is logarithmic.
    public let isLogarithmic: Bool
    /// A part of the horizontal axis that is marked, and what it is.
    public let band: (from: Double, to: Double, name: String)?

    /// A chart. Points that are no finite numbers, or not above 0 on a logarithmic axis, are left out.
    public init(
        _ title: String, x: String, y: String, isLogarithmic: Bool = false, _ series: [Series],
        band: (from: Double, to: Double, name: String)? = nil
    ) {
        self.title = title
        xLabel = x
        yLabel = y
        self.isLogarithmic = isLogarithmic
        self.series = series.map { series in
            guard case .marked = series.style else {
                let points = series.points.filter { $0.x.isFinite && $0.y.isFinite && (!isLogarithmic || $0.x > 0) }
                return Series(series.name, points, style: series.style)
            }
            return series
        }
        self.band = band
    }

    /// The share of values that are at most as large as each of them: a curve of at most 500 points.
    public static func distribution(_ name: String, _ values: [Double]) -> Series {
        let sorted = values.sorted()
        let stride = max(1, sorted.count / 500)
        var points: [(x: Double, y: Double)] = []
        for place in Swift.stride(from: 0, to: sorted.count, by: stride) {
            points.append((sorted[place], Double(place + 1) / Double(sorted.count) * 100))
        }
        if let last = sorted.last { points.append((last, 100)) }
        return Series(name, points)
    }
}
