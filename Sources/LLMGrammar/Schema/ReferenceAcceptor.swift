/// Whether a grammar matches a text, by following all ways at once over bytes; the plain way, for checks.
package final class ReferenceAcceptor {
    private struct Frame: Hashable {
        let symbols: ArraySlice<GrammarSymbol>
        let parameter: UInt64
        let seen: Set<[UInt8]>
        let parent: Int
    }

    private var grammar: Grammar
    private var arena = RegexArena()
    private var lexemes: [Int: RegexArena.ID] = [:]
    private var frames: [Frame] = []
    private var numbers: [Frame: Int] = [:]

    package init(_ grammar: Grammar) { self.grammar = grammar }

    /// The furthest byte that was reached, and whether the whole text matches.
    package func accepts(_ text: [UInt8]) throws -> (isComplete: Bool, reached: Int) {
        frames = []
        numbers = [:]
        var waiting: [Int: Set<Int>] = [:]
        var position = 0
        var isComplete = false
        var reached = 0
        let first = number(Frame(symbols: [.rule(grammar.start!)][...], parameter: 0, seen: [], parent: -1))
        waiting[0] = [first]
        while position <= text.count {
            guard let here = waiting.removeValue(forKey: position) else {
                position += 1
                continue
            }
            reached = position
            var known = here
            var queue = Array(here)
            func push(_ frame: Int) { if known.insert(frame).inserted { queue.append(frame) } }
            while let id = queue.popLast() {
                if id == -1 {
                    if position == text.count { isComplete = true }
                    continue
                }
                let frame = frames[id]
                guard let symbol = frame.symbols.first else {
                    push(frame.parent)
                    continue
                }
                let rest = frame.symbols.dropFirst()
                func after(_ seen: Set<[UInt8]>) -> Int {
                    rest.isEmpty
                        ? frame.parent
                        : number(Frame(symbols: rest, parameter: frame.parameter, seen: seen, parent: frame.parent))
                }
                switch symbol {
                case .rule(let rule, let change, let keepsSeen):
                    let parameter = change.applied(to: frame.parameter)
                    let next = after(frame.seen)
                    for production in try grammar.productions(of: rule) where production.condition.holds(for: parameter)
                    {
                        push(
                            production.symbols.isEmpty
                                ? next
                                : number(
                                    Frame(
                                        symbols: production.symbols[...], parameter: parameter,
                                        seen: keepsSeen ? frame.seen : [], parent: next)))
                    }
                case .lexeme(let lexeme):
                    let next = after(frame.seen)
                    for (_, end) in try matches(lexeme, text, position) { waiting[end, default: []].insert(next) }
                case .unseen(let lexeme):
                    for (start, end) in try matches(lexeme, text, position) {
                        let value = Array(text[start..<end])
                        guard !frame.seen.contains(value) else { continue }
                        waiting[end, default: []].insert(after(frame.seen.union([value])))
                    }
                case .tokens: break
                }
            }
            position += 1
        }
        return (isComplete, reached)
    }

    private func number(_ frame: Frame) -> Int {
        if let known = numbers[frame] { return known }
        frames.append(frame)
        numbers[frame] = frames.count - 1
        return frames.count - 1
    }

    private func matches(_ lexeme: LexemeID, _ text: [UInt8], _ position: Int) throws -> [(start: Int, end: Int)] {
        var starts = [position]
        if let skip = grammar.lexemes[lexeme.index].skip {
            starts += try ends(skip, text, position).filter { $0 > position }
        }
        var found: [(start: Int, end: Int)] = []
        for start in starts { for end in try ends(lexeme, text, start) { found.append((start, end)) } }
        return found
    }

    private func ends(_ lexeme: LexemeID, _ text: [UInt8], _ position: Int) throws -> [Int] {
        let first: RegexArena.ID
        if let known = lexemes[lexeme.index] {
            first = known
        } else {
            first = try arena.compile(grammar.lexemes[lexeme.index].expression)
            lexemes[lexeme.index] = first
        }
        var state = first
        var found: [Int] = arena.isNullable(state) ? [position] : []
        var index = position
        while index < text.count {
            state = arena.derivative(of: state, by: text[index])
            if state == RegexArena.never { break }
            index += 1
            if arena.isNullable(state) { found.append(index) }
        }
        return found
    }
}
