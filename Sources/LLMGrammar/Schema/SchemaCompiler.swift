internal import OrderedCollections

/// From a schema to conditions by type: reads the keywords of a place when it is first asked for, and works out what a
/// formula means for each type of value, negations pushed down to where they are exact.
final class SchemaCompiler {
    /// What one schema may take; of `nodes`, eight more for each place of its text.
    static let limits = (
        nodes: 50_000, shapes: 512, narrowedShapes: 64, depth: 200, existentials: 16, cases: 256, regions: 64
    )

    let options: SchemaOptions
    var document: SchemaDocument
    var formulas = SchemaFormulas()
    let languages = LanguageOracle()
    /// What is not kept, in the order in which it was met.
    private(set) var notes: [SchemaNote] = []

    /// The formulas whose places ``check(_:)`` has read.
    var read: Set<Int> = []
    /// The plans that are known, by shape and by how far they were searched.
    var objectPlans: [ObjectShape: [Int: ObjectPlan]] = [:]
    private var bodies: [Int: Formula] = [:]
    private var nodes: [Formula: SchemaNode] = [:]
    /// The formulas that are being worked out, and at which level of probing.
    private var underWay: [Formula: Int] = [:]
    private var level = 0
    private var work = 0
    /// Whether alternatives that are too many may be left out.
    private var narrows = false
    private var patterns: [RegexExpression] = []
    private var patternNumbers: [RegexExpression: Int] = [:]
    /// The place whose keywords are being read or worked out, for errors.
    var pointer = "" { didSet { languages.pointer = pointer } }

    init(_ document: SchemaDocument, _ options: SchemaOptions) {
        self.document = document
        self.options = options
    }

    func note(_ pointer: String, _ reason: String) {
        let note = SchemaNote(at: pointer, reason)
        if !notes.contains(note) { notes.append(note) }
    }

    func tooComplex(_ reason: String) -> SchemaError { SchemaError(.tooComplex, at: pointer, reason) }

    /// The number of a set of keys' texts.
    func pattern(_ texts: RegexExpression) -> Int {
        if let number = patternNumbers[texts] { return number }
        patterns.append(texts)
        patternNumbers[texts] = patterns.count - 1
        return patterns.count - 1
    }

    func texts(_ pattern: Int) -> RegexExpression { patterns[pattern] }

    // MARK: Places

    /// The formula of the schema at a place, read when it is worked out.
    func formula(ofPlace place: Int) -> Formula {
        switch document.places[place].value {
        case .flag(let flag): flag ? .always : .never
        case .object(let members) where members.isEmpty: .always
        default: formulas.formula(.schema(place))
        }
    }

    /// What the keywords at a place say.
    func body(ofPlace place: Int) throws(SchemaError) -> Formula {
        if let body = bodies[place] { return body }
        let outer = pointer
        pointer = document.places[place].pointer
        let body = try read(place)
        pointer = outer
        bodies[place] = body
        return body
    }

    // MARK: Nodes

    /// What a formula means for each type of value.
    func node(_ formula: Formula) throws(SchemaError) -> SchemaNode {
        if let node = nodes[formula] { return node }
        if let other = underWay[formula] {
            guard other == level else { throw SchemaError(.pending, at: pointer, "a formula is being worked out") }
            throw SchemaError(.invalid, at: pointer, "the schema refers to itself without going into the document")
        }
        guard underWay.count < Self.limits.depth else {
            throw tooComplex(
                "schemas within schemas more than \(Self.limits.depth) deep, with no document between them")
        }
        try spend(1)
        underWay[formula] = level
        defer { underWay[formula] = nil }
        let node = try makeNode(formulas.term(formula), isNegated: formula.isNegated)
        try spend(node.objects.count + node.arrays.count)
        nodes[formula] = node
        return node
    }

    /// What `question` answers about members and elements of what is being worked out, `unknown` where that needs the
    /// formulas that are under way.
    func probe(_ question: () throws(SchemaError) -> Bool, unknown: Bool) throws(SchemaError) -> Bool {
        level += 1
        defer { level -= 1 }
        do {
            return try question()
        } catch {
            guard error.code == .pending else { throw error }
            return unknown
        }
    }

    func spend(_ amount: Int) throws(SchemaError) {
        work += amount
        let limit = Self.limits.nodes + 8 * document.places.count
        guard work <= limit else {
            throw tooComplex(
                "the schema takes more than \(limit) conditions when its alternatives are combined")
        }
    }

