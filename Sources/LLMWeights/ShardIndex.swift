import LLMJSON

/// A checked `model.safetensors.index.json`: which tensor is in which file of the folder.
struct ShardIndex {
    static let lengthLimit = 100_000_000

    /// File names without a folder, sorted.
    let shards: [String]
    /// For each tensor its position in `shards`.
    let shardOfTensor: [String: Int]

    init(path: String) throws(WeightsError) {
        let file = try MappedFile(path: path)
        guard file.count <= Self.lengthLimit else {
            throw .corrupt(path, "\(file.count) bytes, above the limit of \(Self.lengthLimit)")
        }
        let bytes = try file.bytes(in: 0..<file.count)
        var map: [String: String]?
        do throws(JSONError) {
            map = try Self.weightMap(in: bytes)
        } catch {
            throw .corrupt(path, error)
        }
        guard let map else { throw .corrupt(path, "the index has no weight_map") }
        guard !map.isEmpty else { throw .corrupt(path, "weight_map names no tensor") }
        let shards = Set(map.values).sorted()
        for shard in shards {
            guard Self.isPlainName(shard) else {
                throw .corrupt(path, "weight_map names the file \(shard.quoted), which is not a plain file name")
            }
        }
        let positions = Dictionary(uniqueKeysWithValues: zip(shards, shards.indices))
        self.shards = shards
        shardOfTensor = map.compactMapValues { positions[$0] }
    }

    private static func weightMap(in bytes: [UInt8]) throws(JSONError) -> [String: String]? {
        var reader = JSONReader(bytes, part: "index")
        var map: [String: String]?
        try reader.beginObject()
        while let name = try reader.nextName() {
            if name == "weight_map" { map = try reader.stringMap() } else { try reader.skipValue() }
        }
        try reader.finish()
        return map
    }

    /// Whether `name` can only mean a file of the folder itself. A link there may lead elsewhere: the Hugging Face
    /// cache is made of links.
    private static func isPlainName(_ name: String) -> Bool {
        let forbidden: Set<Unicode.Scalar> = ["/", "\\", "\0"]
        return !["", ".", ".."].contains(name) && !name.unicodeScalars.contains(where: forbidden.contains)
    }
}
