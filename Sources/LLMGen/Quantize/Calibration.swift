import LLMModels
import LLMTensor
import LLMWeights

/// What a model's matrices read as the model reads a text: it says which errors of the weights harm.
public struct Calibration: Sendable {
    /// The text.
    public var text: String
    /// Tokens of it that are read, from its beginning.
    public var tokens: Int

    /// - Throws: ``LLMGenError`` `invalidArgument` for an empty text or fewer than one token.
    public init(text: String, tokens: Int = Calibration.defaultTokens) throws(LLMGenError) {
        guard !text.isEmpty else {
            throw LLMGenError(
                code: .invalidArgument, message: "the calibration text is empty; give some thousands of words")
        }
        guard tokens > 0 else {
            throw LLMGenError(
                code: .invalidArgument, message: "calibration-tokens is \(tokens); it must be at least 1")
        }
        self.text = text
        self.tokens = tokens
    }

    /// As many as the peers take: 128 windows of 512.
    public static let defaultTokens = 65_536
    /// Fewer tell little.
    static let fewTokens = 4096
    /// Tokens that are read at once, each window by itself.
    static let window = 512
}

/// A model that reads a text, and what its matrices read meanwhile. Tensors have the names that GGUF files give them.
final class CalibrationRun {
    /// Told of the tokens read and of all; what it throws ends the reading.
    typealias Progress = (_ done: Int, _ all: Int) throws -> Void

    /// Matrices that read the same rows.
    private struct Input {
        let tensors: [String]
        var squares: [Float]
        var rows: Int

        var layer: Int? { tensors.lazy.compactMap { TensorRole($0, shape: []).layer }.first }
    }

    private let model: LanguageModel
    private let architecture: GGUFArchitecture
    private let windows: [ArraySlice<TokenID>]
    private let progress: Progress
    private var inputs: [Input] = []
    private var places: [String: Int] = [:]  // of tensors in `inputs`
    private var grams: [Int: GramMatrix] = [:]  // of inputs whose text has been read, until they are factored
    private var factors: [Int: RoundingFactor] = [:]

    /// Bytes of sums of products that one reading of the text may fill, if more than a layer's.
    private static let readingBytes = 1 << 30
    private static let blockSize = 16

    /// Reads the text once.
    ///
    /// - Throws: ``LLMGenError``: a model that cannot run or has no tokenizer, an empty text; what `progress` throws.
    init(
        _ calibration: Calibration, of source: any ModelSource, as architecture: GGUFArchitecture, threads: Int?,
        progress: @escaping Progress
    ) throws {
        self.architecture = architecture
        model = try LanguageModel(source, LoadOptions(computeDtype: .float32, threads: threads))
        guard model.tokenizer != nil else {
            throw LLMGenError(
                code: .invalidInput,
                message: "'\(source.name)': the model has no tokenizer, so that no calibration text can be read; "
                    + "give it one, or quantize without a calibration")
        }
        let tokens = try model.tokens(of: .text(calibration.text)).prefix(calibration.tokens)
        let window = min(Calibration.window, model.maxPositions)
        windows = stride(from: 0, to: tokens.count, by: window).map { tokens[$0..<min($0 + window, tokens.count)] }
        self.progress = progress
        try read { tensors, x in
            if let place = places[tensors[0]] {
                inputs[place].squares = zip(inputs[place].squares, x.columnSquares()).map(+)
                inputs[place].rows += x.rows
            } else {
                for tensor in tensors { places[tensor] = inputs.count }
                inputs.append(Input(tensors: tensors, squares: x.columnSquares(), rows: x.rows))
            }
        }
    }

    /// Tokens that were read.
    var tokens: Int { windows.reduce(0) { $0 + $1.count } }

    /// The mean of the squares of each input of a matrix; nil for one that reads nothing, as an embedding does.
    func meanSquares(_ tensor: String) -> [Float]? {
        places[tensor].map { place in inputs[place].squares.map { $0 / Float(inputs[place].rows) } }
    }

