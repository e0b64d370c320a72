public import LLMGen
public import LLMTensor

extension LatencyBenchmark {
    /// What the machine allows a batch, measured between the runs, and what the model asks of it.
    ///
    /// Work is two operations for each weight of the linear layers and token, the output head's for decoded tokens only.
    /// Attention costs time but is not counted as work.
    public struct Limits: Sendable, Hashable {
        /// Bytes a second that the engine's threads read, over the model's packed weights.
        public let readBytesPerSecond: Double
        /// The arithmetic of the linear layers.
        public let arithmetic: Arithmetic
        /// Its multiply-adds a second, each counted as two operations.
        public let operationsPerSecond: Double
        /// Bytes that a decode step reads: all packed weights, the output head included, and the keys and values of the
        /// whole batch, at the middle of the output. Of experts those of one token count; a batch reads more.
        public let bytesPerStep: Int
        /// The part of ``operationsPerSecond`` that the prompts' linear layers reached.
        public let prefillOfOperations: Double
        /// The part of ``operationsPerSecond`` that decoding reached.
        public let decodeOfOperations: Double
        /// The part of ``readBytesPerSecond`` that decoding reached.
        public let decodeOfRead: Double
    }

    /// One measurement of the machine.
    struct Machine {
        let read: Double
        let operations: Double

        init(_ model: LanguageModel) {
            let limits = MachineLimits(model.compute)
            read = limits.readBytesPerSecond(of: model.linearLayers)
            operations = limits.operationsPerSecond(model.arithmetic.multiplyAdd, runs: 3)
        }
    }

    func limits(_ machine: Machine, _ engine: Engine, prefill: Double, decode: Double) -> Limits {
        let layers = engine.model.linearLayers
        let weights = layers.map { Double($0.inputs) * Double($0.outputs) }
        let all = weights.reduce(0, +)
        let cached = batchSize * ((inputLength + outputLength / 2) * engine.kvBytesPerToken + engine.stateBytes)
        let bytes = layers.reduce(0) { $0 + $1.byteCount } + cached
        let steps = decode / Double(batchSize)
        return Limits(
            readBytesPerSecond: machine.read, arithmetic: engine.model.arithmetic,
            operationsPerSecond: machine.operations, bytesPerStep: bytes,
            prefillOfOperations: prefill * 2 * (all - (weights.last ?? 0)) / machine.operations,
            decodeOfOperations: decode * 2 * all / machine.operations,
            decodeOfRead: steps * Double(bytes) / machine.read)
    }
}

extension Arithmetic {
    /// The multiply-add that the arithmetic is made of.
    fileprivate var multiplyAdd: MultiplyAdd {
        switch self {
        case .float32: .float32
        case .bfloat16: .bfloat16
        case .int8: .int8
        }
    }
}
