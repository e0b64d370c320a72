import Foundation
import LLMTestSupport
import LLMWeights
import Testing

/// Damaged GGUF files either open, and then every value can be asked for, or are refused with a `WeightsError`.
///
/// `LLMGEN_FUZZ_ITERATIONS` sets how many are tried, `LLMGEN_FUZZ_SEED` runs a seed that was printed once more.
@Suite struct GGUFFuzzTests {
    private let iterations = Int(ProcessInfo.processInfo.environment["LLMGEN_FUZZ_ITERATIONS"] ?? "") ?? 5000
    private let seed =
        UInt64(ProcessInfo.processInfo.environment["LLMGEN_FUZZ_SEED"] ?? "") ?? UInt64.random(in: 0...UInt64.max)

    private static let good = GGUF(
        values: [
            GGUF.value("general.architecture", "llama"),
            GGUF.value("general.alignment", .uint32, GGUF.little(UInt32(32))),
            GGUF.array("tokenizer.ggml.tokens", ["<s>", "é", "", "abc"]),
            GGUF.array("scores", 6, count: 2, GGUF.little(Float(1).bitPattern) + GGUF.little(Float(-2).bitPattern)),
            GGUF.array("flags", 7, count: 3, [0, 1, 0]), GGUF.value("yes", .bool, [1]),
            GGUF.array(
                "nested", 9, count: 2,
                Array(repeatElement(GGUF.little(UInt32(0)) + GGUF.little(UInt64(1)) + [5], count: 2).joined())),
            GGUF.value("big", .uint64, GGUF.little(UInt64.max)), GGUF.value("f64", .float64, GGUF.little(UInt64(5))),
        ],
        tensors: [
            GGUF.tensor("a", [2, 3]), GGUF.tensor("b", [32, 2], type: 8, offset: 32),
            GGUF.tensor("c", [256], type: 12, offset: 128),
        ],
        data: Array(repeating: 1, count: 128 + 144)
    ).bytes

    @Test func `Damaged GGUF files open or are refused`() throws {
        print("fuzz: \(iterations) damaged GGUF files from LLMGEN_FUZZ_SEED=\(seed)")
        let file = try MemoryFile()
        var (opened, refused) = (0, 0)
        for iteration in 0..<iterations {
            var random = SeededGenerator(seed: seed &+ UInt64(iteration))
            try file.write(damaged(&random))
            do {
                try readAll(GGUFFile(path: file.path))
                opened += 1
            } catch let error as WeightsError {
                #expect(!error.message.contains("\n"), "seed \(seed), iteration \(iteration)")
                refused += 1
            }
        }
        #expect(opened + refused == iterations)
        #expect(opened > iterations / 20 && refused > iterations / 4, "\(opened), \(refused), seed \(seed)")
    }

    /// Asks for every value in every way, and for every tensor.
    private func readAll(_ file: GGUFFile) throws {
        let values = file.metadata
        for key in values.keys {
            #expect(values.type(of: key) != nil)
            try allow { _ = try values.integer(key, in: Int.min...Int.max) }
            try allow { _ = try values.number(key, in: -1e300...1e300) }
            try allow { _ = try values.flag(key) }
            try allow { _ = try values.string(key) }
            try allow { _ = try values.integers(key, in: 0...9) }
            try allow { _ = try values.floats(key) }
            try allow { _ = try values.strings(key) }
            try allow { _ = try values.byteStrings(key) }
        }
        for info in file.tensors {
            #expect(info.elementCount >= 0 && info.byteCount <= file.file.count)
            try allow { _ = try file.tensor(named: info.name).floats() }
            file.willNeed(info.name)
        }
    }

    /// Runs `body`, which may refuse with a message of one line.
    private func allow(_ body: () throws -> Void) throws {
        do { try body() } catch let error as WeightsError { #expect(!error.message.contains("\n")) }
    }

    private static let numbers: [UInt64] = [
        0, 1, 2, 7, 8, 9, 12, 13, 32, 255, 1 << 16, 1 << 31, 1 << 32, 1 << 60, 1 << 62, 1 << 63, .max, .max - 1,
    ]

    /// A file with one to three kinds of damage.
    private func damaged(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes = GGUFFuzzTests.good
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            guard !bytes.isEmpty else { break }
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 1...24, using: &random))
            switch Int.random(in: 0..<8, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 2, 3:  // a number of 32 or 64 bits
                let number = GGUF.little(GGUFFuzzTests.numbers.randomElement(using: &random)!)
                let width = Bool.random(using: &random) ? 4 : 8
                for (index, byte) in number.prefix(min(width, bytes.count - place)).enumerated() {
                    bytes[place + index] = byte
                }
            case 4: bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &random))
            case 5: bytes.removeSubrange(place..<end)
            case 6 where Bool.random(using: &random): bytes.removeSubrange(place...)
            default:
                let count = Int.random(in: 1...4, using: &random)
                let more = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
                bytes.replaceSubrange(place..<min(bytes.count, place + count), with: more)
            }
        }
        return bytes
    }
}
