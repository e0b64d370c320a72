/// What an array must be: all of what is said here.
struct ArrayShape: Hashable, Sendable {
    /// How many elements, from the one at `start` on, must be so.
    struct Count: Hashable, Sendable {
        var formula: Formula
        var start: Int
        var min: Int
        var max: Int?
    }

    /// What the first elements must be, where they are there.
    var prefix: [Formula] = []
    /// What the others must be.
    var rest = Formula.always
    var counts: [Count] = []
    var minCount = 0
    var maxCount: Int?
    var isUnique = false

    func intersection(_ other: ArrayShape, all: (Formula, Formula) -> Formula) -> ArrayShape {
        var result = self
        let length = max(prefix.count, other.prefix.count)
        result.prefix = (0..<length).map { all(formula(at: $0), other.formula(at: $0)) }
        result.rest = all(rest, other.rest)
        for count in other.counts where !result.counts.contains(count) { result.counts.append(count) }
        result.minCount = max(minCount, other.minCount)
        result.maxCount = [maxCount, other.maxCount].compactMap(\.self).min()
        result.isUnique = isUnique || other.isUnique
        return result
    }

    func formula(at index: Int) -> Formula { index < prefix.count ? prefix[index] : rest }

    /// The ways in which an array can be other than this, uniqueness apart: any one of them.
    var negation: [ArrayShape] {
        var ways: [ArrayShape] = []
        for (index, formula) in prefix.enumerated() where formula != .always {
            ways.append(
                ArrayShape(
                    prefix: Array(repeating: .always, count: index) + [formula.negation], minCount: index + 1))
        }
        if rest != .always {
            ways.append(
                ArrayShape(
                    counts: [Count(formula: rest.negation, start: prefix.count, min: 1, max: nil)]))
        }
        for count in counts {
            if count.min == 1 {
                ways.append(
                    ArrayShape(prefix: Array(repeating: .always, count: count.start), rest: count.formula.negation))
            } else if count.min > 1 {
                let fewer = Count(formula: count.formula, start: count.start, min: 0, max: count.min - 1)
                ways.append(ArrayShape(counts: [fewer]))
            }
            if let max = count.max {
                let more = Count(formula: count.formula, start: count.start, min: max + 1, max: nil)
                ways.append(ArrayShape(counts: [more]))
            }
        }
        if minCount > 0 { ways.append(ArrayShape(maxCount: minCount - 1)) }
        if let maxCount { ways.append(ArrayShape(minCount: maxCount + 1)) }
        return ways
    }
}
