import Foundation
import LLMTestSupport
import LLMWeights
import Testing

/// Damaged quantized folders open, and then every tensor can be read, or they are refused with a `WeightsError`.
@Suite struct QuantizedFuzzTests {
    private struct Part {
        var name: String
        var dtype: String
        var shape: [Int]
        var bytes: [UInt8]
    }

    private static let widths = ["F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I8": 1, "U8": 1, "F8_E4M3": 1]

    @Test func `Damaged quantized folders are read or refused`() throws {
        let environment = ProcessInfo.processInfo.environment
        let iterations = environment["LLMGEN_FUZZ_ITERATIONS"].flatMap(Int.init) ?? 5000
        let seed = environment["LLMGEN_FUZZ_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...UInt64.max)
        print("fuzz: \(iterations) damaged quantized folders from LLMGEN_FUZZ_SEED=\(seed)")
        let folders = try QuantizedFolder.names.map { name in
            let folder = QuantizedFolder(name: name)
            return (parts: try parts(of: folder.file()), config: try folder.config())
        }
        let file = try MemoryFile()
        var (opened, refused) = (0, 0)
        for iteration in 0..<iterations {
            var mutator = Mutator(seed: seed &+ UInt64(iteration))
            var (parts, config) = folders[mutator.number(below: folders.count)]
            if mutator.number(below: 3) == 0 {
                config = mutator.damaged(config)
            } else {
                for _ in 0...mutator.number(below: 2) { damage(&parts, &mutator) }
            }
            try file.write(bytes(of: parts))
            do {
                let tensors = try QuantizedFolder.open(SafetensorsFile(path: file.path), config)
                for info in tensors.tensors where info.dtype != nil {
                    #expect(try tensors.tensor(named: info.name).floats().count == info.elementCount)
                }
                opened += 1
            } catch let error as WeightsError {
                #expect(!error.message.contains("\n"), "seed \(seed), iteration \(iteration)")
                refused += 1
            } catch {
                // A config that is no JSON is refused before it gets here.
                refused += 1
            }
        }
        #expect(opened > iterations / 100 && refused > iterations / 10, "\(opened), \(refused), seed \(seed)")
    }

    private func parts(of file: SafetensorsFile) throws -> [Part] {
        try file.tensors.map { info in
            Part(name: info.name, dtype: info.dtypeName, shape: info.shape, bytes: try file.bytes(named: info.name))
        }
    }

    private func bytes(of parts: [Part]) -> [UInt8] {
        var (members, data): ([String], [UInt8]) = ([], [])
        for part in parts {
            let end = data.count + part.bytes.count
            members.append(
                #""\#(part.name)":{"dtype":"\#(part.dtype)","shape":\#(part.shape),"data_offsets":[\#(data.count),\#(end)]}"#
            )
            data += part.bytes
        }
        return safetensors("{\(members.joined(separator: ","))}", data: data)
    }

    /// Another shape, type, name or content, with as many bytes as they need.
    private func damage(_ parts: inout [Part], _ mutator: inout Mutator) {
        guard !parts.isEmpty else { return }
        let index = mutator.number(below: parts.count)
        switch mutator.number(below: 7) {
        case 0 where !parts[index].shape.isEmpty:
            let sizes = [0, 1, 2, 3, 8, 31, 32, 100, parts[index].shape[0] + 1]
            parts[index].shape[mutator.number(below: parts[index].shape.count)] =
                sizes[mutator.number(below: sizes.count)]
        case 1: parts[index].dtype = Self.widths.keys.sorted()[mutator.number(below: Self.widths.count)]
        case 2: parts[index].shape.append(1)
        case 3: parts[index].shape = Array(parts[index].shape.dropLast())
        case 4:
            parts.remove(at: index)
            return
        case 5 where parts[index].name.contains("quant_state"):
            parts[index].bytes = mutator.damaged(parts[index].bytes)
            parts[index].shape = [parts[index].bytes.count]
        default:
            for _ in 0..<4 where !parts[index].bytes.isEmpty {
                let place = mutator.number(below: parts[index].bytes.count)
                parts[index].bytes[place] = UInt8(mutator.number(below: 256))
            }
        }
        let count = parts[index].shape.reduce(Self.widths[parts[index].dtype] ?? 1, *)
        let padding = [UInt8](repeating: 0x35, count: max(0, count - parts[index].bytes.count))
        parts[index].bytes = Array((parts[index].bytes + padding).prefix(count))
    }
}
