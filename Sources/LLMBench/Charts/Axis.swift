import Foundation

/// The range of an axis and its marks.
struct Axis {
    let low, high: Double
    let marks: [Double]
    let isLogarithmic: Bool

    /// An axis over these values, with marks at round numbers: 1, 2 or 5 times a power of ten.
    init(_ values: [Double], startsAtZero: Bool, isLogarithmic: Bool) {
        self.isLogarithmic = isLogarithmic
        let least = values.min() ?? 0
        let most = values.max() ?? 1
        if isLogarithmic {
            var low = pow(10, floor(log10(least)))
            var high = pow(10, ceil(log10(most)))
            if high <= low { high = low * 10 }
            // Whole decades leave much empty where the values fill a part of one.
            if let closer = [5.0, 2].first(where: { low * $0 <= least }) { low *= closer }
            if let closer = [5.0, 2].first(where: { high / $0 >= most && high / $0 > low }) { high /= closer }
            var marks: [Double] = []
            var decade = pow(10, floor(log10(low)))
            while decade <= high, marks.count < 100 {
                marks += [1, 2, 5].map { $0 * decade }
                decade *= 10
            }
            let isInside = { (mark: Double) in mark >= low * 0.999 && mark <= high * 1.001 }
            let wide = log10(high / low) > 3
            self.marks = marks.filter(isInside).filter { !wide || abs(log10($0) - log10($0).rounded()) < 1e-9 }
            (self.low, self.high) = (low, high)
        } else {
            let from = startsAtZero ? min(0, least) : least
            let span = most > from ? most - from : 1
            let power = pow(10, floor(log10(span / 5)))
            let step = [1, 2, 5, 10].map { $0 * power }.first { span / $0 <= 6 } ?? 10 * power
            let low = floor(from / step) * step
            let high = max(ceil(most / step - 1e-9) * step, low + step)
            marks = (0...Int(((high - low) / step).rounded())).map { low + Double($0) * step }
            (self.low, self.high) = (low, high)
        }
    }

    /// Where a value is, from 0 at the low end to 1 at the high one.
    func place(_ value: Double) -> Double {
        let place =
            isLogarithmic ? log(value / low) / log(high / low) : (value - low) / (high - low)
        return min(max(place, 0), 1)
    }

    /// A mark as it is written.
    static func text(_ value: Double) -> String {
        let size = abs(value)
        if size >= 1e6 { return String(format: "%g M", value / 1e6) }
        return size >= 1e4 ? String(format: "%g k", value / 1e3) : String(format: "%g", (value * 1e9).rounded() / 1e9)
    }
}
