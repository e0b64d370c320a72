import Foundation
import LLMJSON
public import LLMTensor
import LLMWeights

/// A stored type of tensors, such as ggml's `Q8_0`.
public typealias StoredDType = LLMTensor.DType

/// Writes a model as a GGUF file in other stored types, tensor by tensor, so that no more than a piece of one is in memory.
public struct Quantizer: Sendable {
    /// How the tensors are stored that no override names.
    public var mix: QuantizationMix
    /// Stored types by patterns of names (`*`, `?`), the last that matches counts; matrices only.
    public var overrides: [(pattern: String, dtype: DType)] = []
    /// Whether a file that is there may be replaced.
    public var replaces = false
    /// Threads; nil for one a physical core.
    public var threads: Int?
    /// A text that says whose errors harm; nil for the same of all weights.
    public var calibration: Calibration?
    /// How weights are rounded; `gptq` and `awq` need a calibration.
    public var rounding = Rounding.nearest

    /// How far the work is.
    public struct Progress: Sendable {
        /// What the work is made of.
        public enum Stage: Sendable, Hashable {
            /// The calibration text is read; parts are tokens. It may be read several times.
            case reading
            /// Channels' factors are looked for; parts are layers.
            case scaling
            /// Tensors are written; parts are bytes of the source.
            case writing
        }

        /// What is being done.
        public let stage: Stage
        /// The tensor that is being written.
        public var tensor = ""
        /// Parts done, and parts to do in all.
        public let parts: (done: Int, all: Int)
    }

    /// Writes with a mix.
    public init(_ mix: QuantizationMix) { self.mix = mix }

    /// The type that ggml calls `name`, where tensors can be written in it.
    public static func dtype(named name: String) -> DType? { types.first { "\($0)" == name } }

    /// The types that tensors can be written in.
    public static var types: [DType] { TensorEncoder.types }

