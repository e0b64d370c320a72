/// What the sampling steps work on: the tokens still in the running, in id order, with their logits.
///
/// It begins as the whole row, where a candidate's index is its id; edits of logits come first, then filters, which move
/// the kept candidates together. All storage is reused from token to token. The members without an access level are
/// for the extensions in the files beside this one.
package struct Candidates: Sendable {
    /// How many tokens are still in the running.
    package private(set) var count = 0

    var logits: [Float] = []  // [row]; the first `count` are alive
    var ids: [TokenID] = []  // [row], as `logits`; written by the first filter
    var weights: [Double] = []  // [row], as `logits`; exp((logit - highest) / temperature), if `hasWeights`
    var hasWeights = false
    var temperature = 1.0
    var isWholeRow = true

    /// The highest logit of the row after its edits, which weights are relative to; a filter may drop it.
    var highest: Float = -.infinity
    var blockMaxima: [Float] = []  // [row / rowBlock, rounded up]; up to date until the first filter

    // Scratch of the rank search and of the draw.
    var histogram = [Double](repeating: 0, count: 1 << 11)
    var members: [Int] = []
    var blockSums: [Double] = []

    /// Logits under one block maximum; as many as a word of a ``TokenMask`` has bits.
    static let rowBlock = 64

    package init() {}

    /// Takes a row of logits, index = token id; NaN becomes -infinity.
    package mutating func load(_ row: Span<Float>) {
        count = row.count
        isWholeRow = true
        hasWeights = false
        temperature = 1
        if logits.count != count {
            logits = [Float](repeating: 0, count: count)
            ids = [TokenID](repeating: 0, count: count)
            weights = [Double](repeating: 0, count: count)
            blockMaxima = [Float](repeating: 0, count: (count + Self.rowBlock - 1) / Self.rowBlock)
        }
        copyNumbers(from: row, to: &logits)
        updateMaxima()
    }

    /// Replaces one token's logit, before any filter; ids that the row does not have are passed over, and so are
    /// infinite logits. A result beyond the range of Float32 becomes its end: only a mask rules a token out.
    @inline(__always)
    package mutating func editLogit(of id: TokenID, _ edit: (Double) -> Double) {
        guard let index = index(of: id), logits[index].isFinite else { return }
        let bound = Double(Float.greatestFiniteMagnitude)
        setLogit(at: index, Float(max(-bound, min(bound, edit(Double(logits[index]))))))
    }

    /// Rules a token out, before any filter; ids that the row does not have are passed over.
    package mutating func mask(_ id: TokenID) {
        guard let index = index(of: id) else { return }
        setLogit(at: index, -.infinity)
    }

    /// Rules out every token but `allowed`, before any filter; ids that the row does not have are passed over.
    package mutating func maskAll(but allowed: [TokenID]) {
        let kept = allowed.compactMap { id in index(of: id).map { ($0, logits[$0]) } }
        for index in 0..<count { logits[index] = -.infinity }
        for (index, logit) in kept { logits[index] = logit }
        updateMaxima()
    }

    /// Rules out every token that `mask` does not have, before any filter.
    mutating func keep(only mask: TokenMask) {
        precondition(isWholeRow, "logits are edited before candidates are filtered")
        for block in blockMaxima.indices {
            let range = indices(ofBlock: block)
            var allowed = block < mask.words.count ? mask.words[block] : 0
            if allowed == .max { continue }
            if allowed == 0 {
                for index in range { logits[index] = -.infinity }
                blockMaxima[block] = -.infinity
                continue
            }
            for index in range {
                if allowed & 1 == 0 { logits[index] = -.infinity }
                allowed >>= 1
            }
            updateMaximum(ofBlock: block)
        }
        hasWeights = false
    }

    /// Has `edit` change the whole row, before any filter; NaN becomes -infinity.
    mutating func editRow<Failure: Error>(
        _ edit: (inout MutableSpan<Float>) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(isWholeRow, "logits are edited before candidates are filtered")
        var row = logits.mutableSpan
        try edit(&row)
        for index in row.indices where row[index].isNaN { row[index] = -.infinity }
        updateMaxima()
    }

    /// Finds the highest logit, which weights are relative to; weights and filters need it.
    ///
    /// - Returns: the id of the highest logit, the lowest of equal ones; `nil` where every logit is -infinity.
    package mutating func findHighest() -> TokenID? {
        precondition(isWholeRow, "the highest logit is found before candidates are filtered")
        highest = -.infinity
        var highestBlock = 0
        for block in blockMaxima.indices where blockMaxima[block] > highest {
            highest = blockMaxima[block]
            highestBlock = block
        }
        guard highest > -.infinity else { return nil }
        return indices(ofBlock: highestBlock).first { logits[$0] == highest }.map { TokenID($0) }
    }

    /// Divides, for all steps after this one, the logits by `temperature`. The order of logits, ties included, stays.
    package mutating func setTemperature(_ temperature: Double) {
        self.temperature = temperature
        hasWeights = false
    }

    /// The token at a candidate's index; ids ascend.
    package func id(at index: Int) -> TokenID { isWholeRow ? TokenID(index) : ids[index] }

    /// The logit at a candidate's index, before temperature.
    package func logit(at index: Int) -> Float { logits[index] }

    /// Drops every candidate whose logit, relative to the highest and divided by the temperature, is below `bound`.
    package mutating func keep(relativeLogitsFrom bound: Double) {
        let (reference, inverse) = (Double(highest), 1 / temperature)
        // "Not below" keeps the highest where it is infinite too: infinity minus itself is NaN.
        keepHighest { !((Double($0) - reference) * inverse < bound) }
    }

    /// The same, but the candidate of the highest logit stays: it may be one below the row's, which a filter dropped.
    mutating func keepBest(orFrom bound: Double) {
        var best = -Float.infinity
        for index in 0..<count where logits[index] > best { best = logits[index] }
        if relativeLogit(best) < bound {
            keepHighest(1)
        } else {
            keep(relativeLogitsFrom: bound)
        }
    }

    /// Drops every candidate for which `isKept` is false.
    ///
    /// - Parameter isKept: true for every logit above one for which it is true; so a block is passed over whole.
    @inline(__always)
    mutating func keepHighest(where isKept: (Float) -> Bool) {
        guard isWholeRow else { return keep(where: isKept) }
        var kept = 0
        for block in blockMaxima.indices where isKept(blockMaxima[block]) {
            let range = indices(ofBlock: block)
            for index in range { ids[index] = TokenID(truncatingIfNeeded: index) }
            kept = compact(&logits, &ids, &weights, range: range, to: kept, where: isKept)
        }
        count = kept
        isWholeRow = false
    }

    /// Drops every candidate for which `isKept`, called once each in id order, is false.
    @inline(__always)
    mutating func keep(where isKept: (Float) -> Bool) {
        if isWholeRow {
            for index in 0..<count { ids[index] = TokenID(truncatingIfNeeded: index) }
        }
        count = compact(&logits, &ids, &weights, range: 0..<count, to: 0, where: isKept)
        isWholeRow = false
    }

    /// The part of the whole row under one block maximum.
    func indices(ofBlock block: Int) -> Range<Int> {
        block * Self.rowBlock..<min((block + 1) * Self.rowBlock, logits.count)
    }

    private func index(of id: TokenID) -> Int? {
        precondition(isWholeRow, "logits are edited before candidates are filtered")
        return id >= 0 && Int(id) < count ? Int(id) : nil
    }

    private mutating func setLogit(at index: Int, _ logit: Float) {
        let block = index / Self.rowBlock
        let wasHighest = logits[index] == blockMaxima[block]
        logits[index] = logit
        hasWeights = false
        if logit >= blockMaxima[block] {
            blockMaxima[block] = logit
        } else if wasHighest {
            updateMaximum(ofBlock: block)
        }
    }

    private mutating func updateMaxima() {
        findMaxima(of: logits, to: &blockMaxima)
        hasWeights = false
    }

    private mutating func updateMaximum(ofBlock block: Int) {
        blockMaxima[block] = maximum(logits.span.extracting(indices(ofBlock: block)))
    }
}

