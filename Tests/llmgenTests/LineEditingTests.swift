import LLMTestSupport
import Testing
import llmgen

/// Lines as a terminal's keys make them.
@Suite struct LineEditingTests {
    /// What comes of bytes, and the line that is left.
    private func type(_ bytes: some Sequence<UInt8>) -> (outcomes: [LineBuffer.Outcome], text: String) {
        var (decoder, line) = (KeyDecoder(), LineBuffer())
        let outcomes = bytes.flatMap { decoder.take($0) }.map { line.apply($0) }
        return (outcomes.filter { $0 != .edited }, line.text)
    }

    @Test(arguments: [
        ("word", "word"), ("ab\u{2}c", "acb"), ("ab\u{1}c\u{5}d", "cabd"), ("ab\u{7F}c\u{8}", "a"),
        ("abc\u{2}\u{2}\u{B}d", "ad"), ("abc\u{2}\u{15}", "c"), ("one two \u{17}x", "one x"), ("a\u{1}\u{4}", ""),
        ("ab\u{1B}[Dc", "acb"), ("ab\u{1B}[H\u{1B}[C\u{1B}[3~", "a"), ("ab\u{1B}OHc\u{1B}OFd", "cabd"),
        ("ab\u{1B}[1~c\u{1B}[4~d", "cabd"), ("one two\u{1B}[1;5Dx\u{1B}b-", "one -xtwo"),
        ("one two\u{1}\u{1B}fx\u{1B}[1;5Cy", "onex twoy"), ("one\u{1B}\u{7F}", ""),
        ("ä字👩‍🚀\u{2}\u{7F}", "ä👩‍🚀"), ("e\u{301}\u{7F}", ""), ("\u{2}\u{7F}\u{1B}[C\u{1B}[3~\u{B}", ""),
        ("a\u{1B}[38;5;1mb\u{1B}[99~c\u{0}\u{1C}d", "abcd"), ("\u{1B}[200~x\r\ny\u{3}\u{1B}[201~z", "x\nyz"),
    ])
    func `Keys edit the line`(keys: String, line: String) {
        #expect(type(keys.utf8).text == line)
    }

    @Test func `Enter, Ctrl-C and Ctrl-D end a line`() {
        #expect(type("one\rtwo\u{3}\u{4}".utf8).outcomes == [.entered("one"), .interrupted, .ended])
        #expect(type("a\u{2}\u{4}\u{4}".utf8).outcomes == [.ended])
    }

    @Test func `Up and down walk through the lines entered, and back to the one begun`() {
        let lines = "one\rtwo\rtwo\r\rnew"
        #expect(type("\(lines)\u{1B}[A".utf8).text == "two")
        #expect(type("\(lines)\u{1B}[A\u{10}\u{10}\u{10}".utf8).text == "one")
        #expect(type("\(lines)\u{1B}[A\u{1B}[A\u{1B}[B\u{E}\u{E}".utf8).text == "new")
        #expect(type("\(lines)\u{1B}[Ax\r".utf8).outcomes.last == .entered("twox"))
    }

    @Test func `Damaged characters are replaced, and no byte is too much`() {
        #expect(type([0x61, 0xE5, 0xAD, 0x62, 0x80, 0xFF]).text == "a\u{FFFD}b\u{FFFD}\u{FFFD}")
        let seed = UInt64.random(in: 0...UInt64.max)
        print("line editing seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let bytes = (0..<200_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(type(bytes).text.count <= bytes.count)
    }

    @Test func `A line wider than the terminal is shown around the cursor`() {
        func drawn(_ keys: String, _ columns: Int) -> String {
            var (decoder, line) = (KeyDecoder(), LineBuffer())
            for byte in keys.utf8 { for key in decoder.take(byte) { _ = line.apply(key) } }
            return line.drawn(prompt: "> ", columns: columns)
        }
        #expect(drawn("abc", 80) == "\r> abc\u{1B}[K\r\u{1B}[5C")
        #expect(drawn("abcdefgh", 8) == "\r> defgh\u{1B}[K\r\u{1B}[7C")
        #expect(drawn("abcdefgh\u{1}", 8) == "\r> abcde\u{1B}[K\r\u{1B}[2C")
        #expect(drawn("字字字", 8) == "\r> 字字\u{1B}[K\r\u{1B}[6C")
        #expect(drawn("", 1) == "\r> \u{1B}[K\r\u{1B}[2C")
        #expect(drawn("\u{1B}[200~a\nb\u{1B}[201~", 80) == "\r> a↵b\u{1B}[K\r\u{1B}[5C")
    }

    @Test(arguments: [("a", 1), ("字", 2), ("가", 2), ("e\u{301}", 1), ("\u{301}", 0), ("👩‍🚀", 2), ("❤️", 2), ("é", 1)])
    func `Characters take the columns that terminals give them`(text: String, columns: Int) {
        #expect(text.reduce(0) { $0 + $1.columns } == columns)
    }
}
