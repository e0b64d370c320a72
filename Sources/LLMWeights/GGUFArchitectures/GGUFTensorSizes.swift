/// The sizes that changes go by.
struct GGUFTensorSizes: Sendable {
    let queryHeads: Int
    let keyHeads: Int
    let headDim: Int
    let experts: Int

    init(queryHeads: Int, keyHeads: Int, headDim: Int) {
        self.queryHeads = queryHeads
        self.keyHeads = keyHeads
        self.headDim = headDim
        experts = 0
    }

    /// - Parameter hasAttention: whether there are heads at all; where there are none, nothing goes by them.
    init(_ keys: GGUFKeys, hasAttention: Bool) throws(WeightsError) {
        queryHeads = hasAttention ? try keys.heads() : 1
        keyHeads = hasAttention ? try keys.keyHeads() : 1
        headDim = hasAttention ? try keys.headDim() : 1
        experts = try keys.count("expert_count", default: 0)
        guard experts <= GGUFTensorSizes.mostExperts else {
            throw keys.invalid("expert_count", "at most \(GGUFTensorSizes.mostExperts)")
        }
    }

    static let mostExperts = 4096

    func count(_ count: GGUFTensorChange.Count) -> Int {
        switch count {
        case .experts: experts
        case .queryHeads: queryHeads
        case .keyHeads: keyHeads
        }
    }

    func heads(_ part: GGUFTensorChange.Part) -> Int { part == .queries ? queryHeads : keyHeads }

    /// The rows of a part.
    func rows(_ part: GGUFTensorChange.Part) -> Range<Int> {
        let (queries, keys) = (queryHeads * headDim, keyHeads * headDim)
        return switch part {
        case .queries: 0..<queries
        case .keys: queries..<queries + keys
        case .values: queries + keys..<queries + 2 * keys
        }
    }

    var allRows: Int { (queryHeads + 2 * keyHeads) * headDim }

    /// For messages.
    var shown: String {
        "\(queryHeads) query heads and \(keyHeads) key heads of \(headDim)"
            + (experts > 0 ? ", \(experts) experts" : "")
    }
}

extension GGUFTensorSizes {
    /// Where queries, keys and values one after another have the row that is `row` where each key head has its own together.
    func storedRow(ofGrouped row: Int) -> Int {
        let (head, element) = row.quotientAndRemainder(dividingBy: headDim)
        let shared = queryHeads / keyHeads
        let (group, place) = head.quotientAndRemainder(dividingBy: shared + 2)
        let stored = place < shared ? group * shared + place : queryHeads + (place - shared) * keyHeads + group
        return stored * headDim + element
    }

    /// The row where each key head has its own together that is stored as `row` where queries, keys and values come one after
    /// another.
    func groupedRow(ofStored row: Int) -> Int {
        let (head, element) = row.quotientAndRemainder(dividingBy: headDim)
        let shared = queryHeads / keyHeads
        let (group, place) =
            head < queryHeads
            ? (head / shared, head % shared)
            : ((head - queryHeads) % keyHeads, shared + (head - queryHeads) / keyHeads)
        return (group * (shared + 2) + place) * headDim + element
    }
}

/// The order of rows of q and k that are stored for rotation of neighbours.
enum InterleavedHeads {
    /// Where the file has a row of the hub's.
    static func storedRow(rows: Int, heads: Int) -> (Int) -> Int {
        let half = rows / heads / 2
        return { row in
            let (head, within) = row.quotientAndRemainder(dividingBy: 2 * half)
            return head * 2 * half + within % half * 2 + within / half
        }
    }

    /// The hub's row that is stored as `row`.
    static func hubRow(rows: Int, heads: Int) -> @Sendable (Int) -> Int {
        let half = rows / heads / 2
        return { row in
            let (head, within) = row.quotientAndRemainder(dividingBy: 2 * half)
            return head * 2 * half + within % 2 * half + within / 2
        }
    }
}
