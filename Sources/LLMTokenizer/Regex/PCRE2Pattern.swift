import CPCRE2

/// A pattern over bytes, compiled by PCRE2 to machine code where the system allows that.
///
/// The one file of the regular expressions that touches C.
final class PCRE2Pattern: @unchecked Sendable {
    private let code: OpaquePointer

    /// Compiles `pattern`, whose characters are bytes.
    ///
    /// - Throws: what PCRE2 says is wrong.
    init(_ pattern: [UInt8]) throws(Damage) {
        var error: Int32 = 0
        var offset = 0
        let options = UInt32(PCRE2_NEVER_UTF) | UInt32(PCRE2_NEVER_UCP)
        guard let code = pcre2_compile_8(pattern, pattern.count, options, &error, &offset, nil) else {
            throw Damage(Self.message(error), code: .unsupported)
        }
        self.code = code
        // Where memory may not be executable there is no machine code, and matching interprets the pattern.
        pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE))
    }

    deinit { pcre2_code_free_8(code) }

    /// Calls `body` with the range of each match in `text`, from the left, none overlapping.
    ///
    /// An empty match that touches the match before it does not count.
    ///
    /// - Parameter steps: how many steps long matches may take in all, less those that they take.
    /// - Throws: where finding the matches would take more, or too much memory.
    func forEachMatch(in text: [UInt8], steps: inout Int, _ body: (Range<Int>) -> Void) throws(Damage) {
        var failure: Int32 = 0
        text.withUnsafeBufferPointer { text in
            guard let base = text.baseAddress else { return }
            guard let search = Search(code, steps: steps) else {
                failure = PCRE2_ERROR_NOMEMORY
                return
            }
            defer { steps = search.steps }
            var start = 0
            var lastEnd = -1
            while start <= text.count {
                let result = search.match(base, text.count, from: start)
                if result == PCRE2_ERROR_NOMATCH { return }
                guard result >= 0 else {
                    failure = result
                    return
                }
                let match = search.range
                if match.isEmpty && match.lowerBound == lastEnd {
                    start += 1
                    continue
                }
                body(match)
                (start, lastEnd) = (match.upperBound, match.upperBound)
            }
        }
        if failure != 0 { throw Damage("matching fails: \(Self.message(failure))", code: .encodingFailed) }
    }

    private static func message(_ error: Int32) -> String {
        var text = [UInt8](repeating: 0, count: 256)
        let length = pcre2_get_error_message_8(error, &text, text.count)
        return String(decoding: text.prefix(max(0, Int(length))), as: UTF8.self)
    }
}

/// The state of one search through a text.
///
/// Each match may take few steps at first, and more where it needs them, from a number that all matches of a text
/// share. So a pattern that backtracks without end is an error after a bounded time.
private final class Search {
    private static let firstSteps: UInt32 = 2000
    private static let stackBytes = 32 << 20

    private let code: OpaquePointer
    private let data: OpaquePointer
    private let context: OpaquePointer
    private var stack: OpaquePointer?
    /// Steps that are left for long matches.
    private(set) var steps: Int
    private var limit = Search.firstSteps

    init?(_ code: OpaquePointer, steps: Int) {
        guard let data = pcre2_match_data_create_from_pattern_8(code, nil) else { return nil }
        guard let context = pcre2_match_context_create_8(nil) else {
            pcre2_match_data_free_8(data)
            return nil
        }
        (self.code, self.data, self.context) = (code, data, context)
        self.steps = steps
        pcre2_set_match_limit_8(context, limit)
        pcre2_set_heap_limit_8(context, 256 << 10)
    }

    deinit {
        pcre2_match_data_free_8(data)
        pcre2_match_context_free_8(context)
        if let stack { pcre2_jit_stack_free_8(stack) }
    }

    /// The range that matched last.
    var range: Range<Int> {
        let pair = pcre2_get_ovector_pointer_8(data)!
        return pair[0]..<max(pair[0], pair[1])
    }

    func match(_ text: UnsafePointer<UInt8>, _ count: Int, from start: Int) -> Int32 {
        while true {
            let result = pcre2_match_8(code, text, count, start, 0, data, context)
            if result == PCRE2_ERROR_JIT_STACKLIMIT && stack == nil {
                stack = pcre2_jit_stack_create_8(64 << 10, Self.stackBytes, nil)
                guard stack != nil else { return result }
                pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack!))
            } else if result == PCRE2_ERROR_MATCHLIMIT && steps > 0 {
                steps -= Int(limit)
                setLimit(UInt32(clamping: min(steps + 1, Int(limit) * 8)))
            } else {
                if limit != Self.firstSteps {
                    steps -= Int(limit)
                    setLimit(Self.firstSteps)
                }
                return result
            }
        }
    }

    private func setLimit(_ steps: UInt32) {
        limit = max(steps, 1)
        pcre2_set_match_limit_8(context, limit)
    }
}
