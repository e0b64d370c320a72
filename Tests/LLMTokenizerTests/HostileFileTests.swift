import Foundation
import LLMTestSupport
import LLMTokenizer
import Testing

@Suite("A hostile tokenizer file")
struct HostileFileTests {
    /// Loads `model` as a folder's `tokenizer.model`.
    private func load(_ model: [UInt8]) throws -> SentencePieceTokenizer {
        try Paths.withTemporaryFolder { folder in
            try Data(model).write(to: folder.appending(path: "tokenizer.model"))
            return try SentencePieceTokenizer(folder: folder)
        }
    }

    private func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: Reference.folder(name).appending(path: "tokenizer.model")))
    }

    private func expectRefusal(_ model: [UInt8], mention: String) {
        let error = #expect(throws: TokenizerError.self) { try load(model) }
        #expect(error?.code == .malformedModel)
        #expect(error?.message.contains("tokenizer.model") == true)
        #expect(error?.message.contains(mention) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains { $0.isNewline } == false)
    }

    @Test("that is not there, or is a folder, is named")
    func namesMissingFiles() throws {
        try Paths.withTemporaryFolder { folder in
            let missing = #expect(throws: TokenizerError.self) { try SentencePieceTokenizer(folder: folder) }
            #expect(missing?.code == .notFound)
            #expect(missing?.message.contains("tokenizer.model") == true)
            try FileManager.default.createDirectory(
                at: folder.appending(path: "tokenizer.model"), withIntermediateDirectories: false)
            let directory = #expect(throws: TokenizerError.self) { try SentencePieceTokenizer(folder: folder) }
            #expect(directory?.code == .unreadable)
        }
    }

    @Test("that is a link is followed, and refused where it leads to a device")
    func followsLinks() throws {
        try Paths.withTemporaryFolder { folder in
            let link = folder.appending(path: "tokenizer.model")
            let model = Reference.folder("unigram").appending(path: "tokenizer.model")
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: model)
            _ = try SentencePieceTokenizer(folder: folder)
            try FileManager.default.removeItem(at: link)
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: URL(filePath: "/dev/zero"))
            let error = #expect(throws: TokenizerError.self) { try SentencePieceTokenizer(folder: folder) }
            #expect(error?.code == .unreadable)
        }
    }

    @Test("that is larger than any vocabulary is not read")
    func refusesHugeFiles() throws {
        try Paths.withTemporaryFolder { folder in
            let file = folder.appending(path: "tokenizer.model")
            try Data().write(to: file)
            let handle = try FileHandle(forWritingTo: file)
            try handle.truncate(atOffset: 1 << 40)
            try handle.close()
            let error = #expect(throws: TokenizerError.self) { try SentencePieceTokenizer(folder: folder) }
            #expect(error?.code == .tooLarge)
        }
    }

    @Test("that is empty or cut anywhere is refused")
    func refusesTruncatedFiles() throws {
        expectRefusal([], mention: "empty")
        let whole = try bytes("bpe-plain")
        // Only behind the last field that matters is there nothing left to miss.
        let refused = (0..<whole.count).filter { (try? load(Array(whole[..<$0]))) == nil }
        #expect(refused.count >= whole.count - 40)
    }

    @Test(
        "with a field that makes no sense is refused, with the field and the value",
        arguments: [
            (field(1, field(1, text: "")), "piece 0 has 0 bytes"),
            (field(1, field(1, text: String(repeating: "a", count: 1025))), "1025 bytes"),
            (field(1, field(1, text: "a\0b")), "NUL"),
            (field(1, field(1, [0xFF])), "not UTF-8"),
            (field(1, field(1, text: "a") + [0x15, 0, 0, 0xC0, 0x7F]), "score of piece 0 is nan"),
            (field(1, field(1, text: "a") + [0x18, 9]), "type of piece 0 is 9"),
            (field(2, [0x18, 5]), "model_type is 5"),
            ([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], "bytes, but 0 are left"),
            ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], "10 bytes"),
            ([0x0B], "wire type 3"),
            ([0x00], "no field number"),
            (Array("<!doctype html>".utf8), "tokenizer.model"),
            (Array("version https://git-lfs.github.com/spec/v1".utf8), "tokenizer.model"),
        ])
    func refusesNonsense(model: [UInt8], mention: String) throws {
        expectRefusal(model, mention: mention)
    }

    @Test("that asks for denormalization is refused as unsupported")
    func refusesDenormalization() throws {
        let model = try bytes("bpe-plain") + field(5, field(2, text: "rules"))
        let error = #expect(throws: TokenizerError.self) { try load(model) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("denormalization") == true)
    }

    @Test("with a broken normalization trie is refused before the library walks it")
    func refusesBrokenTries() throws {
        let pieces = field(1, field(1, text: "<unk>") + [0x18, 2]) + field(1, field(1, text: "a"))
        func model(_ map: [UInt8]) -> [UInt8] { pieces + field(2, []) + field(3, field(2, map)) }
        func map(_ units: [UInt32], _ replacements: [UInt8]) -> [UInt8] {
            let trie = units.flatMap { unit in (0..<4).map { UInt8(truncatingIfNeeded: unit >> ($0 * 8)) } }
            let size = UInt32(trie.count)
            return (0..<4).map { UInt8(truncatingIfNeeded: size >> ($0 * 8)) } + trie + replacements
        }
        /// A unit with a label, whose children stand in `block` as seen from `index`.
        func unit(_ label: UInt8, at index: UInt32, block: UInt32, hasValue: Bool = false) -> UInt32 {
            UInt32(label) | (index ^ block) << 10 | (hasValue ? 1 << 8 : 0)
        }
        // Root, 'a' (with a value), and the value.
        func rule(_ value: UInt32) -> [UInt32] {
            var units = [UInt32](repeating: 1 << 31, count: 768)
            units[0] = unit(0, at: 0, block: 256)
            units[256 ^ 97] = unit(97, at: 256 ^ 97, block: 512, hasValue: true)
            units[512] = 1 << 31 | value
            return units
        }
        _ = try load(model(map(rule(0), Array("b\0".utf8))))

        expectRefusal(model([1, 0, 0]), mention: "too few")
        expectRefusal(model([0xFF, 0xFF, 0xFF, 0xFF, 0]), mention: "trie of")
        expectRefusal(model(map([0], [0])), mention: "points at")
        expectRefusal(model(map([UInt32.max] + rule(0).dropFirst(), [0])), mention: "points at")
        expectRefusal(model(map(rule(0), Array("b".utf8))), mention: "do not end")
        expectRefusal(model(map(rule(2), Array("b\0".utf8))), mention: "replacement at 2")
        expectRefusal(model(map(rule(0), [0xFF, 0])), mention: "replacement at 0")
        expectRefusal(model(map(rule(0), [UInt8](repeating: 97, count: 1000) + [0])), mention: "replacement at 0")
        var circle = rule(0)
        circle[256 ^ 97] = unit(97, at: 256 ^ 97, block: 256, hasValue: false)
        expectRefusal(model(map(circle, [0])), mention: "circle")
    }

    @Test("with more nested symbols than the library has room for is refused")
    func refusesNestedSymbols() throws {
        func model(_ count: Int) -> [UInt8] {
            field(1, field(1, text: "<unk>") + [0x18, 2])
                + (1...count).flatMap { field(1, field(1, text: String(repeating: "x", count: $0)) + [0x18, 4]) }
                + field(2, [0x18, 2]) + field(3, [])
        }
        let tokenizer = try load(model(64))
        #expect(try tokenizer.encode(String(repeating: "x", count: 64), addSpecialTokens: false) == [0, 64])
        expectRefusal(model(65), mention: "64 user-defined")
    }

    @Test("with any bytes changed is loaded or refused, and never harms the process", arguments: Reference.models)
    func survivesMutations(name: String) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("mutations of \(name): seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let original = try bytes(name)
        let rounds = name == "fairytale-6m" ? 60 : 1200
        var accepted = 0
        for _ in 0..<rounds {
            var model = original
            for _ in 0..<Int.random(in: 1...4, using: &generator) { mutate(&model, using: &generator) }
            guard let tokenizer = try? load(model) else { continue }
            accepted += 1
            // Encoding may fail, in a vocabulary that cannot express the text.
            for text in ["Once upon a time", "<sep>x ﬁ é e\u{301} Ａ…\u{200b}\0 \t😀 <0x41></s>"] {
                let ids = (try? tokenizer.encode(text)) ?? []
                _ = tokenizer.decode(ids)
            }
            let ids = (0..<50).map { _ in TokenID.random(in: -5...400, using: &generator) }
            _ = tokenizer.decode(ids, skipSpecialTokens: false)
        }
        #expect(accepted < rounds, "seed \(seed)")
    }

    private func mutate(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        let position = Int.random(in: 0..<bytes.count, using: &generator)
        let end = min(bytes.count, position + Int.random(in: 1...40, using: &generator))
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[position] = UInt8.random(in: 0...255, using: &generator)
        case 2: bytes[position] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
        case 3: bytes.removeSubrange(position..<end)
        case 4: bytes.insert(contentsOf: bytes[position..<end], at: position)
        default: for index in position..<end { bytes[index] = UInt8.random(in: 0...255, using: &generator) }
        }
    }
}

/// A protobuf field with `content`.
private func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
    var length: [UInt8] = []
    var count = content.count
    while count > 127 {
        length.append(UInt8(count & 127 | 128))
        count >>= 7
    }
    return [number << 3 | 2] + length + [UInt8(count)] + content
}

/// A protobuf field with `text`.
private func field(_ number: UInt8, text: String) -> [UInt8] { field(number, Array(text.utf8)) }
