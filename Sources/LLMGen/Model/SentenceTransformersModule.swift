import Foundation
import LLMModels

/// One of the modules that `modules.json` of sentence-transformers names.
struct SentenceTransformersModule {
    /// The last part of its class's name, such as `Pooling`.
    let kind: String
    /// Where its files are, in the model's folder.
    let folder: URL
    private let entry: ConfigFile

    /// The modules in order; none where there is no such file. - Throws: `ModelError`.
    static func modules(of folder: URL) throws(ModelError) -> [SentenceTransformersModule] {
        let file = folder.appending(path: "modules.json")
        guard FileManager.default.fileExists(atPath: file.path) else { return [] }
        return try ConfigFile.list(path: file.path).map { entry throws(ModelError) in
            SentenceTransformersModule(
                kind: try entry.lastPart(of: "type"), folder: try place(of: entry, in: folder), entry: entry
            )
        }
    }

    /// Its `config.json`.
    func config() throws(ModelError) -> ConfigFile {
        guard let file = try ConfigFile.ifThere(folder.appending(path: "config.json")) else {
            throw entry.invalid("path", "the folder of a config.json")
        }
        return file
    }

    /// The config of a `Transformer`, by the names that it has had; nil where there is none.
    func transformerFile() throws(ModelError) -> ConfigFile? {
        for kind in ["bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"] {
            let file = try ConfigFile.ifThere(folder.appending(path: "sentence_\(kind)_config.json"))
            if let file { return file }
        }
        return nil
    }

    /// An error that says the engine does not compute it.
    func unsupported(_ remedy: String) -> ModelError { entry.unsupported("type", remedy) }

    /// The folder of a module, which is in that of the model.
    private static func place(of entry: ConfigFile, in folder: URL) throws(ModelError) -> URL {
        let path = try entry.string("path", default: "")
        guard !path.isEmpty else { return folder }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0 != ".." }) else {
            throw entry.invalid("path", "a folder in that of the model")
        }
        return folder.appending(path: path)
    }
}
