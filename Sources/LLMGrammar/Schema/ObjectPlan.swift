internal import OrderedCollections

/// How an object is written, member by member: the way from what it must be to rules.
struct ObjectPlan {
    /// What a member's value may be, and which existentials it then satisfies.
    struct Variant: Hashable {
        let formula: Formula
        let satisfies: UInt16
    }

    /// A member of a known name.
    struct Known {
        let name: ExactText
        let isRequired: Bool
        /// None where the name is forbidden.
        let values: [Variant]
    }

    /// A member of any other name of a set.
    struct Other {
        let keys: RegexExpression
        let values: [Variant]
    }

    /// What matters of the members that have been written.
    struct State: Hashable, Sendable {
        /// How many known names are behind; all that are in `seen` where any order is taken.
        var position = 0
        var seen: UInt64 = 0
        var count = 0
        var satisfied: UInt16 = 0
        var hasMember = false
    }

    enum Step {
        case known(Int, Formula, State)
        case other(Int, Formula, State)
        /// The known name at the position is left out.
        case skipped(State)
    }

    var known: [Known] = []
    var others: [Other] = []
    var minCount = 0
    var maxCount: Int?
    var existentials: UInt16 = 0
    var takesAnyOrder = false
    /// Of the known names from each position on: how many must and may come, and which existentials they can satisfy.
    private var needed: [Int] = [0]
    private var possible: [Int] = [0]
    private var satisfiable: [UInt16] = [0]

    /// Sums up what comes after each position.
    mutating func finish() {
        let byOthers = others.reduce(UInt16(0)) { $0 | $1.values.reduce(0) { $0 | $1.satisfies } }
        needed = Array(repeating: 0, count: known.count + 1)
        possible = needed
        satisfiable = Array(repeating: byOthers, count: known.count + 1)
        for (index, member) in known.enumerated().reversed() {
            needed[index] = needed[index + 1] + (member.isRequired ? 1 : 0)
            possible[index] = possible[index + 1] + (member.values.isEmpty ? 0 : 1)
            satisfiable[index] = satisfiable[index + 1] | member.values.reduce(0) { $0 | $1.satisfies }
        }
    }

    /// Whether the closing brace may come.
    func isComplete(_ state: State) -> Bool {
        state.count >= minCount && state.satisfied == existentials && remaining(state).needed == 0
    }

    private func remaining(_ state: State) -> (needed: Int, possible: Int, satisfiable: UInt16) {
        guard takesAnyOrder else {
            return (needed[state.position], possible[state.position], satisfiable[state.position])
        }
        var result = (needed: 0, possible: 0, satisfiable: satisfiable[known.count])
        for (index, member) in known.enumerated() where state.seen >> UInt64(index) & 1 == 0 {
            if member.isRequired { result.needed += 1 }
            if !member.values.isEmpty { result.possible += 1 }
            for value in member.values { result.satisfiable |= value.satisfies }
        }
        return result
    }

    /// The ways on from a state, the closing brace apart.
    func steps(_ state: State) -> [Step] {
        var steps: [Step] = []
        if takesAnyOrder {
            for index in known.indices where state.seen >> UInt64(index) & 1 == 0 {
                steps += members(known[index].values, state).map {
                    .known(index, $0.formula, $0.next.seeing(index))
                }
            }
        } else if state.position < known.count {
            var after = state
            after.position += 1
            steps += members(known[state.position].values, after).map { .known(state.position, $0.formula, $0.next) }
            if !known[state.position].isRequired { steps.append(.skipped(after)) }
            return steps
        }
        for (index, other) in others.enumerated() {
            steps += members(other.values, state).map { .other(index, $0.formula, $0.next) }
        }
        return steps
    }

    private func members(_ values: [Variant], _ state: State) -> [(formula: Formula, next: State)] {
        if let maxCount, state.count >= maxCount { return [] }
        var next = state
        next.hasMember = true
        if maxCount != nil || minCount > 0 { next.count = min(state.count + 1, maxCount ?? minCount) }
        return values.compactMap { value in
            guard value.satisfies & state.satisfied == 0 else { return nil }
            var next = next
            next.satisfied |= value.satisfies
            return (value.formula, next)
        }
    }

    /// Whether some way leads from a state to the closing brace.
    func canFinish(_ state: State) -> Bool {
        var fuel = 2_000
        return canFinish(state, &fuel)
    }

    private func canFinish(_ state: State, _ fuel: inout Int) -> Bool {
        let rest = remaining(state)
        let missing = existentials & ~state.satisfied
        guard missing & ~rest.satisfiable == 0 else { return false }
        guard !others.isEmpty || minCount - state.count <= rest.possible else { return false }
        guard let maxCount else { return true }
        let room = maxCount - state.count
        guard rest.needed <= room else { return false }
        if rest.needed + missing.nonzeroBitCount <= room { return true }
        // The same members must do for several.
        fuel -= 1
        if fuel <= 0 { return true }
        for step in steps(state) {
            switch step {
            case .known(_, _, let next), .other(_, _, let next), .skipped(let next):
                if canFinish(next, &fuel) { return true }
            }
        }
        return false
    }
}

extension ObjectPlan.State {
    fileprivate func seeing(_ index: Int) -> Self {
        var state = self
        state.seen |= 1 << UInt64(index)
        return state
    }
}

extension SchemaCompiler {
    /// How objects of a shape are written; `depth` says how far values are searched that cannot be.
    func plan(_ shape: ObjectShape, depth: Int = 2) throws(SchemaError) -> ObjectPlan {
        if let known = objectPlans[shape]?[depth] { return known }
        let plan = try makePlan(shape, depth)
        objectPlans[shape, default: [:]][depth] = plan
        return plan
    }

