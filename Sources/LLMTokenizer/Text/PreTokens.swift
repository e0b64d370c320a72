/// What becomes of the matches when a text is split.
enum SplitBehavior: Sendable {
    case removed, isolated, mergedWithPrevious, mergedWithNext, contiguous

    static let names: [String: SplitBehavior] = [
        "Removed": .removed, "Isolated": .isolated, "MergedWithPrevious": .mergedWithPrevious,
        "MergedWithNext": .mergedWithNext, "Contiguous": .contiguous,
    ]
}

/// A text that is cut into pre-tokens, step by step.
struct PreTokens {
    private(set) var text: [UInt8]
    /// Where the pre-tokens are; none is empty.
    private(set) var pieces: [Range<Int>]
    /// Whether the first piece is the beginning of the whole text that is encoded.
    let startsText: Bool
    /// What is left of the steps that regular expressions may take.
    private(set) var steps: Int

    init(_ text: [UInt8], _ range: Range<Int>, startsText: Bool, steps: Int) {
        self.text = text
        self.steps = steps
        pieces = range.isEmpty ? [] : [range]
        self.startsText = startsText
    }

    /// Splits each piece at the matches of `pattern`; with `isInverted`, at what lies between them.
    mutating func split(by pattern: SplitPattern, _ behavior: SplitBehavior, isInverted: Bool) throws(Damage) {
        var parts: [Range<Int>] = []
        parts.reserveCapacity(max(pieces.count, text.count / 8))
        for piece in pieces {
            var splitter = Splitter(behavior)
            var end = piece.lowerBound
            try pattern.forEachMatch(in: text, piece, steps: &steps) { match in
                if match.lowerBound > end { splitter.add(end..<match.lowerBound, isMatch: isInverted, &parts) }
                splitter.add(match, isMatch: !isInverted, &parts)
                end = match.upperBound
            }
            if end < piece.upperBound { splitter.add(end..<piece.upperBound, isMatch: isInverted, &parts) }
            splitter.finish(&parts)
        }
        pieces = parts
    }

    /// Writes each piece anew: `transform` appends what it becomes, and is told whether it opens the whole text.
    ///
    /// - Throws: where the text becomes too long.
    mutating func rewrite(
        _ transform: (ArraySlice<UInt8>, _ opensText: Bool, inout [UInt8]) -> Void
    ) throws(Damage) {
        var output: [UInt8] = []
        output.reserveCapacity(text.count + text.count / 4)
        var parts: [Range<Int>] = []
        for (index, piece) in pieces.enumerated() {
            let start = output.count
            transform(text[piece], startsText && index == 0, &output)
            if output.count > start { parts.append(start..<output.count) }
            try Normalizer.checkLength(output)
        }
        text = output
        pieces = parts
    }
}

/// Joins matches and what lies between them to pieces.
private struct Splitter {
    private let behavior: SplitBehavior
    private var pending: Range<Int>?
    private var pendingIsMatch = false

    init(_ behavior: SplitBehavior) { self.behavior = behavior }

    mutating func add(_ range: Range<Int>, isMatch: Bool, _ parts: inout [Range<Int>]) {
        switch behavior {
        case .isolated: if !range.isEmpty { parts.append(range) }
        case .removed: if !range.isEmpty && !isMatch { parts.append(range) }
        case .contiguous: join(range, isMatch, when: isMatch == pendingIsMatch, &parts)
        case .mergedWithPrevious: join(range, isMatch, when: isMatch && !pendingIsMatch, &parts)
        case .mergedWithNext: join(range, isMatch, when: !isMatch && pendingIsMatch, &parts)
        }
    }

    private mutating func join(_ range: Range<Int>, _ isMatch: Bool, when joins: Bool, _ parts: inout [Range<Int>]) {
        if joins, let last = pending {
            pending = last.lowerBound..<range.upperBound
        } else {
            finish(&parts)
            pending = range
        }
        pendingIsMatch = isMatch
    }

    mutating func finish(_ parts: inout [Range<Int>]) {
        if let pending, !pending.isEmpty { parts.append(pending) }
        pending = nil
    }
}
