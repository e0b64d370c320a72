import Foundation

extension Filters {
    static let numbers: [String: Filter] = [
        "abs": { interpreter, value, arguments in
            _ = try arguments.bind("abs")
            if case .undefined(let reason) = value { throw JinjaError(reason.message) }
            if case .float(let number) = value { return .float(number.magnitude) }
            guard let whole = value.wholeNumber else { throw JinjaError("abs needs a number, not a \(value.typeName)") }
            return whole < 0 ? try interpreter.signed(.integer(whole), true) : .integer(whole)
        },
        "int": { _, value, arguments in
            let bound = try arguments.bind("int", "default", "base")
            if case .undefined(let reason) = value { throw JinjaError(reason.message) }
            return try whole(value, base: bound.wholeNumber(1) ?? 10).map(Value.integer) ?? bound[0] ?? .integer(0)
        },
        "float": { _, value, arguments in
            let bound = try arguments.bind("float", "default")
            if case .undefined(let reason) = value { throw JinjaError(reason.message) }
            return (value.number ?? value.text.flatMap(PythonNumber.float)).map(Value.float) ?? bound[0] ?? .float(0)
        },
        "round": rounded,
        "sum": { interpreter, value, arguments in
            let bound = try arguments.bind("sum", "attribute", "start")
            let path = try Path(bound[0] ?? .null)
            var sum = bound[1] ?? .integer(0)
            guard sum.text == nil else { throw JinjaError("sum adds no strings; use join") }
            let produce = try interpreter.producer(of: value)
            while let element = try produce() {
                try interpreter.budget.spend()
                sum = try interpreter.apply(.add, sum, path.value(of: element, interpreter))
            }
            return sum
        },
        "min": extreme("min") { candidate, best in try candidate.isLess(than: best) },
        "max": extreme("max") { candidate, best in try best.isLess(than: candidate, operation: ">") },
        "filesizeformat": { interpreter, value, arguments in
            let bound = try arguments.bind("filesizeformat", "binary")
            if case .undefined(let reason) = value { throw JinjaError(reason.message) }
            guard let size = value.number ?? value.text.flatMap(PythonNumber.float) else {
                throw JinjaError("filesizeformat needs a number, not a \(value.typeName)")
            }
            return try interpreter.string(fileSize(size, isBinary: bound.flag(0)))
        },
    ]

    private static func whole(_ value: Value, base: Int) throws -> Int? {
        if let text = value.text, let whole = PythonNumber.whole(text, base: base) { return whole }
        if let whole = value.wholeNumber { return whole }
        if case .float(let number) = value, number.isInfinite { throw JinjaError("int of an infinite number") }
        guard let number = value.number ?? value.text.flatMap(PythonNumber.float), number.isFinite else { return nil }
        guard let whole = Int(exactly: number.rounded(.towardZero)) else {
            throw JinjaError("int gives a whole number beyond 64 bits, the limit", kind: .limit)
        }
        return whole
    }

    private static let rounded: Filter = { interpreter, value, arguments in
        let bound = try arguments.bind("round", "precision", "method")
        if case .undefined(let reason) = value { throw JinjaError(reason.message) }
        let precision = try bound.wholeNumber(0) ?? 0
        let method = try bound.text(1) ?? "common"
        guard let number = value.number else { throw JinjaError("round needs a number, not a \(value.typeName)") }
        switch method {
        case "common":
            guard let whole = value.wholeNumber else { return .float(number.rounded(toDigits: precision)) }
            return .integer(try PythonNumber.rounded(whole, toDigits: precision))
        case "ceil", "floor":
            let scale = pow(10, Double(precision))
            let scaled = number * scale
            return .float((method == "ceil" ? scaled.rounded(.up) : scaled.rounded(.down)) / scale)
        default: throw JinjaError("round's method is 'common', 'ceil' or 'floor'")
        }
    }

    private static func extreme(
        _ name: String, _ isBetter: @escaping @Sendable (Value, Value) throws -> Bool
    ) -> Filter {
        { interpreter, value, arguments in
            let bound = try arguments.bind(name, "case_sensitive", "attribute")
            let isCaseSensitive = try bound.flag(0)
            let path = try Path(bound[1] ?? .null)
            let produce = try interpreter.producer(of: value)
            var best: (element: Value, key: Value)?
            while let element = try produce() {
                let key = try key(path.value(of: element, interpreter), isCaseSensitive: isCaseSensitive, interpreter)
                try interpreter.budget.spend(key.extent.count)
                if let current = best?.key, try !isBetter(key, current) { continue }
                best = (element, key)
            }
            return best?.element ?? .undefined(.because("no aggregated item, the sequence was empty"))
        }
    }

    private static func fileSize(_ size: Double, isBinary: Bool) -> String {
        let base: Double = isBinary ? 1024 : 1000
        if size == 1 { return "1 Byte" }
        if size < base { return "\(size.rounded(.towardZero).formatted("f", precision: 0)) Bytes" }
        var unit = base
        var name = ""
        for prefix in isBinary
            ? ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"] : ["k", "M", "G", "T", "P", "E", "Z", "Y"]
        {
            unit *= base
            name = prefix
            if size < unit { break }
        }
        return "\((base * size / unit).formatted("f", precision: 1)) \(name)B"
    }
}