    private func makeNode(_ term: FormulaTerm, isNegated: Bool) throws(SchemaError) -> SchemaNode {
        switch term {
        case .always: return isNegated ? .never : .always
        case .all(let parts):
            return isNegated ? try union(parts.map(\.negation)) : try intersection(parts)
        case .any(let parts):
            return isNegated ? try intersection(parts.map(\.negation)) : try union(parts)
        case .one(let parts):
            return isNegated ? try notOne(parts) : try one(parts)
        case .schema(let place):
            let body = try body(ofPlace: place)
            let outer = pointer
            pointer = document.places[place].pointer
            let node = try node(isNegated ? body.negation : body)
            pointer = outer
            return node
        case .numbers(let set):
            var node = isNegated ? SchemaNode.never : .always
            node.numbers = isNegated ? set.complement : set
            return node
        case .strings(let inner, let outer):
            var node = isNegated ? SchemaNode.never : .always
            node.strings = isNegated ? outer.complement : inner
            return node
        case .array(let shape):
            var node = isNegated ? SchemaNode.never : .always
            if isNegated && shape.isUnique {
                throw SchemaError(
                    .unsupported, at: pointer, "uniqueItems cannot be negated: its opposite is not kept")
            }
            node.arrays = isNegated ? shape.negation : [shape]
            return node
        case .object(let shape):
            var node = isNegated ? SchemaNode.never : .always
            node.objects = isNegated ? shape.negation : [shape]
            return node
        case .types(let types):
            if !isNegated { return SchemaNode(types) }
            var node = SchemaNode(
                TypeSet(rawValue: ~types.rawValue).subtracting(types.contains(.integer) ? .number : []))
            if types.contains(.integer), !types.contains(.number) {
                node.numbers = SchemaNode(.integer).numbers.complement
            }
            return node
        case .values(let values): return try literals(values, isNegated: isNegated)
        }
    }

    private func union(_ parts: [Formula]) throws(SchemaError) -> SchemaNode {
        var result = SchemaNode.never
        for part in parts {
            result = result.union(try node(part))
            try spend(result.objects.count / 8 + result.arrays.count / 8)
        }
        return result
    }

    private func intersection(_ parts: [Formula]) throws(SchemaError) -> SchemaNode {
        var result = SchemaNode.always
        for part in parts { result = try intersection(result, try node(part)) }
        return result
    }

    private func intersection(_ a: SchemaNode, _ b: SchemaNode) throws(SchemaError) -> SchemaNode {
        if a == .always { return b }
        if b == .always { return a }
        var result = SchemaNode.never
        result.isNullable = a.isNullable && b.isNullable
        result.flags = (a.flags.isFalse && b.flags.isFalse, a.flags.isTrue && b.flags.isTrue)
        result.numbers = try a.numbers.intersection(b.numbers, languages)
        result.strings = try a.strings.intersection(b.strings, languages)
        for first in a.arrays {
            for second in b.arrays {
                let shape = first.intersection(second) { formulas.all([$0, $1]) }
                try spend(1)
                if try !isNever(shape, depth: 1), !result.arrays.contains(shape) { result.arrays.append(shape) }
                if result.arrays.count > Self.limits.shapes { throw tooManyShapes }
            }
        }
        result.objects = try intersection(a.objects, b.objects)
        return result
    }

    /// The objects that are of one shape of each list. Where a shape is within one of the others, those ask no more of it.
    private func intersection(_ a: [ObjectShape], _ b: [ObjectShape]) throws(SchemaError) -> [ObjectShape] {
        if a.contains(where: \.isAny) { return b }
        if b.contains(where: \.isAny) { return a }
        var shapes: [ObjectShape] = []
        for first in a {
            try spend(1)
            if b.count > 1, try isWithinOne(first, b) {
                add(first, to: &shapes)
                continue
            }
            for second in b {
                try spend(1 + (first.conditionCount + second.conditionCount) / 4)
                if a.count > 1 || b.count > 1, try areDisjoint(first, second, depth: 1) { continue }
                let shape = first.intersection(second) { formulas.all([$0, $1]) }
                if try !isNever(shape, depth: 1) { add(shape, to: &shapes) }
            }
            guard shapes.count > (narrows ? Self.limits.narrowedShapes : Self.limits.shapes) else { continue }
            guard narrows else { throw tooManyShapes }
            // What has most conditions is least likely to be written.
            shapes.sort { $0.conditionCount < $1.conditionCount }
            shapes.removeLast(shapes.count - Self.limits.narrowedShapes)
            note(
                pointer,
                "oneOf of objects that differ in no common required property: of the ways to be none of the others, the "
                    + "\(Self.limits.narrowedShapes) simplest are written")
        }
        return shapes
    }

