/// A dict's key: whatever Python can hash.
struct DictKey: Hashable {
    let value: Value

    init(_ text: String) { value = .string(text) }

    init(_ value: Value) throws {
        guard value.isHashable else { throw JinjaError("a \(value.typeName) cannot be a key") }
        self.value = value
    }

    static func == (left: DictKey, right: DictKey) -> Bool {
        // One that is no number finds itself again, as the same object does in Python.
        if case .float(let first) = left.value, case .float(let second) = right.value, first.isNaN, second.isNaN {
            return true
        }
        return left.value.isEqual(to: right.value)
    }

    func hash(into hasher: inout Hasher) { value.hash(into: &hasher) }
}

extension String {
    /// Whether both are the same scalars; `==` takes canonically equivalent ones for equal.
    func isSame(_ other: String) -> Bool { utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8) }

    /// Hashes the bytes; `hash(into:)` normalizes, which takes quadratic time in a run of combining marks.
    fileprivate func hashBytes(into hasher: inout Hasher) {
        var word: UInt64 = 1
        for byte in utf8 {
            if word >> 56 != 0 {
                hasher.combine(word)
                word = 1
            }
            word = word << 8 | UInt64(byte)
        }
        hasher.combine(word)
    }
}

extension Value {
    fileprivate var isHashable: Bool {
        switch self {
        case .list, .dict, .view: false
        case .tuple(let row): row.elements.allSatisfy(\.isHashable)
        default: true
        }
    }

    fileprivate func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .flag, .integer: hasher.combine(wholeNumber)
        case .float(let value):
            if let whole = Int(exactly: value) {
                hasher.combine(Optional(whole))
            } else {
                hasher.combine(value.isNaN ? .infinity : value)
            }
        case .string(let text), .markup(let text): text.hashBytes(into: &hasher)
        case .tuple(let row): for element in row.elements { element.hash(into: &hasher) }
        default: hasher.combine(typeName)
        }
    }

    /// Python's `==`.
    func isEqual(to other: Value) -> Bool {
        switch (self, other) {
        case (.undefined, .undefined), (.null, .null): return true
        case (.string(let left), .string(let right)), (.string(let left), .markup(let right)),
            (.markup(let left), .string(let right)), (.markup(let left), .markup(let right)):
            return left.isSame(right)
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            return left === right
                || left.elements.count == right.elements.count
                    && zip(left.elements, right.elements).allSatisfy { $0.isEqual(to: $1) }
        case (.dict(let left), .dict(let right)): return left === right || left.isEqual(to: right)
        case (.range(let left), .range(let right)):
            return left.count == right.count
                && (left.count == 0 || left.start == right.start && (left.count == 1 || left.step == right.step))
        case (.float(let left), _) where other.number != nil: return right(other, equals: left)
        case (_, .float(let value)) where number != nil: return right(self, equals: value)
        default:
            if let left = wholeNumber, let right = other.wholeNumber { return left == right }
            return isIdentical(to: other)
        }
    }

    private func right(_ value: Value, equals float: Double) -> Bool {
        switch value {
        case .float(let other): other == float
        default: value.wholeNumber.map { Int(exactly: float) == $0 } ?? false
        }
    }

    /// Python's `is`, as far as one can tell here: equal numbers and strings count as one.
    func isIdentical(to other: Value) -> Bool {
        switch (self, other) {
        case (.null, .null): true
        case (.flag(let left), .flag(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.float(let left), .float(let right)): left == right
        case (.string(let left), .string(let right)): left.isSame(right)
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)): left === right
        case (.dict(let left), .dict(let right)): left === right
        case (.range(let left), .range(let right)): left === right
        case (.view(let left), .view(let right)): left === right
        case (.iterator(let left), .iterator(let right)): left === right
        case (.namespace(let left), .namespace(let right)): left === right
        case (.loop(let left), .loop(let right)): left === right
        case (.macro(let left), .macro(let right)): left === right
        case (.cycler(let left), .cycler(let right)): left === right
        case (.joiner(let left), .joiner(let right)): left === right
        case (.function(let left), .function(let right)): left == right
        default: false
        }
    }

    /// Python's `<`, for the values that have an order among each other.
    func isLess(than other: Value, operation: String = "<") throws -> Bool {
        if let left = text, let right = other.text { return left.utf8.lexicographicallyPrecedes(right.utf8) }
        switch (self, other) {
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            for (first, second) in zip(left.elements, right.elements) where !first.isEqual(to: second) {
                return try first.isLess(than: second, operation: operation)
            }
            return left.elements.count < right.elements.count
        case (.undefined(let reason), _), (_, .undefined(let reason)): throw JinjaError(reason.message)
        default:
            if let left = wholeNumber, let right = other.wholeNumber { return left < right }
            if let left = number, let right = other.number { return left < right }
            throw JinjaError("'\(operation)' cannot compare a \(typeName) with a \(other.typeName)")
        }
    }
}

extension Dict {
    fileprivate func isEqual(to other: Dict) -> Bool {
        members.count == other.members.count
            && members.allSatisfy { key, value in other.members[key]?.isEqual(to: value) ?? false }
    }
}
