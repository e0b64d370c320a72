import LLMTestSupport
import LLMTokenizer
import Testing

@Suite("A stream decoder")
struct StreamDecoderTests {
    /// The id of a byte in the bundled vocabulary.
    private func byte(_ value: TokenID) -> TokenID { 3 + value }

    @Test("gives the text of the whole, however the ids are cut", arguments: Reference.models)
    func equalsTheWhole(name: String) throws {
        let tokenizer = try SentencePieceTokenizer(folder: Reference.folder(name))
        let model = try #require(try Reference.load().sentencepiece[name])
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        for example in model.decode {
            var decoder = StreamDecoder(tokenizer: tokenizer)
            var text = ""
            var rest = example.ids[...]
            while !rest.isEmpty {
                let count = Int.random(in: 0...4, using: &generator)
                text += decoder.append(contentsOf: rest.prefix(count))
                rest = rest.dropFirst(count)
            }
            text += decoder.finish()
            #expect(isSame(text, example.text), "seed \(seed): \(example.ids) is \(text.debugDescription)")
            #expect(decoder.finish() == "")
        }
    }

    @Test("continues any prompt so that both read as one", arguments: Reference.models, [true, false])
    func continuesPrompts(name: String, skip: Bool) throws {
        let tokenizer = try SentencePieceTokenizer(folder: Reference.folder(name))
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let size = TokenID(tokenizer.vocabularySize)
        let low = (0..<min(size, 300))
        for _ in 0..<2000 {
            let ids = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                Bool.random(using: &generator)
                    ? TokenID.random(in: -1...size, using: &generator) : low.randomElement(using: &generator) ?? 0
            }
            let cut = Int.random(in: 0...ids.count, using: &generator)
            let prompt = Array(ids[..<cut])
            let whole = tokenizer.decode(ids, skipSpecialTokens: skip)
            // What the prompt's unfinished bytes will be is not known before its continuation.
            var settling = StreamDecoder(tokenizer: tokenizer, skipSpecialTokens: skip)
            let settled = settling.append(contentsOf: prompt)
            let alone = settled + settling.finish()
            var decoder = StreamDecoder(tokenizer: tokenizer, prompt: prompt, skipSpecialTokens: skip)
            let text = decoder.append(contentsOf: ids[cut...]) + decoder.finish()
            #expect(
                isSame(alone + text, whole) || isSame(settled + text, whole),
                "seed \(seed): \(prompt) then \(ids[cut...]) is \(text.debugDescription)")
        }
    }

    @Test("keeps the space of a completion behind a prompt, and drops it at the beginning of a text")
    func placesTheFirstSpace() throws {
        let tokenizer = try SentencePieceTokenizer(folder: Paths.fairytale)
        var behind = StreamDecoder(tokenizer: tokenizer, prompt: [1, 2428, 700, 261, 529])
        #expect(behind.append(442) == " there")
        var beginning = StreamDecoder(tokenizer: tokenizer)
        #expect(beginning.append(442) == "there")
        #expect(beginning.append(1143) == " lived")
        var behindBOS = StreamDecoder(tokenizer: tokenizer, prompt: [1])
        #expect(behindBOS.append(442) == "there")
    }

    @Test("holds a character back until its last byte")
    func holdsBytesBack() throws {
        let tokenizer = try SentencePieceTokenizer(folder: Paths.fairytale)
        var decoder = StreamDecoder(tokenizer: tokenizer)
        #expect([0xF0, 0x9F, 0x98, 0x80].map { decoder.append(byte($0)) } == ["", "", "", "😀"])
        #expect([0xC3, 0xA9, 0x41].map { decoder.append(byte($0)) } == ["", "é", "A"])
        #expect(decoder.finish() == "")
    }

    @Test("gives a replacement as soon as bytes can be no character, and at the end")
    func replacesBadBytes() throws {
        let tokenizer = try SentencePieceTokenizer(folder: Paths.fairytale)
        var decoder = StreamDecoder(tokenizer: tokenizer)
        #expect([0xE2, 0x41].map { decoder.append(byte($0)) } == ["", "\u{FFFD}A"])
        #expect([0xED, 0xA0].map { decoder.append(byte($0)) } == ["", "\u{FFFD}\u{FFFD}"])
        #expect([0xF0, 0x9F].map { decoder.append(byte($0)) } == ["", ""])
        #expect(decoder.append(442) == "\u{FFFD}\u{FFFD} there")
        #expect(decoder.append(byte(0xC3)) == "")
        #expect(decoder.finish() == "\u{FFFD}")
    }

    @Test("ends a character that the prompt began, and repeats no replacement that the prompt shows")
    func continuesCharacters() throws {
        let tokenizer = try SentencePieceTokenizer(folder: Paths.fairytale)
        let prompt = [442, byte(0xF0), byte(0x9F)]
        var ending = StreamDecoder(tokenizer: tokenizer, prompt: prompt)
        #expect(ending.append(contentsOf: [byte(0x98), byte(0x80)]) == "😀")
        var breaking = StreamDecoder(tokenizer: tokenizer, prompt: prompt)
        #expect(breaking.append(442) == " there")
        var silent = StreamDecoder(tokenizer: tokenizer, prompt: prompt)
        #expect(silent.finish() == "")
    }

    @Test("goes through hundreds of thousands of ids, before and behind")
    func streamsLongTexts() throws {
        let tokenizer = try SentencePieceTokenizer(folder: Paths.fairytale)
        let ids = [TokenID](repeating: 442, count: 200_000)
        var decoder = StreamDecoder(tokenizer: tokenizer, prompt: ids)
        let bytes = ids.reduce(0) { $0 + decoder.append($1).utf8.count }
        #expect(bytes == ids.count * " there".utf8.count)
    }
}
