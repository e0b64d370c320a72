/// Folds what needs no stack into regular expressions.
struct RegularFolding {
    /// How large an expression may get, how deep, and how large all may get together. What is larger stays as rules.
    static let limits = (size: 4_000, depth: 100, total: 400_000)

    private struct Folded {
        var expression: RegexExpression
        var size: Int
        var depth: Int
    }

    private var known: [String: Folded] = [:]
    private var left = limits.total

    /// The rules that can be folded are those from which no way leads round to a rule again.
    init(_ rules: [String: GrammarNode]) {
        // The rules that each waits for; the last that it waits for makes it next.
        var waiting: [String: Int] = [:]
        var waiters: [String: [String]] = [:]
        var ready: [String] = []
        for name in rules.keys.sorted() {
            var names: Set<String> = []
            Self.collect(rules[name]!, into: &names)
            waiting[name] = names.count
            for other in names { waiters[other, default: []].append(name) }
            if names.isEmpty { ready.append(name) }
        }
        while let name = ready.popLast() {
            known[name] = folded(rules[name]!)
            for waiter in waiters[name] ?? [] {
                waiting[waiter]! -= 1
                if waiting[waiter] == 0 { ready.append(waiter) }
            }
        }
    }

    private static func collect(_ node: GrammarNode, into names: inout Set<String>) {
        switch node {
        case .name(let name): names.insert(name)
        case .sequence(let parts), .either(let parts): for part in parts { collect(part, into: &names) }
        case .repeated(let inner, _, _): collect(inner, into: &names)
        case .expression, .tokens, .rule, .lexeme: break
        }
    }

    /// The node as an expression; nil where it needs a stack, names tokens or is too large.
    mutating func regular(_ node: GrammarNode) -> RegexExpression? { folded(node)?.expression }

    /// The node with its regular parts as expressions.
    mutating func parts(_ node: GrammarNode) -> GrammarNode {
        if let expression = regular(node) { return .expression(expression) }
        switch node {
        case .sequence(let nodes): return .sequence(runs(nodes) { .sequence($0) })
        case .either(let nodes): return .either(runs(nodes) { .either($0) })
        case .repeated(let inner, let min, let max): return .repeated(parts(inner), min: min, max: max)
        case .expression, .tokens, .rule, .lexeme, .name: return node
        }
    }

    /// Neighbours that are regular as one.
    private mutating func runs(
        _ nodes: [GrammarNode], _ join: ([RegexExpression]) -> RegexExpression
    ) -> [GrammarNode] {
        var result: [GrammarNode] = []
        var run: [RegexExpression] = []
        for node in nodes {
            if let expression = regular(node) {
                run.append(expression)
                continue
            }
            if !run.isEmpty { result.append(.expression(run.count == 1 ? run[0] : join(run))) }
            run = []
            result.append(parts(node))
        }
        if !run.isEmpty { result.append(.expression(run.count == 1 ? run[0] : join(run))) }
        return result
    }

    private mutating func folded(_ node: GrammarNode) -> Folded? {
        guard let result = joined(node), result.size <= Self.limits.size, result.depth <= Self.limits.depth, left > 0
        else { return nil }
        return result
    }

    private mutating func joined(_ node: GrammarNode) -> Folded? {
        left -= 1
        switch node {
        case .expression(let expression): return Folded(expression: expression, size: 1, depth: 1)
        case .lexeme(let lexeme): return Folded(expression: lexeme.expression, size: 1, depth: 1)
        case .tokens, .rule: return nil
        case .name(let name):
            guard let known = known[name] else { return nil }
            left -= known.size
            return known
        case .sequence(let nodes): return all(nodes) { .sequence($0) }
        case .either(let nodes): return all(nodes) { .either($0) }
        case .repeated(let inner, let min, let max):
            return joined(inner).map {
                Folded(
                    expression: .repeated($0.expression, min: min, max: max), size: $0.size + 1, depth: $0.depth + 1)
            }
        }
    }

    private mutating func all(
        _ nodes: [GrammarNode], _ join: ([RegexExpression]) -> RegexExpression
    ) -> Folded? {
        var expressions: [RegexExpression] = []
        var (size, depth) = (1, 0)
        for node in nodes {
            guard let part = joined(node) else { return nil }
            expressions.append(part.expression)
            size += part.size
            depth = max(depth, part.depth)
        }
        return Folded(expression: join(expressions), size: size, depth: depth + 1)
    }
}
