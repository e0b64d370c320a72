internal import LLMJSON
internal import Synchronization

/// A grammar over a vocabulary, shared by all who follow it. What one has worked out serves the others.
///
/// Tables grow as outputs reach what is new; past a bound they are dropped and begun again, which matchers notice and make
/// up for. One lock guards them, held for one mask or token at most.
package final class CompiledGrammar: Sendable {
    package let vocabulary: TokenVocabulary
    private let grammar: Grammar
    private let limits: Limits
    private let state: Mutex<State>

    /// What a compiled grammar may take.
    package struct Limits: Sendable {
        /// Bytes of the tables, masks without.
        package var tableBytes: Int
        /// Bytes of masks that are kept.
        package var memoBytes: Int

        package init(tableBytes: Int = 128 << 20, memoBytes: Int = 8 << 20) {
            self.tableBytes = tableBytes
            self.memoBytes = memoBytes
        }
    }

    struct State {
        var tables: GrammarTables
        /// How often the tables were begun again.
        var generation = 0
    }

    /// Compiles as much as the first token needs; the rest follows as outputs reach it.
    package init(
        _ grammar: Grammar, vocabulary: TokenVocabulary, limits: Limits = Limits()
    ) throws(GrammarError) {
        self.vocabulary = vocabulary
        self.grammar = grammar
        self.limits = limits
        state = Mutex(State(tables: try GrammarTables(grammar, vocabulary: vocabulary, memoBytes: limits.memoBytes)))
    }

    /// Runs `body` with the tables; they are begun again first where they are too large.
    func withTables<Result: Sendable>(
        _ body: (inout GrammarTables, _ generation: Int) throws(GrammarError) -> Result
    ) throws(GrammarError) -> Result {
        try state.withLock { (state) throws(GrammarError) -> Result in
            if state.tables.byteCount > limits.tableBytes + limits.memoBytes {
                state.tables = try GrammarTables(grammar, vocabulary: vocabulary, memoBytes: limits.memoBytes)
                state.generation += 1
            }
            return try body(&state.tables, state.generation)
        }
    }

    /// Bytes that the tables and masks take, about, and how many masks were found among those kept and how many not.
    package var usage: (bytes: Int, memoHits: Int, memoMisses: Int) {
        state.withLock { ($0.tables.byteCount, $0.tables.memo.hits, $0.tables.memo.misses) }
    }
}
