import LLMJSON

/// The tensors that make a quantized one: those whose names begin with `prefix` and a dot.
struct TensorParts: Sendable {
    let source: any RawTensors
    /// The checkpoint, as messages name it.
    let path: String
    /// Such as `model.layers.0.self_attn.q_proj`.
    let prefix: String

    func name(_ part: String) -> String { "\(prefix).\(part)" }

    func has(_ part: String) -> Bool { source.contains(name(part)) }

    /// A part that must be there, of one of some element types, with no size of 0.
    func info(_ part: String, _ dtypes: [SafetensorsDType]) throws(WeightsError) -> TensorInfo {
        guard let info = source.info(named: name(part)) else {
            throw WeightsError(
                .missingTensor,
                "\(path.quoted): no tensor \(name(part).quoted), which belongs to a quantized one; "
                    + "download the model again")
        }
        guard dtypes.contains(where: { $0.rawValue == info.dtypeName }) else {
            throw invalid(part, "dtype \(info.dtypeName)", dtypes.map(\.rawValue).joined(separator: " or "))
        }
        guard info.shape.allSatisfy({ (1...TensorParts.sizeLimit).contains($0) }) else {
            throw invalid(part, "shape \(info.shape)", "sizes from 1 to \(TensorParts.sizeLimit)")
        }
        return info
    }

    /// The sizes of a part that must be a matrix.
    func matrix(_ part: String, _ dtypes: [SafetensorsDType]) throws(WeightsError) -> (rows: Int, columns: Int) {
        let shape = try info(part, dtypes).shape
        guard shape.count == 2 else { throw invalid(part, "shape \(shape)", "two sizes") }
        return (shape[0], shape[1])
    }

    /// Checks a part that must have a shape.
    func check(_ part: String, _ dtypes: [SafetensorsDType], _ shape: [Int]) throws(WeightsError) {
        let found = try info(part, dtypes).shape
        guard found == shape else { throw invalid(part, "shape \(found)", "\(shape)") }
    }

    func bytes(_ part: String) throws(WeightsError) -> [UInt8] { try source.bytes(named: name(part)) }

    func floats(_ part: String) throws(WeightsError) -> [Float] { try source.tensor(named: name(part)).floats() }

    /// The numbers of a part of I32 or I64.
    func integers(_ part: String) throws(WeightsError) -> [Int] {
        let width = source.info(named: name(part))?.dtypeName == "I64" ? 8 : 4
        let bytes = try bytes(part)
        return stride(from: 0, to: bytes.count - bytes.count % width, by: width).map { start in
            let bits = bytes[start..<start + width].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return width == 8 ? Int(Int64(bitPattern: bits)) : Int(Int32(truncatingIfNeeded: bits))
        }
    }

    /// The error that a part is not what it must be.
    func invalid(_ part: String, _ found: String, _ wanted: String) -> WeightsError {
        WeightsError(
            .corrupt,
            "\(path.quoted): tensor \(name(part).quoted) has \(found), where \(wanted) is needed; "
                + "config.json and the weights do not belong together, or are damaged: download the model again")
    }

    /// Sizes above this are no model's, and below it their products with bits fit.
    static let sizeLimit = Int(Int32.max)
}

extension [SafetensorsDType] {
    /// What scales may be stored as.
    static let floats: [SafetensorsDType] = [.f32, .f16, .bf16]
}
