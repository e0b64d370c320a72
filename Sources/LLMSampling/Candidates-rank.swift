/// A place in the ranking of candidates by descending logit, then ascending id: all before it, and itself, are kept.
private struct Rank {
    /// The rank key of the last logit kept.
    var key: UInt32
    /// How many candidates of that very logit are kept, lowest ids first.
    var ties: Int
}

extension Candidates {
    /// Keeps the `kept` candidates that rank highest.
    package mutating func keepHighest(_ kept: Int) {
        guard kept < count else { return }
        let bound = rankKeyBound(ofHighest: kept)
        keepHighest { rankKey($0) <= bound }
        keep(through: findRank(among: logits, count: count, masses: nil, reaching: Double(kept)))
    }

    /// Keeps the fewest candidates, highest rank first, whose weights reach `share` of the total.
    package mutating func keepHighest(reaching share: Double) {
        let total = totalWeight()
        // Candidates lighter than this, even all together, weigh less than what may be left out.
        keep(relativeLogitsFrom: PortableMath.log((1 - share) * total / Double(count)))
        keep(through: findRank(among: logits, count: count, masses: weights, reaching: share * total))
    }

    /// The `wanted` candidates that rank highest, as indices into the whole row, the highest first.
    mutating func indicesOfHighest(_ wanted: Int) -> [Int] {
        let bound = rankKeyBound(ofHighest: wanted)
        var indices: [Int] = []
        for block in blockMaxima.indices where rankKey(blockMaxima[block]) <= bound {
            let start = block * Self.rowBlock
            indices += (start..<min(start + Self.rowBlock, count)).filter { rankKey(logits[$0]) <= bound }
        }
        indices.sort { (rankKey(logits[$0]), $0) < (rankKey(logits[$1]), $1) }
        return Array(indices.prefix(wanted))
    }

    /// A rank key that at least `wanted` candidates do not exceed: that of the `wanted`-th highest block maximum.
    private mutating func rankKeyBound(ofHighest wanted: Int) -> UInt32 {
        guard isWholeRow && wanted <= blockMaxima.count else { return .max }
        return findRank(among: blockMaxima, count: blockMaxima.count, masses: nil, reaching: Double(wanted)).key
    }

    private mutating func keep(through rank: Rank) {
        var ties = rank.ties
        keep { logit in
            let key = rankKey(logit)
            guard key == rank.key else { return key < rank.key }
            ties -= 1
            return ties >= 0
        }
    }

    /// The first rank at which the sum of masses reaches `target`: a radix search over the rank keys, which sorts
    /// nothing. If rounding keeps the sum below, the last rank of any mass.
    ///
    /// - Parameter masses: `nil` for 1 each.
    private mutating func findRank(
        among logits: [Float], count: Int, masses: [Double]?, reaching target: Double
    ) -> Rank {
        var reached = 0.0
        addMasses(to: &histogram, of: 0..<count, logits: logits, masses: masses, shift: 21)
        let high = takeDigit(reaching: target, after: &reached)
        members.removeAll(keepingCapacity: true)
        members.append(contentsOf: (0..<count).lazy.filter { rankKey(logits[$0]) >> 21 == high })
        addMasses(to: &histogram, of: members, logits: logits, masses: masses, shift: 10)
        let middle = high << 11 | takeDigit(reaching: target, after: &reached)
        members.removeAll { rankKey(logits[$0]) >> 10 != middle }
        addMasses(to: &histogram, of: members, logits: logits, masses: masses, shift: 0)
        let key = middle << 10 | takeDigit(reaching: target, after: &reached)

        let mass = masses.flatMap { masses in members.first { rankKey(logits[$0]) == key }.map { masses[$0] } } ?? 1
        let exactTies = max(1, min((target - reached) / mass, Double(count)))
        let ties = Int(exactTies)
        return Rank(key: key, ties: Double(ties) < exactTies ? ties + 1 : ties)
    }

    /// The histogram's digit at which the sum reaches `target`; adds what is before it to `reached`.
    private func takeDigit(reaching target: Double, after reached: inout Double) -> UInt32 {
        var crossing = 0
        var crossingMass = 0.0
        for digit in histogram.indices where histogram[digit] > 0 {
            reached += crossingMass
            (crossing, crossingMass) = (digit, histogram[digit])
            if reached + crossingMass >= target { break }
        }
        return UInt32(crossing)
    }
}

/// Sums the members' masses by the 11 bits of their rank keys above `shift`, the lowest 10 where it is 0.
private func addMasses(
    to histogram: inout [Double], of members: some Sequence<Int>, logits: [Float], masses: [Double]?, shift: UInt32
) {
    for digit in histogram.indices { histogram[digit] = 0 }
    let mask: UInt32 = shift == 0 ? 0x3FF : 0x7FF
    for index in members {
        histogram[Int((rankKey(logits[index]) >> shift) & mask)] += masses?[index] ?? 1
    }
}

/// Orders like the logits, the highest first; equal logits, 0 and -0 among them, have equal keys.
@inline(__always)
private func rankKey(_ logit: Float) -> UInt32 {
    let bits = (logit + 0).bitPattern
    let positiveMask = ~UInt32(bitPattern: Int32(bitPattern: bits) >> 31)
    return bits ^ (positiveMask & 0x7FFF_FFFF)
}
