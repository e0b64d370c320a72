extension Candidates {
    private static let blockSize = 256

    /// Fills in the weights, exp of the relative logits, unless they are there: probabilities but for their sum.
    mutating func computeWeights() {
        guard !hasWeights else { return }
        fillWeights(&weights, from: logits, count: count, highest: highest, inverseTemperature: 1 / temperature)
        hasWeights = true
    }

    /// The sum of all weights, block by block in id order, so that it is the same bits each time.
    mutating func totalWeight() -> Double {
        computeWeights()
        blockSums.removeAll(keepingCapacity: true)
        var total = 0.0
        for start in stride(from: 0, to: count, by: Self.blockSize) {
            let sum = blockSum(of: start..<min(start + Self.blockSize, count))
            blockSums.append(sum)
            total += sum
        }
        return total
    }

    /// The token at which the weights, summed in id order, pass the share `uniform` of their total.
    ///
    /// - Parameter uniform: in [0, 1).
    package mutating func draw(_ uniform: Double) -> TokenID {
        var rest = uniform * totalWeight()
        var block = 0
        for (index, sum) in blockSums.enumerated() where sum > 0 {
            block = index
            if rest < sum { break }
            rest -= sum
        }
        // Where rounding leaves a rest after the last weight, the last token that has any weight is meant.
        var drawn = 0
        for index in (block * Self.blockSize)..<min((block + 1) * Self.blockSize, count) where weights[index] > 0 {
            drawn = index
            rest -= weights[index]
            if rest < 0 { break }
        }
        return id(at: drawn)
    }

    /// Four running sums over every fourth weight, then those from first to last.
    private func blockSum(of range: Range<Int>) -> Double {
        let weights = weights.span.extracting(range)
        let quadCount = weights.count / 4
        var sums = SIMD4<Double>(repeating: 0)
        for quad in 0..<quadCount {
            let i = quad * 4
            sums += SIMD4(weights[i], weights[i + 1], weights[i + 2], weights[i + 3])
        }
        var sum = ((sums.x + sums.y) + sums.z) + sums.w
        for i in (quadCount * 4)..<weights.count { sum += weights[i] }
        return sum
    }
}

private func fillWeights(
    _ weights: inout [Double], from logits: [Float], count: Int, highest: Float, inverseTemperature: Double
) {
    let range = 0..<min(count, logits.count, weights.count)
    guard highest < .infinity else {
        for index in range { weights[index] = logits[index] == highest ? 1 : 0 }
        return
    }
    let reference = Double(highest)
    for index in range {
        weights[index] = PortableMath.exp((Double(logits[index]) - reference) * inverseTemperature)
    }
}
