/// Answers about sets of texts.
final class LanguageOracle {
    /// The place that is asked about, for errors.
    var pointer = ""
    private var arena = RegexArena()
    private var ids: [RegexExpression: RegexArena.ID] = [:]
    private var empty: [RegexExpression: Bool] = [:]

    private func id(_ expression: RegexExpression) throws(GrammarError) -> RegexArena.ID {
        if let id = ids[expression] { return id }
        let id = try arena.compile(expression)
        ids[expression] = id
        return id
    }

    /// Whether `text` is in the set.
    func matches(_ expression: RegexExpression, _ text: [UInt8]) throws(SchemaError) -> Bool {
        do throws(GrammarError) {
            var state = try id(expression)
            for byte in text { state = arena.derivative(of: state, by: byte) }
            guard !arena.isExhausted else { throw GrammarError(.tooComplex, "its automaton has too many states") }
            return arena.isNullable(state)
        } catch {
            throw SchemaError(.tooComplex, at: pointer, error.message)
        }
    }

    /// Whether nothing is in the set; also false where it takes too long to find out.
    func isEmpty(_ expression: RegexExpression) -> Bool {
        if let known = empty[expression] { return known }
        var answer = false
        do { answer = try !arena.matchesSomething(try id(expression)) } catch {}
        empty[expression] = answer
        return answer
    }

    /// All texts of the set, where they are few.
    func texts(_ expression: RegexExpression, limit: Int) -> [[UInt8]]? {
        var found: [[UInt8]] = []
        var fuel = 50 * limit
        do {
            guard try collect(try id(expression), [], [], &found, &fuel, limit) else { return nil }
        } catch {
            return nil
        }
        return found
    }

    private func collect(
        _ state: RegexArena.ID, _ prefix: [UInt8], _ path: [RegexArena.ID], _ found: inout [[UInt8]], _ fuel: inout Int,
        _ limit: Int
    ) throws(GrammarError) -> Bool {
        guard try arena.matchesSomething(state) else { return true }
        fuel -= 1
        guard fuel > 0, path.count < 200, !path.contains(state) else { return false }
        if arena.isNullable(state) { found.append(prefix) }
        for index in arena.partition(of: state) {
            let edge = arena.edges[index]
            guard edge.set.count <= limit else { return try !arena.matchesSomething(edge.target) }
            var bytes: [UInt8] = []
            edge.set.forEach { bytes.append($0) }
            for byte in bytes {
                guard try collect(edge.target, prefix + [byte], path + [state], &found, &fuel, limit),
                    found.count <= limit
                else { return false }
            }
        }
        return true
    }
}
