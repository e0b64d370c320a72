/// A condition on a JSON value: a number of ``SchemaFormulas``, and whether it is negated.
struct Formula: Hashable, Sendable {
    private let code: Int32

    init(index: Int, isNegated: Bool) { code = Int32(index) << 1 | (isNegated ? 1 : 0) }

    var index: Int { Int(code >> 1) }
    var isNegated: Bool { code & 1 == 1 }
    var negation: Formula { Formula(index: index, isNegated: !isNegated) }

    /// Holds for every value.
    static let always = Formula(index: 0, isNegated: false)
    /// Holds for none.
    static let never = Formula(index: 0, isNegated: true)
}

/// What a ``Formula`` says. Each kind but the last two lets values of other types pass, as keywords do.
enum FormulaTerm: Hashable, Sendable {
    case always
    case all([Formula])
    case any([Formula])
    /// Exactly one of some.
    case one([Formula])
    /// The schema of this number, see ``SchemaDocument``.
    case schema(Int)
    /// A number that is in the set.
    case numbers(ValueSet<DecimalNumber>)
    /// A string whose texts are known to be in the one set, and those of its negation to be outside of the other.
    case strings(inner: ValueSet<ExactText>, outer: ValueSet<ExactText>)
    case array(ArrayShape)
    case object(ObjectShape)
    /// A value of some types.
    case types(TypeSet)
    /// One of some values.
    case values([SchemaValue])
}

/// Some of JSON's types; integers are numbers whose fraction is zero.
struct TypeSet: OptionSet, Hashable, Sendable {
    let rawValue: UInt8

    static let null = TypeSet(rawValue: 1)
    static let boolean = TypeSet(rawValue: 2)
    static let integer = TypeSet(rawValue: 4)
    static let number = TypeSet(rawValue: 12)
    static let string = TypeSet(rawValue: 16)
    static let array = TypeSet(rawValue: 32)
    static let object = TypeSet(rawValue: 64)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The type of this name.
    init?(_ name: String) {
        switch name {
        case "null": self = .null
        case "boolean": self = .boolean
        case "integer": self = .integer
        case "number": self = .number
        case "string": self = .string
        case "array": self = .array
        case "object": self = .object
        default: return nil
        }
    }
}

/// Formulas by their terms: equal terms have equal numbers, so sharing and memos cost nothing.
struct SchemaFormulas {
    private(set) var terms: [FormulaTerm] = [.always]
    private var numbers: [FormulaTerm: Int] = [.always: 0]

    func term(_ formula: Formula) -> FormulaTerm { terms[formula.index] }

    mutating func formula(_ term: FormulaTerm) -> Formula {
        if let number = numbers[term] { return Formula(index: number, isNegated: false) }
        terms.append(term)
        numbers[term] = terms.count - 1
        return Formula(index: terms.count - 1, isNegated: false)
    }

    mutating func all(_ formulas: [Formula]) -> Formula {
        var parts: [Formula] = []
        var known: Set<Formula> = []
        func add(_ formula: Formula) -> Bool {
            if formula == .always { return true }
            if formula == .never || known.contains(formula.negation) { return false }
            if known.insert(formula).inserted { parts.append(formula) }
            return true
        }
        for formula in formulas {
            if !formula.isNegated, case .all(let inner) = term(formula) {
                for part in inner where !add(part) { return .never }
            } else if !add(formula) {
                return .never
            }
        }
        return parts.isEmpty ? .always : parts.count == 1 ? parts[0] : formula(.all(parts))
    }

    mutating func any(_ formulas: [Formula]) -> Formula {
        var parts: [Formula] = []
        var known: Set<Formula> = []
        for formula in formulas where formula != .never {
            if formula == .always || known.contains(formula.negation) { return .always }
            if known.insert(formula).inserted { parts.append(formula) }
        }
        return parts.isEmpty ? .never : parts.count == 1 ? parts[0] : formula(.any(parts))
    }

    mutating func object(_ shape: ObjectShape) -> Formula { shape.isAny ? .always : formula(.object(shape)) }

    mutating func array(_ shape: ArrayShape) -> Formula { shape == ArrayShape() ? .always : formula(.array(shape)) }
}
