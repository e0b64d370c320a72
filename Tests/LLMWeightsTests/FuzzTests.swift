import Foundation
import LLMTensor
import LLMTestSupport
import LLMWeights
import Testing

/// Damaged files either open, and then every tensor can be read, or are refused with a `WeightsError`.
///
/// `LLMGEN_FUZZ_ITERATIONS` sets how many are tried, `LLMGEN_FUZZ_SEED` runs a seed that was printed once more.
@Suite struct FuzzTests {
    private let iterations = setting("LLMGEN_FUZZ_ITERATIONS").map(Int.init) ?? 5000
    private let seed = setting("LLMGEN_FUZZ_SEED") ?? UInt64.random(in: 0...UInt64.max)

    private static func setting(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    private static let header = """
        {"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},\
        "b.weight":{"dtype":"BF16","shape":[8],"data_offsets":[24,40]},"c":{"dtype":"F16","shape":[],\
        "data_offsets":[40,42]},"d":{"dtype":"I64","shape":[2,0],"data_offsets":[42,42]},\
        "e":{"dtype":"F4","shape":[4],"data_offsets":[42,44],"x":[null,{"y":-1.5e3}]}}   
        """

    @Test func damagedSafetensorsOpenOrAreRefused() throws {
        print("fuzz: \(iterations) damaged safetensors files from LLMGEN_FUZZ_SEED=\(seed)")
        var tally = Tally()
        let file = try MemoryFile()
        for iteration in 0..<iterations {
            var mutator = Mutator(seed: seed &+ UInt64(iteration))
            try file.write(damagedFile(&mutator))
            try tally.count { try SafetensorsFile(path: file.path) }
        }
        #expect(tally.opened + tally.refused == iterations)
        #expect(tally.opened > iterations / 100 && tally.refused > iterations / 10, "\(tally), seed \(seed)")
    }

    @Test func damagedIndexesOpenOrAreRefused() throws {
        print("fuzz: \(iterations / 5) damaged shard indexes from LLMGEN_FUZZ_SEED=\(seed)")
        let index = #"{"metadata":{"total_size":4},"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}"#
        let shards = ["a", "b"].map {
            safetensors(#"{"\#($0)":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}"#, data: [0, 60])
        }
        var tally = Tally()
        let file = try MemoryFile()
        try withFolder(["1.safetensors": shards[0], "2.safetensors": shards[1]]) { path in
            try FileManager.default.createSymbolicLink(
                atPath: "\(path)/model.safetensors.index.json", withDestinationPath: file.path)
            for iteration in 0..<iterations / 5 {
                var mutator = Mutator(seed: seed &+ UInt64(iteration))
                try file.write(mutator.damaged(Array(index.utf8)))
                try tally.count { try Checkpoint(path: path) }
            }
        }
        #expect(tally.opened + tally.refused == iterations / 5)
    }

    /// A file whose header, length or data is damaged; most have a length that suits the header, to get further in.
    private func damagedFile(_ mutator: inout Mutator) -> [UInt8] {
        let data = (0..<44).map { UInt8($0) }
        let good = Array(Self.header.utf8)
        switch mutator.number(below: 10) {
        case 0: return mutator.damaged(safetensors(good, data: data))
        case 1:
            let length =
                UInt64.random(in: 0...UInt64.max, using: &mutator.generator) >> UInt64(mutator.number(below: 64))
            return littleEndian(length) + good + data
        case 2:
            let length = good.count + mutator.number(below: 64) - 32
            return littleEndian(UInt64(length)) + good + data
        case 3: return safetensors(good, data: mutator.damaged(data))
        default: return safetensors(mutator.damaged(good), data: data)
        }
    }
}

private struct Tally {
    var opened = 0
    var refused = 0

    /// Counts what `open` does, reading everything that it opens; throws on an error of any other type.
    mutating func count(_ open: () throws -> any NamedTensors) throws {
        do {
            try readAll(open())
            opened += 1
        } catch let error as WeightsError {
            #expect(!error.message.contains("\n"))
            refused += 1
        }
    }

    private func readAll(_ file: any NamedTensors) throws {
        for info in file.tensors {
            guard info.dtype != nil else {
                #expect(throws: WeightsError.self) { try file.tensor(named: info.name) }
                continue
            }
            let view = try file.tensor(named: info.name)
            #expect(view.floats().count == info.elementCount)
            let sum = view.withBytes { $0.reduce(0) { $0 + Int($1) } }
            #expect(sum >= 0)
        }
    }
}
