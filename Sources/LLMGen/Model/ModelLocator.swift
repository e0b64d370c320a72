public import Foundation

/// Where models are found.
///
/// A path that exists is taken as it is: a folder, or one weights file, whose folder has the config. A bare name, such as
/// `fairytale-6m`, or that of a GGUF file with or without its ending, is looked for in the folders of `LLMGEN_MODELS` (separated by colons), then in `models` and
/// `share/llmgen/models` beside the executable or in a folder above it, then in `models` of the source tree that the
/// library was built from.
public enum ModelLocator {
    /// The name of the bundled model.
    public static let bundledModel = "fairytale-6m"

    /// The folder or file that `name` means. - Throws: ``LLMGenError`` `notFound`.
    public static func locate(_ name: String) throws(LLMGenError) -> URL {
        if FileManager.default.fileExists(atPath: name) { return URL(fileURLWithPath: name) }
        guard !name.isEmpty, !name.contains("/") else {
            throw LLMGenError(
                code: .notFound, message: "'\(name)': no such file or folder; give a model folder with a config.json")
        }
        let folders = searchFolders(
            environment: ProcessInfo.processInfo.environment,
            executable: Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0]))
        if let found = folders.lazy.compactMap({ installed(name, in: $0) }).first { return found }
        throw LLMGenError(
            code: .notFound,
            message: "'\(name)': no such file, folder or installed model; give a path to a model folder, "
                + "or set LLMGEN_MODELS to the folder that holds '\(name)'")
    }

    /// The model `name` of a folder of models: a folder with a config, or a GGUF file, whose ending may be left out.
    static func installed(_ name: String, in folder: URL) -> URL? {
        let files = FileManager.default
        let path = folder.appending(path: name)
        if files.fileExists(atPath: path.appending(path: "config.json").path) { return path }
        let file = folder.appending(path: name.hasSuffix(".gguf") ? name : "\(name).gguf")
        return files.fileExists(atPath: file.path) ? file : nil
    }

    static func location(_ name: String) throws(LLMGenError) -> ModelLocation {
        let found = try locate(name)
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: found.path, isDirectory: &isFolder)
        return ModelLocation(
            folder: exists && !isFolder.boolValue ? found.deletingLastPathComponent() : found, weights: found)
    }

    static func searchFolders(environment: [String: String], executable: URL) -> [URL] {
        var folders = (environment["LLMGEN_MODELS"] ?? "").split(separator: ":").map {
            URL(fileURLWithPath: String($0))
        }
        var folder = executable.resolvingSymlinksInPath().deletingLastPathComponent()
        while folder.path != "/" {
            folders += [folder.appending(path: "models"), folder.appending(path: "share/llmgen/models")]
            folder.deleteLastPathComponent()
        }
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return folders + [sources.deletingLastPathComponent().appending(path: "models")]
    }
}

/// Where a model's parts are.
struct ModelLocation {
    /// The folder of the config and the tokenizer.
    let folder: URL
    /// The weights: the same folder, or one file in it.
    let weights: URL
}
