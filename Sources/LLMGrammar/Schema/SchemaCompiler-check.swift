extension SchemaCompiler {
    /// How many formulas are worked out before the first document is written; what is beyond is read only.
    private static let checkedFormulas = 2_000

    /// Refuses what cannot be kept, wherever a document can reach it, and a schema that no document keeps.
    func check(_ root: Formula) throws(SchemaError) {
        var queue = [root]
        var known: Set<Formula> = [root]
        var next = 0
        func reach(_ formula: Formula) { if known.insert(formula).inserted { queue.append(formula) } }
        while next < queue.count, next < Self.checkedFormulas {
            let formula = queue[next]
            next += 1
            let node = try node(formula)
            for shape in node.arrays {
                for formula in try plan(shape).formulas { reach(formula) }
            }
            for shape in node.objects {
                let plan = try plan(shape)
                for value in plan.known.flatMap(\.values) + plan.others.flatMap(\.values) { reach(value.formula) }
            }
        }
        for formula in queue[next...] { try readAll(formula) }
        if try isNever(root, depth: 4) {
            throw SchemaError(.unsatisfiable, at: "", "no document is valid")
        }
    }

    /// Reads the keywords of every place that a formula reaches.
    private func readAll(_ formula: Formula) throws(SchemaError) {
        var queue = [formula]
        while let formula = queue.popLast() {
            guard read.insert(formula.index).inserted else { continue }
            switch formulas.term(formula) {
            case .always, .numbers, .strings, .types, .values: continue
            case .all(let parts), .any(let parts), .one(let parts): queue += parts
            case .schema(let place): queue.append(try body(ofPlace: place))
            case .array(let shape): queue += shape.prefix + [shape.rest] + shape.counts.map(\.formula)
            case .object(let shape):
                queue += shape.properties.values
                queue += (shape.regions + shape.existentials).map(\.formula)
            }
        }
    }
}