    private func makePlan(_ shape: ObjectShape, _ depth: Int) throws(SchemaError) -> ObjectPlan {
        guard shape.existentials.count <= Self.limits.existentials else {
            throw tooComplex(
                "\(shape.existentials.count) conditions that some member must meet, above the limit of "
                    + "\(Self.limits.existentials)")
        }
        var plan = ObjectPlan()
        plan.minCount = shape.minCount
        plan.maxCount = shape.maxCount
        plan.existentials = UInt16(truncatingIfNeeded: (1 << shape.existentials.count) - 1)
        var names = OrderedSet(shape.properties.keys)
        names.formUnion(shape.required)
        var excluded: Set<ExactText> = []
        for region in shape.regions + shape.existentials { excluded.formUnion(region.keys.excluded) }
        names.formUnion(excluded.subtracting(names).sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) })
        let (sets, finite) = try otherKeys(shape, besides: names, depth)
        names.formUnion(finite)
        for name in names {
            var met: [Int] = []
            for (index, region) in shape.existentials.enumerated() where try contains(region.keys, name) {
                met.append(index)
            }
            plan.known.append(
                ObjectPlan.Known(
                    name: name, isRequired: shape.required.contains(name),
                    values: try variants(try formula(of: name, in: shape), met, shape, depth)))
        }
        for set in sets {
            let values = try variants(set.formula, set.met, shape, depth)
            if !values.isEmpty { plan.others.append(ObjectPlan.Other(keys: set.keys, values: values)) }
        }
        if options.takesAnyOrder {
            guard names.count <= 64 else {
                throw SchemaError(
                    .unsupported, at: pointer, "any order of \(names.count) properties, above the limit of 64")
            }
            plan.takesAnyOrder = true
        }
        plan.finish()
        return plan
    }

    /// What a member may be, for each set of the existentials that it then satisfies.
    private func variants(
        _ formula: Formula, _ met: [Int], _ shape: ObjectShape, _ depth: Int
    ) throws(SchemaError) -> [ObjectPlan.Variant] {
        guard met.count <= 4 else {
            throw tooComplex("\(met.count) conditions that the same member may meet, above the limit of 4")
        }
        var variants: [ObjectPlan.Variant] = []
        for choice in 0..<(1 << met.count) {
            var parts = [formula]
            var bits: UInt16 = 0
            for (bit, index) in met.enumerated() where choice >> bit & 1 == 1 {
                parts.append(shape.existentials[index].formula)
                bits |= 1 << UInt16(index)
            }
            let value = formulas.all(parts)
            if try !isNever(value, depth: depth) {
                variants.append(ObjectPlan.Variant(formula: value, satisfies: bits))
            }
        }
        return variants
    }

    private struct KeyGroup {
        var keys: RegexExpression
        let formula: Formula
        let met: [Int]
    }

    /// The keys besides the known names, in groups that the same is said of, and those of groups with few keys, one by one.
    private func otherKeys(
        _ shape: ObjectShape, besides names: OrderedSet<ExactText>, _ depth: Int
    ) throws(SchemaError) -> (sets: [KeyGroup], finite: [ExactText]) {
        var patterns: OrderedSet<Int> = []
        for region in shape.regions + shape.existentials {
            patterns.formUnion(region.keys.matching)
            patterns.formUnion(region.keys.notMatching)
        }
        var cells: [(conditions: [RegexExpression], isIn: [Int: Bool])] = [([], [:])]
        for pattern in patterns {
            var refined: [(conditions: [RegexExpression], isIn: [Int: Bool])] = []
            for cell in cells {
                for isIn in [true, false] {
                    let conditions = cell.conditions + [isIn ? texts(pattern) : .not(texts(pattern))]
                    if languages.isEmpty(.both([.anyText] + conditions)) { continue }
                    var cell = cell
                    cell.conditions = conditions
                    cell.isIn[pattern] = isIn
                    refined.append(cell)
                }
            }
            cells = refined
            guard cells.count <= Self.limits.regions else {
                throw tooComplex("patterns of keys that overlap in more than \(Self.limits.regions) ways")
            }
        }
        func contains(_ keys: KeySet, _ isIn: [Int: Bool]) -> Bool {
            keys.matching.allSatisfy { isIn[$0] == true } && keys.notMatching.allSatisfy { isIn[$0] == false }
        }
        let notKnown: [RegexExpression] = names.isEmpty ? [] : [.not(.either(names.map { .literal($0.bytes) }))]
        var groups: [KeyGroup] = []
        var finite: [ExactText] = []
        for cell in cells {
            let formula = formulas.all(shape.regions.filter { contains($0.keys, cell.isIn) }.map(\.formula))
            if try isNever(formula, depth: depth) { continue }
            let met = shape.existentials.indices.filter { contains(shape.existentials[$0].keys, cell.isIn) }
            let conditions = cell.conditions + notKnown
            let keys: RegexExpression = conditions.isEmpty ? .anyText : .both([.anyText] + conditions)
            if !cell.conditions.isEmpty, let few = languages.texts(keys, limit: 64) {
                finite += few.map { ExactText($0) }
            } else if let index = groups.firstIndex(where: { $0.formula == formula && $0.met == met }) {
                groups[index].keys = .either([groups[index].keys, keys])
            } else {
                groups.append(KeyGroup(keys: keys, formula: formula, met: met))
            }
        }
        return (groups, finite)
    }
}
