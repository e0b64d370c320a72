/// How an array is written, element by element: the way from what it must be to rules.
struct ArrayPlan {
    /// What matters of the elements that have been written.
    struct State: Hashable, Sendable {
        /// How many there are, as far as that matters.
        var index = 0
        /// How many are so, for each of the shape's counts, as far as that matters.
        var counts: [Int] = []
        var hasElement = false
    }

    struct Step {
        let formula: Formula
        let next: State
    }

    let shape: ArrayShape
    /// The most elements there can be.
    let maxCount: Int?
    /// Where all elements that follow are alike.
    private let lastIndex: Int
    /// For elements of each formula and set of counts that they are so for, what they must be.
    private let variants: [Formula: [Variant]]

    struct Variant {
        let formula: Formula
        /// Bit `i` is set where the element is so for count `i`.
        let members: Int
    }

    fileprivate init(shape: ArrayShape, maxCount: Int?, variants: [Formula: [Variant]]) {
        self.shape = shape
        self.maxCount = maxCount
        self.variants = variants
        lastIndex = maxCount ?? max(shape.prefix.count, shape.minCount, shape.counts.map(\.start).max() ?? 0)
    }

    /// What elements may be.
    var formulas: [Formula] { (shape.prefix + [shape.rest]).flatMap { variants[$0] ?? [] }.map(\.formula) }

    var start: State { State(counts: Array(repeating: 0, count: shape.counts.count)) }

    /// Whether the closing bracket may come.
    func isComplete(_ state: State) -> Bool {
        state.index >= shape.minCount && zip(shape.counts, state.counts).allSatisfy { $1 >= $0.min }
    }

    /// The ways to write one element more.
    func steps(_ state: State) -> [Step] {
        if let maxCount, state.index >= maxCount { return [] }
        var steps: [Step] = []
        var next = state
        next.index = min(state.index + 1, lastIndex)
        next.hasElement = true
        nextVariant: for variant in variants[shape.formula(at: state.index)] ?? [] {
            var counts = state.counts
            for (index, count) in shape.counts.enumerated() {
                let isMember = variant.members >> index & 1 == 1
                guard state.index >= count.start else {
                    // It does not count here: one of the two ways stands for both.
                    if isMember { continue nextVariant }
                    continue
                }
                guard isMember else { continue }
                if let max = count.max {
                    guard counts[index] < max else { continue nextVariant }
                } else if counts[index] >= count.min {
                    continue nextVariant
                }
                counts[index] += 1
            }
            next.counts = counts
            steps.append(Step(formula: variant.formula, next: next))
        }
        return steps
    }

    /// Whether some way leads from a state to the closing bracket.
    func canFinish(_ state: State) -> Bool {
        var fuel = 2_000
        return canFinish(state, &fuel)
    }

    private func canFinish(_ state: State, _ fuel: inout Int) -> Bool {
        if shape.counts.isEmpty { return maxCount.map { $0 >= shape.minCount } ?? true }
        if isComplete(state) { return true }
        if let maxCount {
            for (count, reached) in zip(shape.counts, state.counts) where count.min - reached > maxCount - state.index {
                return false
            }
        }
        fuel -= 1
        if fuel <= 0 { return true }
        for step in steps(state).reversed() where step.next != state {
            if canFinish(step.next, &fuel) { return true }
        }
        return false
    }
}

extension SchemaCompiler {
    /// How arrays of a shape are written; `depth` says how far values are searched that cannot be.
    func plan(_ shape: ArrayShape, depth: Int = 2) throws(SchemaError) -> ArrayPlan {
        guard shape.counts.count <= 4 else {
            throw tooComplex("\(shape.counts.count) counts of elements in one array, above the limit of 4")
        }
        var shape = shape
        var most = shape.maxCount
        for index in 0...shape.prefix.count where try isNever(shape.formula(at: index), depth: depth) {
            most = min(most ?? index, index)
            break
        }
        if shape.isUnique { most = try maxCountOfUnique(shape, most) }
        if let most, most <= 1 { shape.isUnique = false }
        if let most, shape.prefix.count > most { shape.prefix.removeLast(shape.prefix.count - most) }
        var variants: [Formula: [ArrayPlan.Variant]] = [:]
        for formula in shape.prefix + [shape.rest] where variants[formula] == nil {
            variants[formula] = try self.variants(formula, shape, depth)
        }
        return ArrayPlan(shape: shape, maxCount: most, variants: variants)
    }

    /// What an element may be, for each set of counts that it is so for. Where a count has no maximum, an element that is so
    /// need not be counted.
    private func variants(
        _ formula: Formula, _ shape: ArrayShape, _ depth: Int
    ) throws(SchemaError) -> [ArrayPlan.Variant] {
        var variants: [ArrayPlan.Variant] = []
        for members in 0..<(1 << shape.counts.count) {
            var parts = [formula]
            for (index, count) in shape.counts.enumerated() {
                if members >> index & 1 == 1 {
                    parts.append(count.formula)
                } else if count.max != nil {
                    parts.append(count.formula.negation)
                }
            }
            let value = formulas.all(parts)
            if try !isNever(value, depth: depth) {
                variants.append(ArrayPlan.Variant(formula: value, members: members))
            }
        }
        return variants
    }

    /// The most elements that can differ, where they are to; arrays and objects cannot be told apart.
    private func maxCountOfUnique(_ shape: ArrayShape, _ maxCount: Int?) throws(SchemaError) -> Int? {
        if let maxCount, maxCount <= 1 { return maxCount }
        var most: Int? = 0
        let hasRest = maxCount.map { $0 > shape.prefix.count } ?? true
        for formula in shape.prefix + (hasRest ? [shape.rest] : []) {
            let node = try node(formula)
            guard node.arrays.isEmpty, node.objects.isEmpty else {
                throw SchemaError(
                    .unsupported, at: pointer,
                    "uniqueItems of arrays or objects: only strings, numbers, true, false and null are told apart")
            }
            most = most.flatMap { most in size(of: node).map { most + $0 } }
        }
        return [most, maxCount].compactMap(\.self).min()
    }

    /// How many scalars a node has, where that is known.
    private func size(of node: SchemaNode) -> Int? {
        guard case .finite(let numbers) = node.numbers, case .finite(let strings) = node.strings else { return nil }
        return numbers.count + strings.count
            + [node.isNullable, node.flags.isFalse, node.flags.isTrue].filter(\.self).count
    }
}
