import Foundation
public import LLMTensor

/// A model's weights, wherever they are: a Hugging Face folder, or one weight file of any format.
///
/// In a folder, `model.safetensors` is taken where there is one, else the shards that `model.safetensors.index.json`
/// names, as transformers does. The index says which tensors there are: each must be in the shard it is mapped to, and
/// what else the shards hold is not part of the checkpoint, only listed in `unlisted`.
public struct Checkpoint: RawTensors {
    /// The folder or file it was opened from.
    public let path: String
    /// The weight files it is made of, in the order that tensors are listed.
    public let files: [String]
    /// Every tensor, file by file, in the order of the data.
    public let tensors: [TensorInfo]
    /// Names of tensors that are in a shard but that the index does not map to it, so that they are not used.
    public let unlisted: [String]
    private let parts: [any NamedTensors]
    private let partOfTensor: [String: Int]

    /// Opens the checkpoint at `path`; maps every file of it, reads none of the data.
    ///
    /// - Throws: `WeightsError`: `notFound` (also a missing shard), `unreadable`, `corrupt`, `unsupported` (also a
    ///   folder that has only PyTorch files), or `missingTensor` where a shard lacks a tensor that the index maps to it.
    public init(path: String) throws(WeightsError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            try self.init(path: path, files: [path], parts: [WeightFile.open(path)], index: nil)
            return
        }
        let names = try Self.names(inFolder: path)
        func inFolder(_ name: String) -> String { "\(path)/\(name)" }
        if names.contains("model.safetensors") {
            let file = inFolder("model.safetensors")
            try self.init(path: path, files: [file], parts: [SafetensorsFile(path: file)], index: nil)
        } else if names.contains("model.safetensors.index.json") {
            let index = try ShardIndex(path: inFolder("model.safetensors.index.json"))
            let missing = index.shards.filter { !names.contains($0) }
            guard missing.isEmpty else {
                throw WeightsError(
                    .notFound,
                    "\(path.quoted): \(missing.count) of \(index.shards.count) shards of the index are not "
                        + "there: \(listed(missing)); download them into the folder")
            }
            let files = index.shards.map(inFolder)
            var parts: [any NamedTensors] = []
            for file in files { parts.append(try SafetensorsFile(path: file)) }
            try self.init(path: path, files: files, parts: parts, index: index)
        } else {
            throw Self.withoutWeights(path, names)
        }
    }

    private init(
        path: String, files: [String], parts: [any NamedTensors], index: ShardIndex?
    ) throws(WeightsError) {
        var tensors: [TensorInfo] = []
        var unlisted: [String] = []
        var partOfTensor: [String: Int] = [:]
        for (position, part) in parts.enumerated() {
            for info in part.tensors {
                if let index, index.shardOfTensor[info.name] != position {
                    unlisted.append(info.name)
                } else {
                    tensors.append(info)
                    partOfTensor[info.name] = position
                }
            }
        }
        if let index, tensors.count < index.shardOfTensor.count {
            let missing = index.shardOfTensor.filter { partOfTensor[$0.key] == nil }
                .map { "\($0.key) (\(index.shards[$0.value]))" }.sorted()
            throw WeightsError(
                .missingTensor,
                "\(path.quoted): \(missing.count) of \(index.shardOfTensor.count) tensors are not in the shard "
                    + "that the index maps them to: \(listed(missing)); index and shards are of different versions: download them again"
            )
        }
        self.path = path
        self.files = files
        self.tensors = tensors
        self.unlisted = unlisted
        self.parts = parts
        self.partOfTensor = partOfTensor
    }

    /// What is known of the tensor called `name`; nil where there is none.
    public func info(named name: String) -> TensorInfo? {
        partOfTensor[name].flatMap { parts[$0].info(named: name) }
    }

    /// A view into the mapped file that holds the tensor; throws as `NamedTensors` says.
    public func tensor(named name: String) throws(WeightsError) -> TensorView {
        guard let part = partOfTensor[name] else { throw .missing(name, in: path, of: tensors) }
        return try parts[part].tensor(named: name)
    }

    /// A copy of the tensor's bytes, of a safetensors file.
    package func bytes(named name: String) throws(WeightsError) -> [UInt8] {
        guard let part = partOfTensor[name] else { throw .missing(name, in: path, of: tensors) }
        guard let raw = parts[part] as? any RawTensors else {
            throw WeightsError(
                .unsupported, "\(files[part].quoted): quantized by config.json, which only safetensors files are")
        }
        return try raw.bytes(named: name)
    }

    /// Lets the system start reading the tensor's bytes.
    public func willNeed(_ name: String) { partOfTensor[name].map { parts[$0].willNeed(name) } }

}

extension Checkpoint {
    private static func names(inFolder path: String) throws(WeightsError) -> Set<String> {
        do {
            return Set(try FileManager.default.contentsOfDirectory(atPath: path))
        } catch {
            throw WeightsError(
                .unreadable,
                "\(path.quoted): the folder cannot be listed; check its permissions")
        }
    }

    /// The error for a folder without weights that can be read, after what it has instead.
    private static func withoutWeights(_ path: String, _ names: Set<String>) -> WeightsError {
        func ending(_ suffixes: String...) -> [String] {
            names.filter { name in suffixes.contains { name.hasSuffix($0) } }.sorted()
        }
        let needed = "no model.safetensors and no model.safetensors.index.json"
        let safetensors = ending(".safetensors")
        let pytorch = ending(".bin", ".pt", ".pth")
        if !safetensors.isEmpty {
            return WeightsError(
                .notFound,
                "\(path.quoted): \(needed), so it is not known how \(listed(safetensors)) belong together; "
                    + "add the index, or give one file's own path")
        }
        if !pytorch.isEmpty {
            return WeightsError(
                .unsupported,
                "\(path.quoted): only PyTorch weights (\(listed(pytorch))), which are not read as they can "
                    + "run code; convert them with transformers: "
                    + "AutoModelForCausalLM.from_pretrained(folder).save_pretrained(folder)")
        }
        return WeightsError(
            .notFound, "\(path.quoted): \(needed) in the folder; check the path or download the weights")
    }
}
