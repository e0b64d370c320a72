/// The numbers or the strings of a schema: what a ``ValueSet`` is made of.
protocol SchemaScalar: Hashable, Sendable {
    /// Every text that is one.
    static var universe: RegexExpression { get }
    /// The texts of this one.
    var spellings: RegexExpression { get }
    /// One of the texts.
    var spelling: [UInt8] { get }
}

extension DecimalNumber: SchemaScalar {
    static var universe: RegexExpression { NumberLanguage.all }
    var spellings: RegexExpression { NumberLanguage.spellings(of: self) }
    var spelling: [UInt8] { Array(description.utf8) }
}

extension ExactText: SchemaScalar {
    static var universe: RegexExpression { .anyText }
    var spellings: RegexExpression { .literal(bytes) }
    var spelling: [UInt8] { bytes }
}

/// A set of numbers, or of strings: closed under and, or, not.
enum ValueSet<Element: SchemaScalar>: Hashable, Sendable {
    case all
    /// Some, in the order of the schema.
    case finite([Element])
    /// Those whose texts a regular expression matches.
    case regular(RegexExpression)

    static var none: ValueSet { .finite([]) }

    /// As an expression over the texts.
    var expression: RegexExpression {
        switch self {
        case .all: Element.universe
        case .finite(let elements): .either(elements.map(\.spellings))
        case .regular(let expression): expression
        }
    }

    var complement: ValueSet {
        switch self {
        case .all: .none
        case .finite(let elements) where elements.isEmpty: .all
        default: .regular(.both([Element.universe, .not(expression)]))
        }
    }

    func union(_ other: ValueSet) -> ValueSet {
        switch (self, other) {
        case (.all, _), (_, .all): return .all
        case (.finite(let a), .finite(let b)):
            let known = Set(a)
            return .finite(a + b.filter { !known.contains($0) })
        case (.finite(let elements), let rest), (let rest, .finite(let elements)):
            return elements.isEmpty ? rest : .regular(.either([rest.expression, .either(elements.map(\.spellings))]))
        case (.regular(let a), .regular(let b)):
            return a == b ? self : .regular(.either([a, b]))
        }
    }

    func intersection(_ other: ValueSet, _ languages: LanguageOracle) throws(SchemaError) -> ValueSet {
        switch (self, other) {
        case (.all, let set), (let set, .all): return set
        case (.finite(let a), .finite(let b)):
            let known = Set(b)
            return .finite(a.filter(known.contains))
        case (.finite(let elements), .regular(let expression)), (.regular(let expression), .finite(let elements)):
            var kept: [Element] = []
            for element in elements where try languages.matches(expression, element.spelling) { kept.append(element) }
            return .finite(kept)
        case (.regular(let a), .regular(let b)):
            return a == b ? self : .regular(.both([a, b]))
        }
    }

    /// Whether nothing is in it, as far as that is found within the oracle's fuel.
    func isEmpty(_ languages: LanguageOracle) -> Bool {
        switch self {
        case .all: false
        case .finite(let elements): elements.isEmpty
        case .regular(let expression): languages.isEmpty(expression)
        }
    }
}
