/// One way to write a rule: symbols in a row, open where its condition on the rule's parameter holds.
///
/// A rule has a parameter of 64 bits, 0 unless a call says else, and a set of texts seen, empty unless a call keeps it.
/// A call that stands last in a production costs no depth, so a list is best written with its rest last:
/// `items = value rest`, `rest = "," items | nothing`.
package struct Production: Hashable, Sendable {
    package var condition: ParameterCondition
    package var symbols: [GrammarSymbol]

    package init(_ symbols: [GrammarSymbol], if condition: ParameterCondition = .always) {
        self.symbols = symbols
        self.condition = condition
    }
}

/// What stands in a production.
package enum GrammarSymbol: Hashable, Sendable {
    case lexeme(LexemeID)
    /// The lexeme with a text that is not among those seen; then it is. The set holds for the rest of this production and
    /// for the calls in it that keep it.
    case unseen(LexemeID)
    /// One token of a set.
    case tokens(TokenSetID)
    case rule(RuleID, ParameterChange = .constant(0), keepsSeen: Bool = false)
}

/// A rule of a ``Grammar``.
package struct RuleID: Hashable, Sendable {
    package let index: Int
    init(index: Int) { self.index = index }
}

/// Some neighbouring bits of a parameter, read as a number.
package struct ParameterField: Hashable, Sendable {
    package let shift: Int
    package let mask: UInt64

    /// The bits `bits` of a parameter.
    package init(_ bits: Range<Int>) {
        precondition(bits.lowerBound >= 0 && bits.upperBound <= 64 && !bits.isEmpty)
        shift = bits.lowerBound
        mask = bits.count == 64 ? .max : (1 << UInt64(bits.count)) - 1
    }

    /// All 64 bits.
    package static let whole = ParameterField(0..<64)

    func value(in parameter: UInt64) -> UInt64 { parameter >> UInt64(shift) & mask }

    func setting(_ value: UInt64, in parameter: UInt64) -> UInt64 {
        parameter & ~(mask << UInt64(shift)) | (value & mask) << UInt64(shift)
    }
}

/// The parameter of a called rule, from that of the calling one.
package enum ParameterChange: Hashable, Sendable {
    case constant(UInt64)
    case same
    case setting(UInt64)
    case clearing(UInt64)
    /// One more in a field, which stops at `limit`.
    case counting(ParameterField, upTo: UInt64)

    func applied(to parameter: UInt64) -> UInt64 {
        switch self {
        case .constant(let value): value
        case .same: parameter
        case .setting(let bits): parameter | bits
        case .clearing(let bits): parameter & ~bits
        case .counting(let field, let limit):
            field.setting(min(field.value(in: parameter) + 1, min(limit, field.mask)), in: parameter)
        }
    }
}

/// When a production is open.
package indirect enum ParameterCondition: Hashable, Sendable {
    case always
    /// These bits are all set.
    case allSet(UInt64)
    /// These bits are all clear.
    case allClear(UInt64)
    case below(ParameterField, UInt64)
    case atLeast(ParameterField, UInt64)
    /// As many of these bits are set.
    case bitCount(UInt64, ClosedRange<Int>)
    case all([ParameterCondition])

    func holds(for parameter: UInt64) -> Bool {
        switch self {
        case .always: true
        case .allSet(let bits): parameter & bits == bits
        case .allClear(let bits): parameter & bits == 0
        case .below(let field, let limit): field.value(in: parameter) < limit
        case .atLeast(let field, let least): field.value(in: parameter) >= least
        case .bitCount(let bits, let counts): counts.contains((parameter & bits).nonzeroBitCount)
        case .all(let conditions): conditions.allSatisfy { $0.holds(for: parameter) }
        }
    }
}
