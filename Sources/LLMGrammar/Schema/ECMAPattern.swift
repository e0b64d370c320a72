/// A regular expression of ECMA-262, as JSON Schema's `pattern` has it: what it finds somewhere in a text, as a set of
/// whole texts. In Unicode mode; what that mode forbids but is common (needless escapes, a lone
/// `{`, `}` or `]`) is taken as ECMA's annex B does.
///
/// Lookaheads and anchors are kept exactly where they stand outside of repetitions. Lookbehinds, back references and
/// word boundaries are refused.
struct ECMAPattern {
    indirect enum Node {
        case set(ScalarSet)
        case sequence([Node])
        case either([Node])
        case repeated(Node, min: Int, max: Int?)
        case start
        case end
        case lookahead(Node, isNegative: Bool)
    }

    /// Why a pattern is refused, and whether it may be a sound one.
    struct Refusal: Error {
        let reason: String
        let isMalformed: Bool
    }

    static let limits = (length: 16_384, depth: 64, count: 100_000, copies: 256)

    /// The texts in which `pattern` finds something.
    static func texts(finding pattern: String) throws(Refusal) -> RegexExpression {
        var parser = ECMAPatternParser(pattern)
        let node = try parser.pattern()
        let copies = copies(node)
        guard copies <= limits.copies else {
            throw Refusal(
                reason:
                    "\(copies) combinations of alternatives with anchors or lookaheads, above the limit of \(limits.copies)",
                isMalformed: false)
        }
        let later = try language(of: node, before: .anyText, atStart: false)
        guard hasStart(node) else { return joined([.anyText, later]) }
        let first = try language(of: node, before: .anyText, atStart: true)
        if later == .never { return first }
        return .either([first, .sequence([.characters(.all), .anyText, later])])
    }

    /// The texts that `pattern` matches as wholes.
    ///
    /// - Parameters:
    ///   - ignoresCase: whether letters stand for those of either case.
    ///   - dotTakesLineEnds: whether `.` stands for line terminators too.
    static func texts(
        matching pattern: String, ignoresCase: Bool = false, dotTakesLineEnds: Bool = false
    ) throws(Refusal) -> RegexExpression {
        var parser = ECMAPatternParser(pattern, ignoresCase: ignoresCase, dotTakesLineEnds: dotTakesLineEnds)
        let node = try parser.pattern()
        let copies = copies(node)
        guard copies <= limits.copies else {
            throw Refusal(
                reason: "\(copies) combinations of alternatives with anchors or lookaheads, above the limit of "
                    + "\(limits.copies)", isMalformed: false)
        }
        return try language(of: node, before: .empty, atStart: true)
    }

    /// How often what follows the node is written in its language, at most.
    private static func copies(_ node: Node) -> Int {
        if plain(node) != nil { return 1 }
        switch node {
        case .set, .start, .end: return 1
        case .lookahead(let inner, _): return copies(inner)
        case .repeated(let inner, _, _): return min(1 + copies(inner), limits.copies + 1)
        case .either(let nodes): return nodes.reduce(0) { min($0 + copies($1), limits.copies + 1) }
        case .sequence(let nodes): return nodes.reduce(1) { min($0 * copies($1), limits.copies + 1) }
        }
    }

    // MARK: Languages

    /// The texts from a place on that start with a match of `node` and go on with `rest`, to the end of the text.
    private static func language(
        of node: Node, before rest: RegexExpression, atStart: Bool
    ) throws(Refusal) -> RegexExpression {
        if let plain = plain(node) { return joined([plain, rest]) }
        switch node {
        case .set, .repeated(_, min: _, max: nil):
            throw Refusal(reason: "an anchor or a lookahead within a repetition", isMalformed: false)
        case .start: return atStart ? rest : .never
        case .end: return .both([rest, .empty])
        case .lookahead(let inner, let isNegative):
            let ahead = try language(of: inner, before: .anyText, atStart: atStart)
            return .both([rest, isNegative ? .not(ahead) : ahead])
        case .either(let nodes):
            var languages: [RegexExpression] = []
            for node in nodes { languages.append(try language(of: node, before: rest, atStart: atStart)) }
            return .either(languages)
        case .repeated(let inner, let min, let max?):
            guard min <= 1, max <= 1 else {
                throw Refusal(reason: "an anchor or a lookahead within a repetition", isMalformed: false)
            }
            if max == 0 { return rest }
            let once = try language(of: inner, before: rest, atStart: atStart)
            return min == 1 ? once : .either([rest, once])
        case .sequence(let nodes):
            return try language(of: nodes[...], before: rest, atStart: atStart)
        }
    }

    private static func language(
        of nodes: ArraySlice<Node>, before rest: RegexExpression, atStart: Bool
    ) throws(Refusal) -> RegexExpression {
        guard let first = nodes.first else { return rest }
        let others = nodes.dropFirst()
        let nextNeedsStart = atStart && others.contains(where: hasStart)
        guard nextNeedsStart else {
            // What is after the first no longer asks whether it is at the start.
            let tail = try language(of: others, before: rest, atStart: false)
            return try language(of: first, before: tail, atStart: atStart)
        }
        switch first {
        case .start, .lookahead:
            let tail = try language(of: others, before: rest, atStart: true)
            return try language(of: first, before: tail, atStart: true)
        default:
            guard let plain = plain(first) else {
                throw Refusal(reason: "'^' after a part with anchors or lookaheads", isMalformed: false)
            }
            let later = joined([
                .both([plain, .not(.empty)]), try language(of: others, before: rest, atStart: false),
            ])
            guard isNullable(first) else { return later }
            return .either([try language(of: others, before: rest, atStart: true), later])
        }
    }

    private static func joined(_ parts: [RegexExpression]) -> RegexExpression {
        parts.contains(.never) ? .never : .sequence(parts)
    }

    /// The node as an expression of its own; nil where it asks about its place.
    private static func plain(_ node: Node) -> RegexExpression? {
        switch node {
        case .set(let set): return .characters(set)
        case .sequence(let nodes):
            var parts: [RegexExpression] = []
            for node in nodes {
                guard let part = plain(node) else { return nil }
                parts.append(part)
            }
            return parts.count == 1 ? parts[0] : .sequence(parts)
        case .either(let nodes):
            var parts: [RegexExpression] = []
            for node in nodes {
                guard let part = plain(node) else { return nil }
                parts.append(part)
            }
            return parts.count == 1 ? parts[0] : .either(parts)
        case .repeated(let inner, let min, let max): return plain(inner).map { .repeated($0, min: min, max: max) }
        case .start, .end, .lookahead: return nil
        }
    }

    private static func isNullable(_ node: Node) -> Bool {
        switch node {
        case .set: false
        case .sequence(let nodes): nodes.allSatisfy(isNullable)
        case .either(let nodes): nodes.contains(where: isNullable)
        case .repeated(let inner, let min, _): min == 0 || isNullable(inner)
        case .start, .end, .lookahead: true
        }
    }

    private static func hasStart(_ node: Node) -> Bool {
        switch node {
        case .set, .end: false
        case .start: true
        case .sequence(let nodes), .either(let nodes): nodes.contains(where: hasStart)
        case .repeated(let inner, _, _), .lookahead(let inner, _): hasStart(inner)
        }
    }
}
