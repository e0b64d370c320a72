internal import OrderedCollections

/// Keys of objects: those that match each of some patterns, none of others, and are none of some names. Patterns are
/// numbered by ``SchemaCompiler``.
struct KeySet: Hashable, Sendable {
    var matching: [Int] = []
    var notMatching: [Int] = []
    var excluded: Set<ExactText> = []
}

/// What an object must be: all of what is said here.
struct ObjectShape: Hashable, Sendable {
    struct Region: Hashable, Sendable {
        var keys: KeySet
        var formula: Formula
    }

    /// What a member of this name must be, where there is one; in the order in which members are written.
    var properties: OrderedDictionary<ExactText, Formula> = [:]
    /// What each member must be whose key is in a set, also where it is one of `properties`.
    var regions: [Region] = []
    /// Names that must be there.
    var required: OrderedSet<ExactText> = []
    /// For each, some member must have such a key and be so.
    var existentials: [Region] = []
    var minCount = 0
    var maxCount: Int?

    var isAny: Bool { self == ObjectShape() }

    /// Both at once: the names of this one first.
    func intersection(_ other: ObjectShape, all: (Formula, Formula) -> Formula) -> ObjectShape {
        var result = self
        for (name, formula) in other.properties {
            result.properties[name] = result.properties[name].map { all($0, formula) } ?? formula
        }
        for region in other.regions where !result.regions.contains(region) { result.regions.append(region) }
        result.required.formUnion(other.required)
        for region in other.existentials where !result.existentials.contains(region) {
            result.existentials.append(region)
        }
        result.minCount = max(minCount, other.minCount)
        result.maxCount = [maxCount, other.maxCount].compactMap(\.self).min()
        return result
    }

    /// How much is asked.
    var conditionCount: Int {
        properties.count { $0.value != .always } + required.count + regions.count + 4 * existentials.count
    }

    /// Whether every object of this shape is surely of the other, from how they are put together.
    func isPlainlyWithin(_ other: ObjectShape) -> Bool {
        guard other.minCount <= minCount, other.maxCount.map({ most in maxCount.map { $0 <= most } ?? false }) ?? true,
            other.regions.count <= regions.count, other.existentials.count <= existentials.count,
            other.required.allSatisfy(required.contains), other.regions.allSatisfy(regions.contains),
            other.existentials.allSatisfy(existentials.contains)
        else { return false }
        return other.properties.allSatisfy { name, formula in
            formula == .always || properties[name] == formula || properties[name] == .never
        }
    }

    /// The ways in which an object can be other than this: any one of them.
    var negation: [ObjectShape] {
        var ways: [ObjectShape] = []
        for name in required { ways.append(ObjectShape(properties: [name: .never])) }
        for (name, formula) in properties where formula != .always {
            ways.append(ObjectShape(properties: [name: formula.negation], required: [name]))
        }
        for region in regions {
            ways.append(ObjectShape(existentials: [Region(keys: region.keys, formula: region.formula.negation)]))
        }
        for region in existentials {
            ways.append(ObjectShape(regions: [Region(keys: region.keys, formula: region.formula.negation)]))
        }
        if minCount > 0 { ways.append(ObjectShape(maxCount: minCount - 1)) }
        if let maxCount { ways.append(ObjectShape(minCount: maxCount + 1)) }
        return ways
    }
}
