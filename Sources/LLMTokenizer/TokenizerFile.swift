public import Foundation

/// Finds and loads the tokenizer of a model.
public enum TokenizerFile {
    /// The files that a folder's tokenizer may be in. Where there are several the first counts, as it does for the
    /// fast tokenizers of `transformers`.
    public static let names = ["tokenizer.json", "tokenizer.model", vocabulary]

    /// BERT's, which has a token a line.
    private static let vocabulary = "vocab.txt"

    /// The name of the tokenizer's file in `folder`; nil where there is none.
    public static func name(in folder: URL) -> String? {
        names.first { FileManager.default.fileExists(atPath: folder.appending(path: $0).path) }
    }

    /// Loads the tokenizer of a folder, or a file: one called `vocab.txt` is BERT's, one that begins with `{` a
    /// `tokenizer.json`, any other a SentencePiece model. `tokenizer_config.json` and `added_tokens.json` beside it are read too.
    ///
    /// - Throws: `TokenizerError`, which names the file and what is wrong with it; `notFound` where there is no
    ///   tokenizer.
    public static func load(_ url: URL) throws(TokenizerError) -> any Tokenizer {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw TokenizerError(.notFound, "\(url.path) does not exist; name a model folder or a tokenizer file")
        }
        var file = url
        if isFolder.boolValue {
            guard let name = name(in: url) else {
                throw TokenizerError(
                    .notFound,
                    "\(url.path) has no \(names.joined(separator: " and no ")); name a model folder with a tokenizer")
            }
            file = url.appending(path: name)
        }
        if file.lastPathComponent == vocabulary { return try PipelineTokenizer(vocabulary: file) }
        if try BoundedFile.firstByte(file) == UInt8(ascii: "{") { return try PipelineTokenizer(file: file) }
        return try SentencePieceTokenizer(file: file)
    }
}
