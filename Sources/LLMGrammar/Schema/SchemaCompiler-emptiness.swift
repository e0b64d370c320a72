/// What is found to be impossible, to a bounded depth: an answer of `false` means that nothing was found.
extension SchemaCompiler {
    func isNever(_ formula: Formula, depth: Int) throws(SchemaError) -> Bool {
        if formula == .never { return true }
        if formula == .always { return false }
        return try probe(
            { () throws(SchemaError) in try isNever(try node(formula), depth: depth) }, unknown: false)
    }

    func isNever(_ node: SchemaNode, depth: Int) throws(SchemaError) -> Bool {
        if node.isNullable || node.flags.isFalse || node.flags.isTrue { return false }
        guard node.numbers.isEmpty(languages), node.strings.isEmpty(languages) else { return false }
        for shape in node.arrays where try !isNever(shape, depth: depth) { return false }
        for shape in node.objects where try !isNever(shape, depth: depth) { return false }
        return true
    }

    func isNever(_ shape: ArrayShape, depth: Int) throws(SchemaError) -> Bool {
        if let max = shape.maxCount, max < shape.minCount { return true }
        for count in shape.counts {
            if let max = count.max, max < count.min { return true }
            if count.min > 0, let max = shape.maxCount, max < count.start + count.min { return true }
        }
        guard depth > 0 else { return false }
        if !shape.counts.isEmpty || shape.isUnique {
            let cannotEnd = try probe(
                { () throws(SchemaError) in
                    let plan = try plan(shape, depth: depth - 1)
                    return !plan.canFinish(plan.start)
                }, unknown: false)
            if cannotEnd { return true }
        }
        for index in 0..<min(shape.minCount, shape.prefix.count + 1)
        where try isNever(shape.formula(at: index), depth: depth - 1) {
            return true
        }
        return false
    }

    func isNever(_ shape: ObjectShape, depth: Int) throws(SchemaError) -> Bool {
        if let most = shape.maxCount, most < max(shape.minCount, shape.required.count) { return true }
        guard depth > 0 else { return false }
        if !shape.existentials.isEmpty || shape.minCount > 0 || shape.maxCount != nil {
            let cannotEnd = try probe(
                { () throws(SchemaError) in try !plan(shape, depth: depth - 1).canFinish(ObjectPlan.State()) },
                unknown: false)
            if cannotEnd { return true }
        }
        for name in shape.required {
            if try isNever(try formula(of: name, in: shape), depth: depth - 1) { return true }
        }
        return false
    }

    /// What a member of this name must be.
    func formula(of name: ExactText, in shape: ObjectShape) throws(SchemaError) -> Formula {
        var parts: [Formula] = []
        if let formula = shape.properties[name] { parts.append(formula) }
        for region in shape.regions where try contains(region.keys, name) { parts.append(region.formula) }
        return formulas.all(parts)
    }

    func contains(_ keys: KeySet, _ name: ExactText) throws(SchemaError) -> Bool {
        if keys.excluded.contains(name) { return false }
        for pattern in keys.matching where try !languages.matches(texts(pattern), name.bytes) { return false }
        for pattern in keys.notMatching where try languages.matches(texts(pattern), name.bytes) { return false }
        return true
    }

    /// Whether no value is valid for both.
    func areDisjoint(_ a: Formula, _ b: Formula, depth: Int) throws(SchemaError) -> Bool {
        if a == b.negation || a == .never || b == .never { return true }
        if a == .always || b == .always || a == b { return false }
        return try probe(
            { () throws(SchemaError) in try areDisjoint(try node(a), try node(b), depth: depth) }, unknown: false)
    }

    private func areDisjoint(_ first: SchemaNode, _ second: SchemaNode, depth: Int) throws(SchemaError) -> Bool {
        if first.isNullable && second.isNullable || first.flags.isFalse && second.flags.isFalse
            || first.flags.isTrue && second.flags.isTrue
        {
            return false
        }
        guard try first.numbers.intersection(second.numbers, languages).isEmpty(languages),
            try first.strings.intersection(second.strings, languages).isEmpty(languages)
        else { return false }
        for left in first.arrays {
            for right in second.arrays where try !areDisjoint(left, right, depth: depth) { return false }
        }
        for left in first.objects {
            for right in second.objects where try !areDisjoint(left, right, depth: depth) { return false }
        }
        return true
    }

    private func areDisjoint(_ a: ArrayShape, _ b: ArrayShape, depth: Int) throws(SchemaError) -> Bool {
        if let max = a.maxCount, max < b.minCount { return true }
        if let max = b.maxCount, max < a.minCount { return true }
        guard depth > 0 else { return false }
        let common = min(max(a.minCount, b.minCount), max(a.prefix.count, b.prefix.count) + 1)
        for index in 0..<common
        where try areDisjoint(a.formula(at: index), b.formula(at: index), depth: depth - 1) {
            return true
        }
        return false
    }

    func areDisjoint(_ a: ObjectShape, _ b: ObjectShape, depth: Int) throws(SchemaError) -> Bool {
        if let most = a.maxCount, most < max(b.minCount, b.required.count) { return true }
        if let most = b.maxCount, most < max(a.minCount, a.required.count) { return true }
        guard depth > 0 else { return false }
        for (shape, other) in [(a, b), (b, a)] {
            for name in shape.required {
                let there = try formula(of: name, in: other)
                if there == .always { continue }
                let here = try formula(of: name, in: shape)
                if try areDisjoint(here, there, depth: depth - 1) { return true }
            }
        }
        return false
    }

    /// Whether every object of a shape is of another, as far as that is found.
    func isWithin(_ shape: ObjectShape, _ other: ObjectShape) throws(SchemaError) -> Bool {
        if shape.isPlainlyWithin(other) { return true }
        var rest = other
        rest.properties = [:]
        guard shape.isPlainlyWithin(rest) else { return false }
        for (name, formula) in other.properties where formula != .always {
            if try !areDisjoint(try self.formula(of: name, in: shape), formula.negation, depth: 1) { return false }
        }
        return true
    }
}
