import Foundation
import LLMModels
import LLMTensor
import LLMWeights

/// Runs one architecture without scheduler or engine: prompts in chunks, alone or together, over shuffled pages.
struct ModelDriver {
    let model: Decoder
    let compute: Compute

    init(_ model: Decoder, _ compute: Compute) {
        self.model = model
        self.compute = compute
    }

    init(
        folder: URL, config: String = "config.json", format: LinearFormat = .stored,
        compute: Compute = Compute(threads: 2)
    ) throws {
        let file = try ConfigFile(path: folder.appending(path: config).path)
        self.compute = compute
        model = try Architectures.load(file, file.tensors(of: Checkpoint(path: folder.path)), format, on: compute)
    }

    init(config: String, format: LinearFormat = .stored, compute: Compute = Compute(threads: 2)) throws {
        let file = try ConfigFile(bytes: Array(config.utf8), path: "config.json")
        self.compute = compute
        model = try Architectures.load(file, try DummyTensors(file, dtype: .float32), format, on: compute)
    }

    /// Logits at every position of each prompt, the prompts computed together in chunks of `chunk` tokens each.
    ///
    /// - Parameter kept: tokens of each chunk that count; the others are computed again, from the states after those.
    func logits(
        _ prompts: [[Int32]], chunk: Int = .max, kept: Int = .max, blockSize: Int = 16,
        kvCacheDtype: KVCacheDtype = .float32
    ) -> [[[Float]]] {
        outputs(prompts, chunk: chunk, kept: kept, blockSize: blockSize, kvCacheDtype) {
            model.logits($0, $1, on: compute)
        }
    }

    /// Hidden states after the last norm, likewise.
    func hiddenStates(_ prompts: [[Int32]]) -> [[[Float]]] {
        outputs(prompts, chunk: .max, kept: .max, blockSize: 16, .float32) { hidden, _ in hidden }
    }

    private func outputs(
        _ prompts: [[Int32]], chunk: Int, kept: Int, blockSize: Int, _ kvCacheDtype: KVCacheDtype,
        _ output: (Matrix, Workspace) -> Matrix
    ) -> [[[Float]]] {
        let workspace = Workspace()
        let blocksEach = prompts.map { ($0.count + blockSize - 1) / blockSize }
        let layout = model.cacheLayout
        let blockCount = blocksEach.reduce(0, +)
        let cache = KVCache(
            layout, blockSize: blockSize, dtype: kvCacheDtype, blockCounts: layout.groups.map { _ in blockCount },
            stateSlots: 2 * prompts.count)
        // Every second block in turn, so that no sequence's blocks are neighbours in order.
        var free = Array(0..<Int32(blockCount))
        free = free.filter { $0 % 2 == 1 } + free.filter { $0 % 2 == 0 }
        let tables = blocksEach.map { count in
            defer { free.removeFirst(count) }
            return Array(free.prefix(count))
        }
        var results: [[[Float]]] = prompts.map { _ in [] }
        var sources = [Int32?](repeating: nil, count: prompts.count)
        while let longest = zip(prompts, results).map({ $0.count - $1.count }).max(), longest > 0 {
            var tokens: [Int32] = []
            var sequences: [BatchSequence] = []
            var owners: [Int?] = []  // of the rows that count
            for (index, prompt) in prompts.enumerated() where results[index].count < prompt.count {
                let start = results[index].count
                let part = prompt[start..<min(prompt.count, start + min(chunk, prompt.count))]
                // The states after the rows that count, and those after all of them.
                let (inner, last) = (Int32(2 * (prompts.count - index) - 1), Int32(2 * (prompts.count - index) - 2))
                var writes = [SequenceStates.Write(rows: part.count, slot: last)]
                if kept < part.count { writes.insert(SequenceStates.Write(rows: kept, slot: inner), at: 0) }
                sequences.append(
                    BatchSequence(
                        rows: tokens.count..<tokens.count + part.count, firstPosition: start,
                        blockTables: layout.groups.map { _ in tables[index] },
                        states: layout.states.isEmpty ? nil : SequenceStates(source: sources[index], writes: writes)))
                sources[index] = writes[0].slot
                tokens += part
                owners += part.indices.map { $0 - start < kept ? index : nil }
            }
            let batch = ForwardBatch(
                tokens: tokens, sequences: sequences, outputRows: Array(tokens.indices), blockSize: blockSize)
            let hidden = model.hiddenStates(batch, cache, workspace, on: compute)
            let wanted = output(hidden, workspace)
            for (row, owner) in owners.enumerated() { if let owner { results[owner].append(wanted.row(row)) } }
        }
        return results
    }
}
