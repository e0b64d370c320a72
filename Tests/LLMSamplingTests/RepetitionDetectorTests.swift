import LLMSampling
import LLMTestSupport
import Testing

@Suite struct RepetitionDetectorTests {
    @Test func `A pattern at the end so many times in a row is found at its last token`() throws {
        let detection = try RepetitionDetection(maxPatternSize: 3, minPatternSize: 2, minCount: 3)
        var detector = RepetitionDetector(detection)
        let tokens: [TokenID] = [9, 1, 2, 1, 2, 1, 2, 5, 5, 5, 5]
        #expect(tokens.map { detector.append($0) } == tokens.indices.map { $0 == 6 })
        // Six times the same token is three times a pattern of two.
        #expect([5, 5].map { detector.append($0) } == [false, true])
    }

    @Test func `Every answer is that of a search of the whole output, as vLLM makes it`() throws {
        for seed in 0..<300 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let largest = Int.random(in: 1...6, using: &generator)
            let smallest = Int.random(in: 0...largest, using: &generator)
            let count = Int.random(in: 2...4, using: &generator)
            var detector = RepetitionDetector(
                try RepetitionDetection(maxPatternSize: largest, minPatternSize: smallest, minCount: count))
            var output: [TokenID] = []
            for _ in 0..<80 {
                let id = TokenID.random(in: 0..<2, using: &generator)
                output.append(id)
                let sizes = max(1, smallest)...largest
                let expected = sizes.contains { isRepeated(output, size: $0, count: count) }
                #expect(detector.append(id) == expected, "seed \(seed) \(output)")
            }
        }
    }

    private func isRepeated(_ output: [TokenID], size: Int, count: Int) -> Bool {
        guard output.count >= size * count else { return false }
        let end = output.suffix(size)
        return (1..<count).allSatisfy { copy in
            output.dropLast(copy * size).suffix(size).elementsEqual(end)
        }
    }
}
