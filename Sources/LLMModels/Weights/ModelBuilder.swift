import LLMTensor
import LLMWeights

/// Where the blocks of a model get their tensors: an architecture states each of them once, by name and shape.
///
/// With a source, tensors are checked against their shapes and packed. Without one they are only recorded: what
/// `llmgen inspect` shows, random weights and checks are made from that.
struct ModelBuilder {
    /// The checkpoint and how its weights are to be held.
    struct Source {
        let tensors: any NamedTensors
        let format: LinearFormat
        let compute: Compute
    }

    /// What has been stated so far; shared by all scopes of a model.
    final class Record {
        let source: Source?
        /// The checkpoint; also where the model is only described, if there is one.
        fileprivate let stored: (any NamedTensors)?
        fileprivate(set) var tensors: [TensorSpecification] = []
        /// What the user should know, a line each.
        fileprivate(set) var warnings: [String] = []
        fileprivate(set) var layout = CacheLayout()
        /// The matrices that a step reads.
        fileprivate(set) var linearLayers: [PackedWeights] = []

        init(_ source: Source?, _ stored: (any NamedTensors)?) {
            self.source = source
            self.stored = source?.tensors ?? stored
        }
    }

    /// A part of a stacked matrix: `[outputs, inputs]`.
    typealias Part = (name: String, outputs: Int)

    let record: Record
    private let prefix: String

    /// - Parameter stored: the checkpoint of a model that is only described.
    init(_ source: Source?, describing stored: (any NamedTensors)? = nil) {
        record = Record(source, stored)
        prefix = ""
    }

    private init(_ record: Record, prefix: String) {
        self.record = record
        self.prefix = prefix
    }

    /// The tensors whose names begin with `name` and a dot.
    func scope(_ name: String) -> ModelBuilder { ModelBuilder(record, prefix: "\(prefix)\(name).") }

    /// One value a layer, of the tensors under `name.0`, `name.1` and so on.
    func layers<Layer>(_ name: String, _ count: Int, _ make: (ModelBuilder, Int) throws -> Layer) rethrows -> [Layer] {
        let layers = scope(name)
        return try (0..<count).map { try make(layers.scope("\($0)"), $0) }
    }

    /// Tells the user something.
    func warn(_ line: String) { record.warnings.append(line) }

    /// Whether the checkpoint holds two tensors, and they are not the same.
    func differ(_ one: String, _ other: String) throws(ModelError) -> Bool {
        let names = [prefix + one, prefix + other]
        guard let stored = record.stored, names.allSatisfy(stored.contains) else { return false }
        do {
            let views = try names.map { (name) throws(WeightsError) in try stored.tensor(named: name) }
            return !views[0].isIdentical(to: views[1])
        } catch {
            throw ModelError(.invalidWeights, error.message)
        }
    }

    /// A layer's place in the cache.
    func cache(_ entry: CacheEntry, window: Int? = nil, isChunked: Bool = false) -> CacheSlot {
        record.layout.add(entry, window: window, isChunked: isChunked)
    }

    // MARK: Linear layers

    /// Matrices `[outputs, inputs]`, stacked to one linear layer in this order.
    ///
    /// - Parameters:
    ///   - bias: whether each has a bias.
    ///   - kind: gated weights are gates, then as many ups, with SiLU between.
    ///   - exact: whether the weights keep the type that they are stored in, whatever the format: for what decides between
    ///     alternatives, as a router does.
    ///   - isRead: whether a step reads the weights as a whole; not so an embedding, or an expert of many.
    func linear(
        _ parts: [Part], inputs: Int, bias: Bool = false, _ kind: PackedWeights.Kind = .plain, exact: Bool = false,
        isRead: Bool = true
    ) throws(ModelError) -> Linear {
        var views: [TensorView] = []
        for part in parts {
            if let view = try tensor("\(part.name).weight", [part.outputs, inputs]) { views.append(view) }
        }
        var biases: [Float]?
        if bias {
            var joined: [Float] = []
            for part in parts { joined += try vector("\(part.name).bias", part.outputs) }
            biases = joined
        }
        let outputs = parts.reduce(0) { $0 + $1.outputs }
        return try linear(
            views, named: prefix + parts[0].name, tensors: parts.map { "\(prefix)\($0.name).weight" }, inputs: inputs,
            columns: kind == .gated ? outputs / 2 : outputs, bias: biases, kind, exact: exact, isRead: isRead)
    }

    /// One matrix `[outputs, inputs]`.
    func linear(
        _ name: String, inputs: Int, outputs: Int, bias: Bool = false, exact: Bool = false, isRead: Bool = true
    ) throws(ModelError) -> Linear {
        try linear([(name, outputs)], inputs: inputs, bias: bias, exact: exact, isRead: isRead)
    }

    /// A layer of tensors that were stated before, `[outputs, inputs]` each; none where the model is only described.
    ///
    /// - Parameter tensors: their names, where they are whole tensors of the checkpoint.
    func linear(
        _ views: [TensorView], named name: String, tensors: [String] = [], inputs: Int, columns: Int,
        bias: [Float]? = nil, _ kind: PackedWeights.Kind = .plain, exact: Bool = false, isRead: Bool = true
    ) throws(ModelError) -> Linear {
        guard let source = record.source else {
            return Linear(tensors, inputs: inputs, columns: columns, nil, bias: bias)
        }
        let format = exact ? .stored : source.format
        guard inputs <= format.maxInputs else {
            throw ModelError(
                .unsupported,
                "tensor '\(name)' has \(inputs) inputs; \(format) holds at most "
                    + "\(format.maxInputs), quantize to q8_0")
        }
        let packed = PackedWeights(stacking: views, as: format, kind, on: source.compute)
        if isRead { record.linearLayers.append(packed) }
        return Linear(tensors, inputs: inputs, columns: columns, packed, bias: bias)
    }

    // MARK: Vectors

    /// A norm over `width` columns.
    func norm(_ name: String, _ width: Int, _ style: NormStyle) throws(ModelError) -> Norm {
        let weight = try vector("\(name).weight", width)
        switch style {
        case .rms(let epsilon): return .rms(RMSNorm(weight: weight, epsilon: epsilon))
        case .rmsPlusOne(let epsilon): return .rms(RMSNorm(weight: weight.map { 1 + $0 }, epsilon: epsilon))
        case .layer(let epsilon, let bias):
            return .layer(
                weight: weight, bias: bias ? try vector("\(name).bias", width) : nil, epsilon: epsilon)
        }
    }

    /// A vector as float32; empty where the model is only described.
    func vector(_ name: String, _ count: Int) throws(ModelError) -> [Float] {
        try tensor(name, [count])?.floats() ?? []
    }

    /// A tensor, checked against its shape; nil where the model is only described.
    func tensor(_ name: String, _ shape: [Int]) throws(ModelError) -> TensorView? {
        let name = prefix + name
        record.tensors.append(TensorSpecification(name: name, shape: shape))
        guard let source = record.source else { return nil }
        source.tensors.willNeed(name)
        let view: TensorView
        do {
            view = try source.tensors.tensor(named: name)
        } catch {
            throw ModelError(.invalidWeights, error.message)
        }
        guard view.shape == shape else {
            throw ModelError(
                .invalidWeights,
                "tensor '\(name)' has shape \(view.shape), but config.json makes it \(shape); "
                    + "check that config.json belongs to these weights")
        }
        return view
    }
}
