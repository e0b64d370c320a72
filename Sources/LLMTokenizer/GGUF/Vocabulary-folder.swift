package import Foundation

extension TokenizerFile {
    /// The vocabulary of a GGUF file that gives the ids of a folder's tokenizer; nil where the folder has none.
    ///
    /// What can be compared is: some texts of many kinds must have the same ids. Only texts behind special tokens may
    /// differ, where a `llama` vocabulary always puts a space.
    ///
    /// - Throws: `TokenizerError`: those of ``load(_:)``, `unsupported` where there is no such vocabulary.
    package static func vocabulary(of folder: URL) throws(TokenizerError) -> Vocabulary? {
        guard let name = name(in: folder) else { return nil }
        let tokenizer = try load(folder)
        let pieces = folder.appending(path: "tokenizer.model")
        do throws(Damage) {
            var vocabulary: Vocabulary
            if let pipeline = tokenizer as? PipelineTokenizer,
                pipeline.isByteLevel || !FileManager.default.fileExists(atPath: pieces.path)
            {
                vocabulary = try pipeline.vocabulary()
            } else {
                vocabulary = try sentencePieceVocabulary(pieces)
                if let pipeline = tokenizer as? PipelineTokenizer { try pipeline.setEnds(&vocabulary) }
            }
            try vocabulary.compare(tokenizer)
            return vocabulary
        } catch {
            throw TokenizerError(
                error.code, "\(folder.path)/\(name) cannot be a GGUF vocabulary: \(error.reason); \(error.remedy)")
        }
    }

    private static func sentencePieceVocabulary(_ file: URL) throws(Damage) -> Vocabulary {
        do {
            let configuration = try TokenizerConfiguration(folder: file.deletingLastPathComponent())
            return try SentencePieceModel(try SentencePieceTokenizer.read(file)).vocabulary(configuration)
        } catch let error as TokenizerError {
            throw Damage(error.message, code: error.code)
        } catch let error as Damage {
            throw error
        } catch {
            throw Damage("\(error)")
        }
    }
}

extension Vocabulary {
    /// Gives ids without tokens up to `count` a spelling that no text becomes.
    package mutating func pad(to count: Int) {
        for id in tokens.count..<max(count, tokens.count) {
            tokens.append(Array("[PAD\(id)]".utf8))
            types.append(5)
            if model != "gpt2" { scores.append(-10_000) }
        }
    }

    /// Holds the vocabulary's ids against those of the tokenizer that it was made of.
    fileprivate func compare(_ original: any Tokenizer) throws(Damage) {
        do throws(TokenizerError) {
            let tokenizer = try tokenizer()
            for text in Vocabulary.probes {
                let own = try tokenizer.encode(text, addSpecialTokens: true)
                let wanted = try original.encode(text, addSpecialTokens: true)
                guard own != wanted else { continue }
                throw TokenizerError(.unsupported, "the text \(text.quoted) would have the ids \(own), not \(wanted)")
            }
        } catch {
            throw .inexpressible(error.message)
        }
    }

    /// Words, numbers, signs, spaces and scripts that pre-tokenizers treat in ways of their own.
    private static let probes = [
        "Hello, world! It's 12345 o'clock, they'LL say; we've 3.14159 and 1,000,000.",
        "  two  spaces   three\tand a tab \n\n\n new lines\r\n\r\n  end  ",
        "func f(_ x: [Int]) -> String { return \"\\(x[0] + 1)\" } // $x == `y` && a|b ^ c ~ d <= e != #1 @me",
        "Привет, мир! Ελληνικά ñandú Ångström e\u{301}te\u{301} ﬁne Straße ǅ İstanbul",
        "你好，世界。日本語のテキスト 한국어 문장입니다 ภาษาไทย हिन्दी العربية ١٢٣ עברית",
        "🙂👍🏽👨‍👩‍👧 ½ ² Ⅷ ™ € ∑ ∫ … — “quotes” \u{200B}\u{FEFF}\u{A0}x",
        "camelCase HTTPServer snake_case ALLCAPS a1b2c3 v1.2.3-rc4 e.g. http://x.org/?q=1&r=%20",
    ]
}
