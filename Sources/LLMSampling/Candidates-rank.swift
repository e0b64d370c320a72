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
        guard wanted > 0 else { return [] }
        let bound = rankKeyBound(ofHighest: wanted)
        var indices: [Int] = []
        for block in blockMaxima.indices where rankKey(blockMaxima[block]) <= bound {
            indices += self.indices(ofBlock: block).filter { rankKey(logits[$0]) <= bound }
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

    /// The first rank at which the sum of masses reaches `target`: a radix search, which sorts nothing. The first digit
    /// is the distance from the highest logit in 64ths, the others are those of the rank key. If rounding keeps the sum
    /// below the target, the last rank of any mass.
    ///
    /// - Parameter masses: `nil` for 1 each.
    private mutating func findRank(
        among logits: [Float], count: Int, masses: [Double]?, reaching target: Double
    ) -> Rank {
        let (reference, scale) = (Double(highest), -64 / temperature)
        @inline(__always) func distance(_ logit: Float) -> Int {
            let distance = (Double(logit) - reference) * scale
            return distance < 2047 ? Int(distance) : 2047
        }
        var reached = 0.0
        addMasses(to: &histogram, of: 0..<count, logits, masses, digit: distance)
        let first = takeDigit(reaching: target, after: &reached)
        members.removeAll(keepingCapacity: true)
        for index in 0..<count where distance(logits[index]) == first { members.append(index) }

        var key: UInt32 = 0
        for (shift, width) in [(21, 11), (10, 11), (0, 10)] as [(UInt32, UInt32)] {
            let mask = UInt32(1) << width - 1
            addMasses(to: &histogram, of: members, logits, masses) { Int((rankKey($0) >> shift) & mask) }
            key = key << width | UInt32(takeDigit(reaching: target, after: &reached))
            members.removeAll { rankKey(logits[$0]) >> shift != key }
        }
        let mass = masses.map { $0[members[0]] } ?? 1
        let exactTies = max(1, min((target - reached) / mass, Double(count)))
        let ties = Int(exactTies)
        return Rank(key: key, ties: Double(ties) < exactTies ? ties + 1 : ties)
    }

    /// The histogram's digit at which the sum reaches `target`; adds what is before it to `reached`.
    private func takeDigit(reaching target: Double, after reached: inout Double) -> Int {
        var crossing = 0
        var crossingMass = 0.0
        for digit in histogram.indices where histogram[digit] > 0 {
            reached += crossingMass
            (crossing, crossingMass) = (digit, histogram[digit])
            if reached + crossingMass >= target { break }
        }
        return crossing
    }
}

/// Sums the members' masses by the digit of their logits.
@inline(__always)
private func addMasses(
    to histogram: inout [Double], of members: some Sequence<Int>, _ logits: [Float], _ masses: [Double]?,
    digit: (Float) -> Int
) {
    for digit in histogram.indices { histogram[digit] = 0 }
    for index in members { histogram[digit(logits[index])] += masses?[index] ?? 1 }
}

/// Orders like the logits, the highest first; equal logits, 0 and -0 among them, have equal keys.
@inline(__always)
private func rankKey(_ logit: Float) -> UInt32 {
    let bits = (logit + 0).bitPattern
    let positiveMask = ~UInt32(bitPattern: Int32(bitPattern: bits) >> 31)
    return bits ^ (positiveMask & 0x7FFF_FFFF)
}
