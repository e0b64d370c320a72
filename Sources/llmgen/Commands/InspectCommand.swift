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
        let inspection = try ModelInspection(model)
        if json { return try inspection.printLine() }
        for (name, value) in inspection.rows {
            try StandardStreams.write("\(name.padding(to: 14))\(value)\n")
        }
    }
}

extension ModelInspection.StoredType {
    fileprivate var row: (String, String) {
        let packing = isRepacked ? packing.map { ", widened to \($0) as it is loaded" } : nil
        return ("", "\(dtype): \(tensors) tensors, \(parameters) parameters, \(bytes) bytes" + (packing ?? ""))
    }
}

extension ModelInspection {
    /// Names and values, as a person reads them.
    fileprivate var rows: [(String, String)] {
        var rows = [("model", name)]
        if let version { rows.append(("format", "\(format) version \(version)")) }
        rows.append(
            ("architecture", ([architecture].compactMap(\.self) + architectures).joined(separator: ", ")))
        if let unsupported { rows.append(("", unsupported)) }
        if let sizes { rows += sizeRows(sizes) }
        if let embedding { rows += embedding.rows }
        if let reranking { rows.append(("reranker", reranking.text)) }
        rows += unsupportedParts.map { ("unsupported", $0) }
        if let quantization { rows.append(("quantized", quantization.text)) }
        if let metadataKeys { rows.append(("metadata", "\(metadataKeys) keys")) }
        rows.append(("parameters", "\(parameters)"))
        let place = version == nil ? files.joined(separator: ", ") : "\(tensors) tensors"
        rows.append(("weights", "\(bytes) bytes (\(ByteCount(bytes: bytes))) in \(place)"))
        rows += types.map(\.row)
        rows.append(("tokenizer", tokenizerText))
        if let fileBytes {
            let size = "\(fileBytes) bytes (\(ByteCount(bytes: fileBytes)))"
            rows.append(files.count == 1 ? ("file", size) : ("files", "\(files.count), together \(size)"))
        }
        return rows
    }

    private func sizeRows(_ sizes: Sizes) -> [(String, String)] {
        let tied = sizes.tiedEmbedding ? ", output head tied to the embedding" : ""
        let output =
            sizes.labels.map { "\($0) \($0 == 1 ? "label" : "labels") of a text" }
            ?? (sizes.predictsTokens ? "the next token" : "hidden states, for vectors of texts")
        let kinds = sizes.kvLayers.map { kind -> (String, String) in
            let kept = kind.window.map { ", kept of the last \($0) tokens" } ?? ""
            return (
                "",
                "\(kind.layers) layer\(kind.layers == 1 ? "" : "s"): \(kind.elementsPerToken) elements a token\(kept)"
            )
        }
        var rows = [
            ("layers", "\(sizes.layers)"),
            ("hidden size", "\(sizes.hiddenSize)"),
            ("heads", "\(sizes.heads) query, \(sizes.kvHeads) key/value, of \(sizes.headDim)"),
            ("vocabulary", "\(sizes.vocabularySize)\(tied)"),
            ("context", "\(sizes.maxPositions) tokens"),
        ]
        if sizes.kvBytesPerToken > 0 { rows.append(("KV cache", "\(sizes.kvBytesPerToken) bytes a token in float32")) }
        rows += kinds
        if sizes.stateBytesPerSequence > 0 {
            rows.append(("states", "\(sizes.stateBytesPerSequence) bytes a sequence"))
        }
        rows.append(("output", output))
        return rows
    }

    private var tokenizerText: String {
        if let tokenizerModel {
            let details =
                (preTokenizer.map { ["pre-tokenizer \($0)"] } ?? []) + ["\(vocabularySize ?? 0) tokens"]
            return "\(tokenizerModel) (\(details.joined(separator: ", ")))"
        }
        guard version == nil else { return "none" }
        return tokenizer.map { $0 == "tokenizer.model" ? "\($0) (SentencePiece)" : $0 }
            ?? "none that is supported"
    }
}

extension ModelInspection.Embedding {
    fileprivate var rows: [(String, String)] {
        let facts: [String?] = [
            "pooling \(pooling)", normalizes ? "scaled to length 1" : nil, "\(dimensions) elements",
            shorterDimensions.map { "or " + $0.map(String.init).joined(separator: ", ") },
            maxTokens.map { "texts of at most \($0) tokens" }, similarity.map { "compared by \($0)" },
        ]
        return [("embeddings", facts.compactMap(\.self).joined(separator: ", "))]
            + prompts.map { prompt in
                (
                    "prompt",
                    "\(prompt.name)\(prompt.name == defaultPrompt ? " (usual)" : ""): \(prompt.text.debugDescription)"
                )
            }
    }
}

extension ModelInspection.Reranking {
    fileprivate var text: String { "\(outputs), \(activation), pairs written as: \(writing)" }
}

extension Quantization {
    fileprivate var text: String {
        let bits = bits.map(String.init).joined(separator: " and ")
        return "\(method), \(bits) bits" + (details.isEmpty ? "" : ", \(details)")
    }
}