    /// Writes the model that `model` names (``ModelLocator``) to a file, which is there when this returns and not before.
    ///
    /// - Parameter progress: is called now and then; what it throws ends the work, and nothing is left of the file.
    /// - Throws: ``LLMGenError`` `invalidArgument` for options that do not fit the model, `invalidInput` or `notFound`
    ///   for a model that cannot be written, or a file; what `progress` throws.
    public func write(
        _ model: String, to path: String, progress: (Progress) throws -> Void = { _ in }
    ) throws -> QuantizationReport {
        if rounding != .nearest, calibration == nil {
            throw LLMGenError(
                code: .invalidArgument,
                message:
                    "rounding is \(rounding.rawValue), which needs a calibration text; give one, or round to nearest")
        }
        let source = try ModelLocator.source(model)
        let files = try source.contents().files.map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path }
        if files.contains(URL(fileURLWithPath: path).resolvingSymlinksInPath().path) {
            throw LLMGenError(
                code: .invalidArgument,
                message: "'\(path)' is a file of the model that is read; give the new file another name")
        }
        do {
            let parts: QuantizationSource
            if let folder = source as? FolderSource {
                parts = try QuantizationSource(folder)
            } else {
                guard let file = try source.contents().gguf else { preconditionFailure("a source of no known kind") }
                parts = try QuantizationSource(file)
            }
            return try withoutActuallyEscaping(progress) { progress in
                try write(parts, of: source, to: path, progress)
            }
        } catch let error as WeightsError where error.code == .alreadyExists {
            throw LLMGenError(code: .invalidArgument, message: error.message, cause: error)
        } catch let error as WeightsError where error.code == .noRoom || error.code == .unwritable {
            throw LLMGenError(code: .failed, message: error.message, cause: error)
        } catch let error as any RoomError {
            throw LLMGenError(error)
        }
    }

    private func write(
        _ source: QuantizationSource, of model: any ModelSource, to path: String,
        _ progress: @escaping (Progress) throws -> Void
    ) throws -> QuantizationReport {
        let infos = try plan(source)
        let wired = ChannelScales.architectures
        guard rounding != .awq || wired.contains(source.architecture.name) else {
            throw LLMGenError(
                code: .invalidArgument,
                message:
                    "rounding is awq, which scales layers that are wired as Llama's, of \(wired.joined(separator: ", ")), "
                    + "and these are of \(source.architecture.name); round to nearest or by gptq")
        }
        let metadata =
            source.metadata + [
                ("general.quantization_version", .uint32(2)), ("general.file_type", .uint32(mix.fileType)),
            ]
        let writer = try GGUFWriter(path: path, metadata: metadata, tensors: infos, replaces: replaces)
        let compute = try LoadOptions(threads: threads).compute()
        let run = try calibration.map {
            try CalibrationRun($0, of: model, as: source.architecture, threads: threads) {
                try progress(Progress(stage: .reading, parts: ($0, $1)))
            }
        }
        var scales: ChannelScales?
        if let run, rounding == .awq {
            let types = infos.reduce(into: [:]) { types, info in types[info.name] = info.dtype }
            scales = try ChannelScales(source, types, run, on: compute) {
                try progress(Progress(stage: .scaling, parts: ($0, source.layers)))
            }
        }
        let all = source.tensors.reduce(0) { $0 + $1.byteCount }
        var notes = source.notes
        if let run, run.tokens < Calibration.fewTokens {
            notes.append(
                "the calibration text has \(run.tokens) tokens; with fewer than some thousands chance decides more than "
                    + "the text")
        }
        var report = QuantizationReport(path: path, fileBytes: writer.byteCount, notes: notes)
        var done = 0
        for (tensor, info) in zip(source.tensors, infos) {
            guard let dtype = info.dtype else { preconditionFailure("a tensor without a type") }
            var options = TensorEncoder.Options()
            options.source = tensor.row
            options.columnScales = scales?.columns[tensor.name]
            options.rowScales = scales?.rows[tensor.name]
            // Scaled channels say by their size what they count.
            if options.columnScales == nil { options.importance = run?.meanSquares(tensor.name) }
            if rounding == .gptq, dtype.blockElements > 1 { options.factor = try run?.factor(tensor.name) }
            let encoder = TensorEncoder(try tensor.view(), as: dtype, options, on: compute)
            var error = TensorEncoder.Error()
            for start in stride(from: 0, to: encoder.rows, by: encoder.rowsOfPiece) {
                let part = done + tensor.byteCount * start / encoder.rows
                try progress(Progress(stage: .writing, tensor: tensor.name, parts: (part, all)))
                let piece = encoder.encode(start..<min(start + encoder.rowsOfPiece, encoder.rows))
                error += piece.error
                try writer.append(piece.bytes)
            }
            encoder.release()
            done += tensor.byteCount
            report.add(info, before: tensor.byteCount, error)
        }
        try progress(Progress(stage: .writing, parts: (all, all)))
        try writer.finish()
        return report
    }

    /// What is written, in order.
    private func plan(_ source: QuantizationSource) throws(LLMGenError) -> [TensorInfo] {
        var used: Set<String> = []
        var infos: [TensorInfo] = []
        for tensor in source.tensors {
            let role = TensorRole(tensor.name, shape: tensor.shape)
            var dtype = mix.dtype(role, columns: tensor.shape.last ?? 1, layers: source.layers)
            for (pattern, type) in overrides where role.isMatrix && fnmatch(pattern, tensor.name, 0) == 0 {
                used.insert(pattern)
                dtype = type
            }
            guard Quantizer.types.contains(dtype) else {
                throw LLMGenError(
                    code: .invalidArgument,
                    message: "type is \(mix), which needs \(dtype) for '\(tensor.name)'; only "
                        + "\(Quantizer.types.map(\.description).joined(separator: ", ")) can be written; take another type"
                )
            }
            guard dtype.byteCount(ofShape: tensor.shape) != nil else {
                throw LLMGenError(
                    code: .invalidArgument,
                    message: "tensor-type of '\(tensor.name)' is \(dtype), whose rows are blocks of "
                        + "\(dtype.blockElements), but its rows have \(tensor.shape.last ?? 1); take another type")
            }
            infos.append(TensorInfo(name: tensor.name, shape: tensor.shape, dtype: dtype))
        }
        guard let unused = overrides.first(where: { !used.contains($0.pattern) }) else { return infos }
        throw LLMGenError(
            code: .invalidArgument,
            message: "tensor-type is '\(unused.pattern)=\(unused.dtype)', but no matrix has such a name; "
                + "names are such as 'blk.0.ffn_down.weight' (llmgen inspect), and * stands for any text")
    }
}