    private func isWithinOne(_ shape: ObjectShape, _ others: [ObjectShape]) throws(SchemaError) -> Bool {
        for other in others where try isWithin(shape, other) { return true }
        return false
    }

    /// Adds a shape that is in none of the others, and drops those that are in it.
    private func add(_ shape: ObjectShape, to shapes: inout [ObjectShape]) {
        if shapes.contains(where: { shape.isPlainlyWithin($0) }) { return }
        shapes.removeAll { $0.isPlainlyWithin(shape) }
        shapes.append(shape)
    }

    private var tooManyShapes: SchemaError {
        tooComplex(
            "its alternatives combine to more than \(Self.limits.shapes) kinds of objects or arrays; give them a common "
                + "required property with a const")
    }

    // MARK: Exactly one

    /// Where no value is valid for two parts, any of them; a part that meets others goes without those.
    private func one(_ parts: [Formula]) throws(SchemaError) -> SchemaNode {
        var kept: [Formula] = []
        for part in parts where try !isNever(part, depth: 1) { kept.append(part) }
        var met = Array(repeating: [Formula](), count: kept.count)
        for first in kept.indices {
            for second in kept.indices.dropFirst(first + 1)
            where try !areDisjoint(kept[first], kept[second], depth: 2) {
                met[first].append(kept[second])
                met[second].append(kept[first])
            }
        }
        var result = SchemaNode.never
        let outer = narrows
        narrows = true
        defer { narrows = outer }
        for (part, others) in zip(kept, met) {
            let alone = formulas.all([part] + others.map(\.negation))
            result = result.union(try node(alone))
        }
        return result
    }

    private func notOne(_ parts: [Formula]) throws(SchemaError) -> SchemaNode {
        var ways = [formulas.all(parts.map(\.negation))]
        for first in parts.indices {
            for second in parts.indices.dropFirst(first + 1) {
                try spend(1)
                ways.append(formulas.all([parts[first], parts[second]]))
            }
        }
        return try union(ways)
    }

    // MARK: Literals

    private func literals(_ values: [SchemaValue], isNegated: Bool) throws(SchemaError) -> SchemaNode {
        var node = SchemaNode.never
        var numbers: [DecimalNumber] = []
        var texts: [ExactText] = []
        for value in values {
            switch value {
            case .null: node.isNullable = true
            case .flag(let flag): if flag { node.flags.isTrue = true } else { node.flags.isFalse = true }
            case .number(let number): numbers.append(number)
            case .text(let text): texts.append(text)
            case .array(let elements): node.arrays.append(shape(elements))
            case .object(let members): node.objects.append(shape(members))
            }
        }
        node.numbers = ValueSet.none.union(.finite(Array(OrderedSet(numbers))))
        node.strings = .finite(Array(OrderedSet(texts)))
        guard isNegated else { return node }
        var result = SchemaNode.always
        result.isNullable = !node.isNullable
        result.flags = (!node.flags.isFalse, !node.flags.isTrue)
        result.numbers = node.numbers.complement
        result.strings = node.strings.complement
        for shape in node.arrays {
            var others = SchemaNode.never
            others.arrays = shape.negation
            var before = SchemaNode.never
            before.arrays = result.arrays
            result.arrays = try intersection(before, others).arrays
        }
        for shape in node.objects {
            var others = SchemaNode.never
            others.objects = shape.negation
            var before = SchemaNode.never
            before.objects = result.objects
            result.objects = try intersection(before, others).objects
        }
        return result
    }

    private func shape(_ elements: [SchemaValue]) -> ArrayShape {
        ArrayShape(
            prefix: elements.map { formulas.formula(.values([$0])) }, rest: .never, minCount: elements.count,
            maxCount: elements.count)
    }

    private func shape(_ members: OrderedDictionary<ExactText, SchemaValue>) -> ObjectShape {
        var shape = ObjectShape()
        for (name, value) in members {
            shape.properties[name] = formulas.formula(.values([value]))
            shape.required.append(name)
        }
        shape.regions = [ObjectShape.Region(keys: KeySet(excluded: Set(members.keys)), formula: .never)]
        return shape
    }
}
