import Foundation
import LLMTensor

/// Factors of channels that make weights easier to round (AWQ, Lin et al. 2023): the columns of a matrix whose inputs are
/// large are multiplied, so that their errors are smaller beside them, and what puts out those inputs is divided. The
/// model computes the same.
struct ChannelScales {
    /// By tensor, what its columns are multiplied by; those of a vector are its elements.
    private(set) var columns: [String: [Float]] = [:]
    /// By tensor, what its rows are multiplied by.
    private(set) var rows: [String: [Float]] = [:]

    /// Where the inputs of some matrices of a layer come from.
    private struct Channel {
        let matrices: [String]
        /// A norm's weight, or a matrix whose rows they are, with its bias.
        let origin: String
        let isNorm: Bool
    }

    /// Those whose layers are wired as Llama's, by their names in GGUF files.
    static let architectures = ["llama", "smollm3", "qwen2", "qwen2moe", "qwen3", "qwen3moe", "granite"]

    /// Of layers that are wired so.
    private static let channels = [
        Channel(matrices: ["attn_q", "attn_k", "attn_v"], origin: "attn_norm", isNorm: true),
        Channel(matrices: ["attn_output"], origin: "attn_v", isNorm: false),
        Channel(matrices: ["ffn_gate", "ffn_up"], origin: "ffn_norm", isNorm: true),
        Channel(matrices: ["ffn_down"], origin: "ffn_up", isNorm: false),
    ]

    /// Powers of an input's size that are tried, in steps of a twentieth.
    private static let powers = 0..<20
    /// Rows of a matrix that the powers are tried on.
    private static let sampledRows = 256

    /// Finds the factors of every layer.
    ///
    /// - Parameters:
    ///   - types: the stored type that each tensor will have.
    ///   - progress: is told the layers done.
    init(
        _ source: QuantizationSource, _ types: [String: DType], _ run: CalibrationRun, on compute: Compute,
        progress: (Int) throws -> Void
    ) throws {
        let tensors = Dictionary(uniqueKeysWithValues: source.tensors.map { ($0.name, $0) })
        for layer in 0..<source.layers {
            try progress(layer)
            for channel in ChannelScales.channels {
                let matrices = channel.matrices.compactMap { tensors["blk.\(layer).\($0).weight"] }
                let origin = "blk.\(layer).\(channel.origin)"
                guard matrices.count == channel.matrices.count, let from = tensors["\(origin).weight"],
                    let squares = run.meanSquares(matrices[0].name),
                    let products = try run.products(matrices[0].name)
                else { continue }
                let count = channel.isNorm ? squares.count : from.shape[0]
                guard let shared = run.origins(ofColumns: squares.count, from: count),
                    let scales = try best(matrices, types, squares, products, shared, on: compute)
                else { continue }
                for matrix in matrices { columns[matrix.name] = shared.map { scales[$0] } }
                let inverse = scales.map { 1 / $0 }
                if channel.isNorm { columns["\(origin).weight"] = inverse } else { rows["\(origin).weight"] = inverse }
                // A matrix's bias is an output of its own; a norm of RMS has none.
                if tensors["\(origin).bias"] != nil { columns["\(origin).bias"] = inverse }
            }
        }
    }

    /// The factors under which the matrices' outputs are off least; nil where that is none.
    ///
    /// - Parameter shared: the factor that each column has, as several query heads read one value head.
    private func best(
        _ matrices: [QuantizationSource.Tensor], _ types: [String: DType], _ squares: [Float], _ products: GramMatrix,
        _ shared: [Int], on compute: Compute
    ) throws -> [Float]? {
        // Columns that share a factor are of one size: the mean of theirs.
        var (sums, counts) = ([Int: Float](), [Int: Float]())
        for (column, place) in shared.enumerated() {
            sums[place, default: 0] += squares[column]
            counts[place, default: 0] += 1
        }
        let sizes = (0..<sums.count).map { ((sums[$0] ?? 0) / (counts[$0] ?? 1)).squareRoot() }
        let views = try matrices.map { try $0.view() }
        var found: (error: Double, scales: [Float]?) = (.infinity, nil)
        for power in ChannelScales.powers {
            let scales = power == 0 ? nil : ChannelScales.normalized(sizes, Float(power) / 20)
            var error = 0.0
            for (matrix, view) in zip(matrices, views) {
                guard let dtype = types[matrix.name] else { continue }
                var options = TensorEncoder.Options()
                let (rows, sampled) = (matrix.shape[0], min(ChannelScales.sampledRows, matrix.shape[0]))
                options.source = { $0 * rows / sampled }
                options.columnScales = scales.map { scales in shared.map { scales[$0] } }
                let encoder = TensorEncoder(view, as: dtype, options, on: compute)
                error += products.outputSquares(encoder.differences(0..<sampled), on: compute)
            }
            if error < found.error { found = (error, scales) }
        }
        return found.scales
    }

    /// Powers of sizes, around 1; a channel that is always 0 has the smallest of the others.
    private static func normalized(_ sizes: [Float], _ power: Float) -> [Float] {
        let powers = sizes.map { $0 > 0 ? pow($0, power) : 0 }
        let (low, high) = (powers.filter { $0 > 0 }.min() ?? 1, powers.max() ?? 1)
        let middle = (low * high).squareRoot()
        guard middle > 0, middle.isFinite else { return sizes.map { _ in 1 } }
        return powers.map { max($0, low) / middle }
    }
}
