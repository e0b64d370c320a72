extension Interpreter {
    // MARK: Arithmetic

    func arithmetic(_ first: Expression, _ operations: [Expression.Operation], _ scope: Scope) throws -> Value {
        var value = try evaluate(first, scope)
        for operation in operations {
            let operand = try evaluate(operation.operand, scope)
            position = operation.position
            value = try apply(operation.kind, value, operand)
        }
        return value
    }

    func apply(_ kind: Arithmetic, _ left: Value, _ right: Value) throws -> Value {
        if kind == .modulo, let format = left.text {
            return try string(PercentFormat.text(format, right, isMarkup: left.isMarkup, self), like: left)
        }
        for operand in [left, right] {
            if case .undefined(let reason) = operand { throw JinjaError(reason.message) }
        }
        switch kind {
        case .add: if let sum = try joined(left, right) { return sum }
        case .multiply: if let product = try repeated(left, right) ?? repeated(right, left) { return product }
        default: break
        }
        if let left = left.wholeNumber, let right = right.wholeNumber { return try Self.apply(kind, left, right) }
        if let left = left.number, let right = right.number { return try Self.apply(kind, left, right) }
        throw JinjaError("'\(kind.rawValue)' does not take a \(left.typeName) and a \(right.typeName)")
    }

    /// Two texts or rows one after the other; nil for other values.
    private func joined(_ left: Value, _ right: Value) throws -> Value? {
        switch (left, right) {
        case (.list(let first), .list(let second)): return try list(first.elements + second.elements)
        case (.tuple(let first), .tuple(let second)): return try tuple(first.elements + second.elements)
        default:
            guard let first = left.text, let second = right.text else { return nil }
            let isMarkup = left.isMarkup || right.isMarkup
            try budget.allocate(textBytes: first.utf8.count + second.utf8.count)
            guard isMarkup else { return .string(first + second) }
            return .markup(
                (left.isMarkup ? first : first.escapedMarkup) + (right.isMarkup ? second : second.escapedMarkup))
        }
    }

    private func repeated(_ value: Value, _ times: Value) throws -> Value? {
        guard let times = times.wholeNumber else { return nil }
        let count = max(times, 0)
        func total(_ length: Int) -> Int {
            let (total, overflow) = length.multipliedReportingOverflow(by: count)
            return overflow ? .max : total
        }
        switch value {
        case .string(let text), .markup(let text):
            try budget.allocate(textBytes: total(text.utf8.count))
            let result = text.isEmpty ? "" : PythonText.repeating(text, count: count)
            return value.isMarkup ? .markup(result) : .string(result)
        case .list(let row), .tuple(let row):
            try budget.allocate(elements: total(row.elements.count))
            let elements = row.elements.isEmpty ? [] : Array(repeatElement(row.elements, count: count).joined())
            if case .list = value { return .list(try Row(elements)) }
            return .tuple(try Row(elements))
        default: return nil
        }
    }

    private static func apply(_ kind: Arithmetic, _ left: Int, _ right: Int) throws -> Value {
        let result: (partialValue: Int, overflow: Bool)
        switch kind {
        case .add: result = left.addingReportingOverflow(right)
        case .subtract: result = left.subtractingReportingOverflow(right)
        case .multiply: result = left.multipliedReportingOverflow(by: right)
        case .divide: return .float(Double(left) / Double(try divisor(right)))
        case .floorDivide:
            result = left.dividedReportingOverflow(by: try divisor(right))
            if !result.overflow, left % right != 0, (left < 0) != (right < 0) {
                return .integer(result.partialValue - 1)
            }
        case .modulo:
            if try divisor(right) == -1 { return .integer(0) }
            let remainder = left % right
            return .integer(remainder != 0 && (remainder < 0) != (right < 0) ? remainder + right : remainder)
        case .power: return try power(left, right)
        }
        guard !result.overflow else { throw overflow(kind) }
        return .integer(result.partialValue)
    }

    private static func divisor(_ value: Int) throws -> Int {
        guard value != 0 else { throw JinjaError("division by zero") }
        return value
    }

    private static func overflow(_ kind: Arithmetic) -> JinjaError {
        JinjaError("'\(kind.rawValue)' gives a whole number beyond 64 bits, the limit", kind: .limit)
    }

    private static func power(_ base: Int, _ exponent: Int) throws -> Value {
        if exponent < 0 { return try apply(.power, Double(base), Double(exponent)) }
        var result = 1
        switch base {
        case 0, 1: result = exponent == 0 ? 1 : base
        case -1: result = exponent % 2 == 0 ? 1 : -1
        default:
            guard exponent < 64 else { throw overflow(.power) }
            for _ in 0..<exponent {
                let (product, isOver) = result.multipliedReportingOverflow(by: base)
                guard !isOver else { throw overflow(.power) }
                result = product
            }
        }
        return .integer(result)
    }

    private static func apply(_ kind: Arithmetic, _ left: Double, _ right: Double) throws -> Value {
        switch kind {
        case .add: return .float(left + right)
        case .subtract: return .float(left - right)
        case .multiply: return .float(left * right)
        case .divide, .floorDivide, .modulo:
            guard right != 0 else { throw JinjaError("division by zero") }
            if kind == .divide { return .float(left / right) }
            let (quotient, remainder) = left.pythonDivided(by: right)
            return .float(kind == .modulo ? remainder : quotient)
        case .power:
            guard left != 0 || right >= 0 else { throw JinjaError("0 to a negative power") }
            let result = left.power(right)
            guard !result.isNaN || left.isNaN || right.isNaN, result.isFinite || !left.isFinite || !right.isFinite
            else {
                throw JinjaError("'**' gives no number")
            }
            return .float(result)
        }
    }

    func signed(_ value: Value, _ isNegative: Bool) throws -> Value {
        if case .undefined(let reason) = value { throw JinjaError(reason.message) }
        if let whole = value.wholeNumber {
            guard isNegative else { return .integer(whole) }
            guard whole != .min else { throw Self.overflow(.subtract) }
            return .integer(-whole)
        }
        guard case .float(let number) = value else { throw JinjaError("a \(value.typeName) takes no sign") }
        return .float(isNegative ? -number : number)
    }

    // MARK: Comparisons

    func compare(_ left: Value, _ comparison: Comparison, _ right: Value) throws -> Bool {
        switch comparison {
        case .equal: return try areEqual(left, right)
        case .notEqual: return try !areEqual(left, right)
        case .isIn: return try contains(right, left)
        case .isNotIn: return try !contains(right, left)
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            try budget.spend(min(left.extent.count, right.extent.count))
            let name = comparison.rawValue
            switch comparison {
            case .less: return try left.isLess(than: right, operation: name)
            case .greater: return try right.isLess(than: left, operation: name)
            case .lessOrEqual:
                return try left.isLess(than: right, operation: name) || (left.isEqual(to: right) && !left.isNotANumber)
            default:
                return try right.isLess(than: left, operation: name) || (left.isEqual(to: right) && !left.isNotANumber)
            }
        }
    }

    /// `element in container`
    func contains(_ container: Value, _ element: Value) throws -> Bool {
        switch container {
        case .string(let text), .markup(let text):
            if case .undefined(let reason) = element { throw JinjaError(reason.message) }
            guard let needle = element.text else {
                throw JinjaError("'in' a string needs a string, not a \(element.typeName)")
            }
            try budget.spend(1 + (text.utf8.count + needle.utf8.count) / Extent.bytesPerCount)
            return PythonText.contains(text, needle)
        case .dict(let dict):
            try budget.spend(element.extent.count)
            return dict.members[try DictKey(element)] != nil
        case .view(let view) where view.part == .keys:
            try budget.spend(element.extent.count)
            return view.dict.members[try DictKey(element)] != nil
        case .range(let range):
            guard let number = element.number, let whole = Int(exactly: number) else { return false }
            let (distance, overflow) = whole.subtractingReportingOverflow(range.start)
            guard !overflow, distance == 0 || (distance < 0) == (range.step < 0) else { return false }
            let (steps, rest) = distance.magnitude.quotientAndRemainder(dividingBy: range.step.magnitude)
            return rest == 0 && steps < range.count
        default:
            let produce = try producer(of: container)
            while let candidate = try produce() {
                try budget.spend()
                if try areEqual(candidate, element) { return true }
            }
            return false
        }
    }

    // MARK: Slices

    func slice(of value: Value, _ bounds: [Value?]) throws -> Value {
        if case .undefined(let reason) = value { throw JinjaError(reason.message) }
        let numbers = try bounds.map { bound -> Int? in
            guard let bound, !bound.isNone else { return nil }
            guard let number = bound.wholeNumber else {
                throw JinjaError("a slice's bounds are whole numbers, not a \(bound.typeName)")
            }
            return number
        }
        func indices(_ count: Int) throws -> SliceIndices {
            try SliceIndices(start: numbers[0], stop: numbers[1], step: numbers[2], count: count)
        }
        switch value {
        case .string(let text), .markup(let text):
            try budget.spend(1 + text.utf8.count / Extent.bytesPerCount)
            let indices = try indices(PythonText.length(text))
            if let range = indices.range { return try string(PythonText.slice(text, range), like: value) }
            let scalars = Array(text.unicodeScalars)
            return try string(String(scalars: indices.positions.map { scalars[$0] }), like: value)
        case .list(let row): return try list(Self.slice(row, indices(row.elements.count)))
        case .tuple(let row): return try tuple(Self.slice(row, indices(row.elements.count)))
        case .range(let range): return try Self.slice(range, indices(range.count))
        default: throw JinjaError("a \(value.typeName) has no slices")
        }
    }

    private static func slice(_ row: Row, _ indices: SliceIndices) throws -> [Value] {
        if let range = indices.range { return Array(row.elements[range]) }
        return indices.positions.map { row.elements[$0] }
    }

    private static func slice(_ range: IntegerRange, _ indices: SliceIndices) throws -> Value {
        guard indices.count > 0 else { return .range(try IntegerRange(start: 0, stop: 0, step: 1)) }
        let start = range.start + indices.first * range.step
        let (step, overflow) = range.step.multipliedReportingOverflow(by: indices.step)
        let (distance, overflowToo) = step.multipliedReportingOverflow(by: indices.count)
        guard !overflow, !overflowToo else { throw JinjaError("a slice's step is beyond the limit", kind: .limit) }
        return .range(try IntegerRange(start: start, stop: start &+ distance, step: step))
    }
}

extension Value {
    var isMarkup: Bool { if case .markup = self { true } else { false } }

    fileprivate var isNotANumber: Bool { if case .float(let value) = self { value.isNaN } else { false } }
}

extension String {
    /// The text as HTML shows it, as markupsafe escapes it.
    var escapedMarkup: String {
        var result = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "'": result += "&#39;"
            case "\"": result += "&#34;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
