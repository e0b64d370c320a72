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
    /// - Returns: the token, and its weight's share of the total.
    package mutating func draw(_ uniform: Double) -> (id: TokenID, share: Double) {
        let total = totalWeight()
        var rest = uniform * total
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
        return (id(at: drawn), weights[drawn] / total)
    }

    /// A logit, less the highest of the row, divided by the temperature; 0 at the highest itself, also where it is
    /// infinite.
    func relativeLogit(_ logit: Float) -> Double {
        LLMSampling.relativeLogit(logit, highest: highest, inverseTemperature: 1 / temperature)
    }

    /// The mean of the relative logits under the weights, of which `total` is the sum. The entropy of the distribution
    /// is log(total) less this mean.
    func meanRelativeLogit(total: Double) -> Double {
        let inverse = 1 / temperature
        return sum { index in
            guard weights[index] > 0 else { return 0 }
            return weights[index]
                * LLMSampling.relativeLogit(logits[index], highest: highest, inverseTemperature: inverse)
        } / total
    }

    /// The sum of a term for each candidate: four running sums over every fourth candidate, then those from first to
    /// last, so that it is the same bits each time.
    @inline(__always)
    func sum(_ term: (Int) -> Double) -> Double {
        var sums = SIMD4<Double>(repeating: 0)
        let quadEnd = count & ~3
        var index = 0
        while index < quadEnd {
            sums += SIMD4(term(index), term(index + 1), term(index + 2), term(index + 3))
            index += 4
        }
        while index < count {
            sums[index & 3] += term(index)
            index += 1
        }
        return ((sums.x + sums.y) + sums.z) + sums.w
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
