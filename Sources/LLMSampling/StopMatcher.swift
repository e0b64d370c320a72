/// Looks for stop strings in text that comes in pieces, and lets text through as soon as it cannot be part of one.
///
/// Strings are compared as UTF-8 bytes, so a stop is found across pieces and next to combining characters. The stop that
/// is complete first in the text wins; of several that end at the same byte, the one listed first. So where the text
/// ends never depends on how it was cut into pieces: it is where vLLM's search in listed order ends when text comes a
/// character at a time. What is held back is exactly the longest end of the text that begins a stop string.
public struct StopMatcher: Sendable {
    /// What a piece of text led to.
    public struct Output: Sendable, Hashable {
        /// Text that can be shown, with the stop string at its end only if asked for.
        public let text: String
        /// The stop string found, as an index into the list given; nothing comes after it.
        public let stopIndex: Int?
    }

    private let includesStop: Bool
    private var patterns: [Pattern]
    private var held: [UInt8] = []
    private var isStopped = false

    /// A matcher for `stops`, none of which is empty.
    ///
    /// - Parameter includesStop: whether the stop string that ends the text is shown (`include_stop_str_in_output`);
    ///   then nothing is held back.
    public init(_ stops: [String], includesStop: Bool = false) {
        precondition(stops.allSatisfy { !$0.isEmpty }, "an empty stop string")
        self.includesStop = includesStop
        patterns = stops.map { Pattern(Array($0.utf8)) }
    }

    /// Takes the next piece of text; O(bytes × stops).
    ///
    /// - Parameter mayStop: false while the output has fewer than `min_tokens` tokens: a stop string that ends in this
    ///   piece is let through as text.
    /// - Returns: the text let through. Once a stop was found, nothing more.
    public mutating func append(_ text: String, mayStop: Bool = true) -> Output {
        guard !isStopped else { return Output(text: "", stopIndex: nil) }
        for byte in text.utf8 {
            held.append(byte)
            var found: Int?
            for index in patterns.indices {
                let isComplete = patterns[index].advance(byte)
                if isComplete && found == nil && mayStop { found = index }
            }
            if let found {
                isStopped = true
                return Output(text: release(allButLast: patterns[found].bytes.count), stopIndex: found)
            }
        }
        return Output(text: release(allButLast: patterns.map(\.matched).max() ?? 0), stopIndex: nil)
    }

    /// The text still held back, when the output ended for another reason than a stop string.
    public mutating func finish() -> String {
        guard !isStopped else { return "" }
        isStopped = true
        return release(allButLast: 0)
    }

    private mutating func release(allButLast kept: Int) -> String {
        let kept = includesStop ? 0 : kept
        let text = String(decoding: held.dropLast(kept), as: UTF8.self)
        held.removeFirst(held.count - kept)
        return text
    }
}

/// One stop string, and how much of it the text's end matches (Knuth, Morris and Pratt, 1977).
private struct Pattern: Sendable {
    let bytes: [UInt8]
    /// For each matched length from 1, the next shorter one that matches the same end of text.
    private let fallback: [Int]
    /// The longest beginning of the pattern that the text ends with, short of all of it.
    private(set) var matched = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var fallback = [0]
        var length = 0
        for byte in bytes.dropFirst() {
            while length > 0 && bytes[length] != byte { length = fallback[length - 1] }
            if bytes[length] == byte { length += 1 }
            fallback.append(length)
        }
        self.fallback = fallback
    }

    /// Takes one byte of text; true if the pattern is complete with it.
    mutating func advance(_ byte: UInt8) -> Bool {
        while matched > 0 && bytes[matched] != byte { matched = fallback[matched - 1] }
        if bytes[matched] == byte { matched += 1 }
        guard matched == bytes.count else { return false }
        matched = fallback[matched - 1]
        return true
    }
}
