import LLMSampling
import LLMTestSupport
import Testing

@Suite struct StopMatcherTests {
    @Test func `Text that begins no stop string comes out at once`() {
        var matcher = StopMatcher(["END"])
        #expect(matcher.append("hello ").text == "hello ")
        #expect(matcher.append("E").text == "")
        #expect(matcher.append("N").text == "")
        #expect(matcher.append("X").text == "ENX")
        #expect(matcher.finish() == "")
    }

    @Test func `A stop string across pieces ends the text and is left out`() {
        var matcher = StopMatcher(["\n\n", "END"])
        #expect(matcher.append("one E").text == "one ")
        let output = matcher.append("ND two")
        #expect(output.text == "")
        #expect(output.stopIndex == 1)
        #expect(matcher.append("more").text == "")
        #expect(matcher.finish() == "")
    }

    @Test func `What was held comes out when the output ends otherwise`() {
        var matcher = StopMatcher(["END"])
        #expect(matcher.append("the EN").text == "the ")
        #expect(matcher.finish() == "EN")
    }

    @Test func `The stop that is complete first wins over one that begins first`() {
        var matcher = StopMatcher(["abcd", "bc"])
        let output = matcher.append("xabcd")
        #expect(output.text == "xa")
        #expect(output.stopIndex == 1)
    }

    @Test(arguments: [(["bc", "abc"], 0, "xa"), (["abc", "bc"], 1, "x")])
    func `Of stops that end together the one listed first wins`(stops: [String], first: Int, text: String) {
        var matcher = StopMatcher(stops)
        let output = matcher.append("xabc")
        #expect(output.stopIndex == 0)
        #expect(output.text == text)
    }

    @Test func `A stop is found before a combining accent and inside a grapheme`() {
        var matcher = StopMatcher(["e"])
        let output = matcher.append("re\u{301}sume\u{301}")
        #expect(output.text == "r")
        #expect(output.stopIndex == 0)
        var composed = StopMatcher(["e\u{301}"])
        #expect(composed.append("\u{E9}").stopIndex == nil)
    }

    @Test func `Stops before the minimum are let through as text`() {
        var matcher = StopMatcher(["ab"])
        #expect(matcher.append("xab", mayStop: false).text == "xab")
        #expect(matcher.append("ya", mayStop: false).text == "y")
        let output = matcher.append("bz")
        #expect(output.text == "")
        #expect(output.stopIndex == 0)
    }

    @Test func `A stop string that is to be shown ends the text, and nothing is held back for it`() {
        var matcher = StopMatcher(["END"], includesStop: true)
        #expect(matcher.append("the EN").text == "the EN")
        let output = matcher.append("D and more")
        #expect(output.text == "D")
        #expect(output.stopIndex == 0)
        #expect(matcher.append("more").text == "")
    }

    @Test func `No stop strings means no holding back`() {
        var matcher = StopMatcher([])
        #expect(matcher.append("anything").text == "anything")
    }

    @Test func `Every split of every text gives what a search of the whole text gives`() {
        let seed: UInt64 = 11
        var generator = SeededGenerator(seed: seed)
        let alphabet: [Unicode.Scalar] = ["a", "b", "\u{301}", "é"]
        for round in 0..<60 {
            let stops = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                randomText(alphabet, 1...4, &generator)
            }
            let scalars = Array(randomText(alphabet, 1...9, &generator).unicodeScalars)
            let expected = naive(text(scalars[...]), stops)
            for cuts in 0..<(1 << (scalars.count - 1)) {
                var matcher = StopMatcher(stops)
                var shown = ""
                var stopIndex: Int?
                var start = 0
                for end in 1...scalars.count where end == scalars.count || cuts >> (end - 1) & 1 == 1 {
                    let output = matcher.append(text(scalars[start..<end]))
                    shown += output.text
                    start = end
                    stopIndex = stopIndex ?? output.stopIndex
                    if stopIndex == nil {
                        let seen = Array(text(scalars[..<end]).utf8)
                        #expect(shown.utf8.count == seen.count - held(seen, stops), "seed \(seed) round \(round)")
                    }
                }
                shown += matcher.finish()
                #expect(Array(shown.utf8) == expected.text, "seed \(seed) round \(round) cuts \(cuts)")
                #expect(stopIndex == expected.stopIndex, "seed \(seed) round \(round) cuts \(cuts)")
            }
        }
    }

    private func naive(_ text: String, _ stops: [String]) -> (text: [UInt8], stopIndex: Int?) {
        let bytes = Array(text.utf8)
        for end in 0...bytes.count {
            for (index, stop) in stops.enumerated() {
                let stop = Array(stop.utf8)
                if end >= stop.count && Array(bytes[(end - stop.count)..<end]) == stop {
                    return (Array(bytes[..<(end - stop.count)]), index)
                }
            }
        }
        return (bytes, nil)
    }

    /// Bytes at the end of `seen` that begin a stop string.
    private func held(_ seen: [UInt8], _ stops: [String]) -> Int {
        (0...seen.count).last { count in
            stops.contains { stop in stop.utf8.count > count && stop.utf8.starts(with: seen.suffix(count)) }
        } ?? 0
    }

    private func randomText(
        _ alphabet: [Unicode.Scalar], _ lengths: ClosedRange<Int>, _ generator: inout SeededGenerator
    ) -> String {
        let count = Int.random(in: lengths, using: &generator)
        return text((0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] }[...])
    }

    private func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }
}