    /// The one of `count` inputs that each of `columns` is: the same, or, as several query heads read one value head, that
    /// head's; nil where neither fits.
    func origins(ofColumns columns: Int, from count: Int) -> [Int]? {
        let sizes = model.network.dimensions
        if columns == count { return Array(0..<count) }
        guard columns == sizes.heads * sizes.headDim, count == sizes.kvHeads * sizes.headDim else { return nil }
        let group = sizes.heads / sizes.kvHeads
        return (0..<columns).map { $0 / sizes.headDim / group * sizes.headDim + $0 % sizes.headDim }
    }

    /// The sums of products of what a layer's matrix reads; nil for a matrix that is not in a layer or reads nothing.
    ///
    /// The text is read again for each few layers, so one layer after the other is cheapest.
    func products(_ tensor: String) throws -> GramMatrix? {
        guard let place = places[tensor], let layer = inputs[place].layer else { return nil }
        if grams[place] == nil { try sumProducts(from: layer) }
        return grams[place]
    }

    /// By which the errors of the weights of a layer's matrix are made up for by others; nil as of ``products(_:)``, whose
    /// place it takes.
    func factor(_ tensor: String) throws -> RoundingFactor? {
        guard let place = places[tensor] else { return nil }
        if let factor = factors[place] { return factor }
        guard let products = try products(tensor) else { return nil }
        grams[place] = nil
        guard let factor = products.factored(on: model.compute) else {
            throw LLMGenError(
                code: .failed,
                message: "what '\(tensor)' reads of the calibration text has no inverse; take another text")
        }
        factors[place] = factor
        return factor
    }

    /// Sums the products of what a layer's matrices read, and of the next layers' as far as memory is meant for it.
    private func sumProducts(from first: Int) throws {
        (grams, factors) = ([:], [:])
        var bytes = 0
        let layers = Dictionary(grouping: inputs.indices) { inputs[$0].layer ?? -1 }
        for (layer, places) in layers.sorted(by: { $0.key < $1.key }) where layer >= first {
            bytes += places.reduce(0) { $0 + GramMatrix.byteCount(columns: inputs[$1].squares.count) }
            guard layer == first || bytes <= CalibrationRun.readingBytes else { break }
            for place in places { grams[place] = GramMatrix(columns: inputs[place].squares.count) }
        }
        try read { tensors, x in
            if let place = places[tensors[0]] { grams[place]?.add(x, on: model.compute) }
        }
    }

    private func read(_ observer: LinearObserver) throws {
        let (decoder, workspace, architecture) = (try model.decoder(), Workspace(), architecture)
        let blocks = ((windows.first?.count ?? 0) + CalibrationRun.blockSize - 1) / CalibrationRun.blockSize
        let groups = decoder.cacheLayout.groups
        let cache = KVCache(
            decoder.cacheLayout, blockSize: CalibrationRun.blockSize, dtype: .float32,
            blockCounts: groups.map { _ in blocks }, stateSlots: 1)
        let tables = groups.map { _ in (0..<Int32(blocks)).map(\.self) }
        var done = 0
        for window in windows {
            try progress(done, tokens)
            let states = SequenceStates(source: nil, writes: [.init(rows: window.count, slot: 0)])
            let sequence = BatchSequence(
                rows: 0..<window.count, firstPosition: 0, blockTables: tables, states: cache.states.map { _ in states })
            let batch = ForwardBatch(
                tokens: Array(window), sequences: [sequence], outputRows: Array(0..<window.count),
                blockSize: CalibrationRun.blockSize)
            withoutActuallyEscaping(observer) { observer in
                _ = decoder.hiddenStates(batch, cache, workspace, on: model.compute) { names, x in
                    let tensors = names.compactMap(architecture.name(ofHubTensor:))
                    if !tensors.isEmpty { observer(tensors, x) }
                }
            }
            done += window.count
        }
    }
}
