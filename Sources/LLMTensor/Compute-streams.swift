// What models of several residual streams, and of sparse activations, do to rows. Sums are of eight partial ones, in one
// order on every CPU.

extension Compute {
    /// Multiplies each column by a factor of its own, in place.
    public func scaleColumns(_ x: Matrix, by factors: [Float]) {
        precondition(factors.count == x.columns, "scaleColumns: \(factors.count) factors for \(x.columns) columns")
        eachRow(x) { _, row in for column in row.indices { row[column] *= factors[column] } }
    }

    /// Brings each row of `x` to the root mean square of the same row of `reference`, in place. The mean square of a row
    /// of `x` counts as `least` where it is less.
    public func matchMagnitudes(_ x: Matrix, to reference: Matrix, least: Float) {
        precondition(x.rows == reference.rows && x.columns == reference.columns, "matchMagnitudes: sizes")
        eachRow(x) { index, row in
            let wanted = UnsafeMutableBufferPointer(
                start: reference.base + index * reference.stride, count: reference.columns)
            let target = meanSquare(wanted).squareRoot()
            let own = max(meanSquare(row), least).squareRoot()
            for column in row.indices { row[column] = row[column] * target / own }
        }
    }

    /// What each element is over the row's mean by more than so many standard deviations, else 0, in place.
    public func gaussianTopK(_ x: Matrix, deviations: Float) {
        eachRow(x) { _, row in
            let mean = sum(row.count) { row[$0] } / Float(row.count)
            let variance = sum(row.count) { (row[$0] - mean) * (row[$0] - mean) } / Float(row.count)
            let cutoff = mean + variance.squareRoot() * deviations
            for column in row.indices { row[column] = max(row[column] - cutoff, 0) }
        }
    }

    /// Adds to each of the `count` streams that lie side by side in `x` a sum of all of them, in place: `weights` has for
    /// each row the weights of the first stream's sum, then those of the second's, and so on, `[rows, count * count]`.
    public func mixStreams(_ x: Matrix, _ count: Int, by weights: Matrix) {
        precondition(count > 0 && x.columns % count == 0, "mixStreams: \(x.columns) columns for \(count) streams")
        precondition(weights.rows == x.rows && weights.columns == count * count, "mixStreams: weights")
        let width = x.columns / count
        eachRow(x) { index, row in
            let weight = weights.base + index * weights.stride
            withUnsafeTemporaryAllocation(of: Float.self, capacity: row.count) { before in
                _ = before.initialize(from: row)
                for target in 0..<count {
                    for source in 0..<count {
                        let factor = weight[target * count + source]
                        for column in 0..<width {
                            row[target * width + column] += factor * before[source * width + column]
                        }
                    }
                }
            }
        }
    }

    /// Adds to each of the `count` streams that lie side by side in `y`, `1 + weight` times what `x` is over the stream
    /// `active`: `x` is `[rows, columns of a stream]`, `weights` `[rows, count]`. `x` is overwritten.
    public func correctStreams(_ y: Matrix, _ count: Int, toward x: Matrix, active: Int, by weights: Matrix) {
        precondition(active >= 0 && active < count, "correctStreams: stream \(active) of \(count)")
        precondition(x.rows == y.rows && x.columns * count == y.columns, "correctStreams: sizes")
        precondition(weights.rows == y.rows && weights.columns == count, "correctStreams: weights")
        eachRow(y) { index, row in
            let (weight, width) = (weights.base + index * weights.stride, x.columns)
            let innovation = x.base + index * x.stride
            for column in 0..<width { innovation[column] -= row[active * width + column] }
            for stream in 0..<count {
                let factor = 1 + weight[stream]
                for column in 0..<width { row[stream * width + column] += factor * innovation[column] }
            }
        }
    }
}

private func meanSquare(_ row: UnsafeMutableBufferPointer<Float>) -> Float {
    sum(row.count) { row[$0] * row[$0] } / Float(row.count)
}

@inline(__always)
private func sum(_ count: Int, _ value: (Int) -> Float) -> Float {
    var partial = SIMD8<Float>()
    let whole = count / 8 * 8
    for start in stride(from: 0, to: whole, by: 8) {
        partial += SIMD8(
            value(start), value(start + 1), value(start + 2), value(start + 3), value(start + 4), value(start + 5),
            value(start + 6), value(start + 7))
    }
    for index in whole..<count { partial[index - whole] += value(index) }
    return partial.indices.dropFirst().reduce(partial[0]) { $0 + partial[$1] }
}