/// (logit - highest) / temperature; 0 at the highest itself, also where it is infinite.
@inline(__always)
func relativeLogit(_ logit: Float, highest: Float, inverseTemperature: Double) -> Double {
    logit == highest ? 0 : (Double(logit) - Double(highest)) * inverseTemperature
}

private func copyNumbers(from row: Span<Float>, to logits: inout [Float]) {
    for index in 0..<min(row.count, logits.count) {
        let logit = row[index]
        logits[index] = logit.isNaN ? -.infinity : logit
    }
}

private func findMaxima(of logits: [Float], to maxima: inout [Float]) {
    let logits = logits.span
    for block in maxima.indices {
        let start = block * Candidates.rowBlock
        maxima[block] = maximum(logits.extracting(start..<min(start + Candidates.rowBlock, logits.count)))
    }
}

/// The highest of `values`, none of which is NaN.
@inline(__always)
private func maximum(_ values: Span<Float>) -> Float {
    let vectorCount = values.count / 8
    var lanes = SIMD8<Float>(repeating: -.infinity)
    for vector in 0..<vectorCount {
        let i = vector * 8
        let next = SIMD8(
            values[i], values[i + 1], values[i + 2], values[i + 3],
            values[i + 4], values[i + 5], values[i + 6], values[i + 7])
        lanes.replace(with: next, where: next .> lanes)
    }
    var quad = lanes.lowHalf
    quad.replace(with: lanes.highHalf, where: lanes.highHalf .> quad)
    var highest = max(max(quad.x, quad.y), max(quad.z, quad.w))
    for i in (vectorCount * 8)..<values.count where values[i] > highest {
        highest = values[i]
    }
    return highest
}

/// Moves the kept elements of `range` to `start`, in order, without a branch; returns where they end.
@inline(__always)
private func compact(
    _ logits: inout [Float], _ ids: inout [TokenID], _ weights: inout [Double], range: Range<Int>, to start: Int,
    where isKept: (Float) -> Bool
) -> Int {
    var kept = start
    for index in range.clamped(to: 0..<min(logits.count, ids.count, weights.count)) {
        let logit = logits[index]
        logits[kept] = logit
        ids[kept] = ids[index]
        weights[kept] = weights[index]
        kept += isKept(logit) ? 1 : 0
    }
    return kept
}
