import ArgumentParser
import LLMGen

struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show what a checkpoint is, without loading its weights.")

    @Argument(help: "Model folder, weights file, or name of a bundled or installed model.")
    var model = ModelLocator.bundledModel

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        if let file = try GGUFInspection(model) {
            try show(file, file.rows)
        } else {
            let inspection = try ModelInspection(model)
            try show(inspection, inspection.rows)
        }
    }

    private func show(_ inspection: some Encodable, _ rows: [(String, String)]) throws {
        if json { return try inspection.printLine() }
        for (name, value) in rows { try StandardStreams.write("\(name.padding(to: 14))\(value)\n") }
    }
}

extension ModelInspection.StoredType {
    fileprivate var row: (String, String) {
        ("", "\(dtype): \(tensors) tensors, \(parameters) parameters, \(bytes) bytes")
    }
}

extension GGUFInspection {
    /// Names and values, as a person reads them.
    fileprivate var rows: [(String, String)] {
        var tokenizer = "none"
        if let tokenizerModel {
            let details = (preTokenizer.map { ["pre-tokenizer \($0)"] } ?? []) + ["\(vocabularySize) tokens"]
            tokenizer = "\(tokenizerModel) (\(details.joined(separator: ", ")))"
        }
        return [
            ("model", name),
            ("format", "\(format) version \(version); its tensors are not read yet"),
            ("architecture", architecture ?? "not told"),
            ("metadata", "\(metadataKeys) keys"),
            ("tokenizer", tokenizer),
            ("parameters", "\(parameters)"),
            ("weights", "\(bytes) bytes (\(ByteCount(bytes: bytes))) in \(tensors) tensors"),
        ] + types.map(\.row) + [("file", "\(fileBytes) bytes (\(ByteCount(bytes: fileBytes)))")]
    }
}

extension ModelInspection {
    /// Names and values, as a person reads them.
    fileprivate var rows: [(String, String)] {
        var rows = [("model", name), ("architecture", architectures.joined(separator: ", "))]
        if let unsupported { rows.append(("", unsupported)) }
        if let sizes {
            rows += [
                ("layers", "\(sizes.layers)"),
                ("hidden size", "\(sizes.hiddenSize)"),
                ("heads", "\(sizes.heads) query, \(sizes.kvHeads) key/value, of \(sizes.headDim)"),
                (
                    "vocabulary",
                    "\(sizes.vocabularySize)\(sizes.tiedEmbedding ? ", output head tied to the embedding" : "")"
                ),
                ("context", "\(sizes.maxPositions) tokens"),
                ("KV cache", "\(sizes.kvBytesPerToken) bytes a token in float32"),
            ]
        }
        rows.append(("parameters", "\(parameters)"))
        rows.append(("weights", "\(bytes) bytes (\(ByteCount(bytes: bytes))) in \(files.joined(separator: ", "))"))
        rows += types.map(\.row)
        rows.append(
            (
                "tokenizer",
                tokenizer.map { $0 == "tokenizer.model" ? "\($0) (SentencePiece)" : $0 } ?? "none that is supported"
            ))
        return rows
    }
}
