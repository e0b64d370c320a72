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
        /// Outputs of a head that classifies texts; nil for one that predicts tokens.
        var labels: Int?
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
    private var isTransposed = false

    /// - Parameter stored: the checkpoint of a model that is only described.
    init(_ source: Source?, describing stored: (any NamedTensors)? = nil) {
        record = Record(source, stored)
        prefix = ""
    }

    private init(_ record: Record, prefix: String, isTransposed: Bool) {
        self.record = record
        self.prefix = prefix
        self.isTransposed = isTransposed
    }

    /// The tensors whose names begin with `name` and a dot.
    func scope(_ name: String) -> ModelBuilder {
        ModelBuilder(record, prefix: "\(prefix)\(name).", isTransposed: isTransposed)
    }

    /// The same tensors, of which the matrices are stored as `[inputs, outputs]`.
    var transposed: ModelBuilder { ModelBuilder(record, prefix: prefix, isTransposed: true) }

    /// Whether the checkpoint holds a tensor; false without a checkpoint.
    func has(_ name: String) -> Bool { record.stored?.contains(prefix + name) ?? false }

    /// Whether the checkpoint holds a tensor of this shape; false without a checkpoint.
    func has(_ name: String, _ shape: [Int]) -> Bool { record.stored?.info(named: prefix + name)?.shape == shape }

    /// Whether the checkpoint is that of layers without an output head.
    var isBaseModel: Bool { record.stored is BaseModelTensors }

    /// One value a layer, or an expert, of the tensors under `name.0`, `name.1` and so on.
    ///
    /// - Throws: `ModelError` also where the checkpoint has more of them, but for layers that predict further tokens.
    func layers<Layer>(_ name: String, _ count: Int, _ make: (ModelBuilder, Int) throws -> Layer) throws -> [Layer] {
        let (layers, first) = (scope(name), record.tensors.count)
        let made = try (0..<count).map { try make(layers.scope("\($0)"), $0) }
        try layers.refuseMore(than: count, named: record.tensors[first...].map(\.name))
        return made
    }

    /// - Parameter names: of the tensors of those that were made.
    private func refuseMore(than count: Int, named names: [String]) throws(ModelError) {
        guard record.stored != nil else { return }
        // What names are after the number.
        let endings = Set(
            names.compactMap { name in
                let parts = name.dropFirst(prefix.count).split(separator: ".", maxSplits: 1)
                return parts.count == 2 ? String(parts[1]) : nil
            }
        ).sorted()
        func tensor(_ index: Int) -> String? { endings.lazy.map { "\(index).\($0)" }.first(where: has) }
        guard let found = tensor(count), !predictsFurther(count) else { return }
        var all = count + 1
        while tensor(all) != nil { all += 1 }
        throw ModelError(
            .invalidWeights,
            "the checkpoint has \(all) of '\(prefix)N', as tensor '\(prefix)\(found)' shows, but config.json makes "
                + "\(count); check that config.json belongs to these weights")
    }

    /// Whether a layer behind the others is one that predicts the tokens after the next one (Gloeckle et al. 2024), which is
    /// passed over.
    private func predictsFurther(_ index: Int) -> Bool { has("\(index).eh_proj.weight") }

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
    func cache(_ entry: CacheEntry, window: Int? = nil, ahead: Int = 0, isChunked: Bool = false) -> CacheSlot {
        record.layout.add(entry, window: window, ahead: ahead, isChunked: isChunked)
    }

    /// The place of a recurrent layer whose state has `size` floats.
    func state(_ size: Int) -> Int { record.layout.addState(size) }

    // MARK: Linear layers

    /// Matrices `[outputs, inputs]`, stacked to one linear layer in this order.
    ///
    /// - Parameters:
    ///   - bias: whether each has a bias.
    ///   - order: of the first matrix, which row of the checkpoint's an output is; nil for the same.
    ///   - kind: gated weights are gates, then as many ups, with SiLU between.
    ///   - exact: whether the weights keep the type that they are stored in, whatever the format: for what decides between
    ///     alternatives, as a router does.
    ///   - isRead: whether a step reads the weights as a whole; not so an embedding, or an expert of many.
    func linear(
        _ parts: [Part], inputs: Int, bias: Bool = false, order: ((Int) -> Int)? = nil,
        _ kind: PackedWeights.Kind = .plain, exact: Bool = false, isRead: Bool = true
    ) throws(ModelError) -> Linear {
        var views: [TensorView] = []
        for (index, part) in parts.enumerated() {
            let shape = isTransposed ? [inputs, part.outputs] : [part.outputs, inputs]
            guard let stored = try tensor("\(part.name).weight", shape) else { continue }
            let view = isTransposed ? stored.transposed() : stored
            views.append(index == 0 ? order.map { view.reorderingRows($0) } ?? view : view)
        }
        var biases: [Float] = []
        if bias {
            for (index, part) in parts.enumerated() {
                let own = try vector("\(part.name).bias", part.outputs)
                biases += index == 0 ? order.map { order in own.indices.map { own[order($0)] } } ?? own : own
            }
        }
        let outputs = parts.reduce(0) { $0 + $1.outputs }
        return try linear(
            views, named: prefix + parts[0].name,
            tensors: isTransposed ? [] : parts.map { "\(prefix)\($0.name).weight" }, inputs: inputs,
            columns: kind == .gated ? outputs / 2 : outputs, bias: bias ? biases : nil, kind, exact: exact,
            isRead: isRead)
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
        // What the files of BERT's time call them.
        let (weight, bias) = has("\(name).gamma") ? ("gamma", "beta") : ("weight", "bias")
        return style.norm(
            weight: style.hasWeight ? try vector("\(name).\(weight)", width) : nil,
            bias: style.hasBias ? try vector("\(name).\(bias)", width) : nil)
    }

    /// A norm without biases for each of `count` groups of `width` columns, whose weights are the rows of one tensor.
    ///
    /// - Parameter isFlat: whether the rows lie behind one another in a vector.
    func norms(
        rowsOf name: String, _ count: Int, _ width: Int, _ style: NormStyle, isFlat: Bool = false
    ) throws(ModelError) -> Norm {
        let weights = try tensor("\(name).weight", isFlat ? [count * width] : [count, width])?.floats() ?? []
        let starts = stride(from: 0, to: weights.count, by: width)
        return .groups(starts.map { style.norm(weight: Array(weights[$0..<$0 + width]), bias: nil) }, width: width)
    }

    /// A norm for each of `count` groups of `width` columns, under `name.0`, `name.1` and so on.
    func norms(_ name: String, _ count: Int, _ width: Int, _ style: NormStyle) throws(ModelError) -> Norm {
        var norms: [Norm] = []
        for index in 0..<count { norms.append(try norm("\(name).\(index)", width, style)) }
        return .groups(norms, width: width)
    }

    /// A short causal convolution of each channel by itself, `[channels, 1, width]`.
    func convolution(
        _ name: String, channels: Int, width: Int, bias: Bool, silu: Bool
    ) throws(ModelError) -> ShortConvolution {
        ShortConvolution(
            weight: try tensor("\(name).weight", [channels, 1, width])?.floats() ?? [],
            bias: bias ? try vector("\(name).bias", channels) : nil, width: width, channels: channels, silu: silu)
    }

    /// A vector as float32; empty where the model is only described.
    func vector(_ name: String, _ count: Int) throws(ModelError) -> [Float] {
        try tensor(name, [count])?.floats() ?? []
    }

    /// A tensor, checked against its shape; nil where the model is only described.
    func tensor(_ name: String, _ shape: [Int]) throws(ModelError) -> TensorView? {
        let name = prefix + name
        record.tensors.append(TensorSpecification(name: name, shape: shape))
        guard let stored = record.stored else { return nil }
        func check(_ found: [Int]) throws(ModelError) {
            guard found != shape else { return }
            throw ModelError(
                .invalidWeights,
                "tensor '\(name)' has shape \(found), but config.json makes it \(shape); "
                    + "check that config.json belongs to these weights")
        }
        // A model that is only described reads nothing, but what it needs must be there.
        if record.source == nil, let info = stored.info(named: name) {
            try check(info.shape)
            return nil
        }
        stored.willNeed(name)
        let view: TensorView
        do {
            view = try stored.tensor(named: name)
        } catch {
            throw ModelError(.invalidWeights, error.message)
        }
        try check(view.shape)
        return view
    }
}
