import Foundation
import LLMGen

/// A model to serve: `NAME=PATH,threads=N,kv-cache-memory=SIZE`.
struct ModelArgument: Sendable {
    let name: String
    let path: String
    private var threads: Int?
    private var memory: ByteCount?

    /// A model called by the last part of its path.
    init(path: String) throws(LLMGenError) {
        self.path = path
        name = URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
    }

    init?(argument: String) {
        // A path may have any of the signs that set the parts apart.
        if FileManager.default.fileExists(atPath: argument), let model = try? ModelArgument(path: argument) {
            self = model
            return
        }
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        var pair = parts[0].split(separator: "=", maxSplits: 1).map(String.init)
        // A name has no slash.
        if pair.first?.contains("/") == true { pair = [parts[0]] }
        guard let last = pair.last, !last.isEmpty, let model = try? ModelArgument(path: last) else { return nil }
        path = last
        name = pair.count == 2 ? pair[0] : model.name
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            switch (pair.first, pair.count == 2 ? pair[1] : "") {
            case ("threads", let text):
                guard let count = Int(text), count >= 1 else { return nil }
                threads = count
            case ("kv-cache-memory", let text):
                guard let amount = ByteCount(text) else { return nil }
                memory = amount
            default: return nil
            }
        }
    }

    /// How this one of `count` models is loaded and scheduled: what it does not say itself, it has an equal share of.
    func shares(_ settings: EngineSettings, of count: Int) -> (LoadOptions, EngineOptions) {
        var loading = settings.loading
        var scheduling = settings.scheduling()
        if let threads {
            loading.threads = threads
        } else if count > 1 {
            loading.threads = max(1, (loading.threads ?? LoadOptions.automaticThreads) / count)
        }
        if let memory {
            (scheduling.kvCacheMemory, scheduling.kvBlocks) = (memory, nil)
        } else if let all = scheduling.kvCacheMemory {
            scheduling.kvCacheMemory = ByteCount(bytes: all.bytes / count)
        }
        scheduling.memoryShare = 1 / Double(count)
        return (loading, scheduling)
    }
}

/// A further name for a model: `ALIAS=NAME`.
struct AliasArgument: Sendable {
    let alias: String
    let name: String

    init?(argument: String) {
        let pair = argument.split(separator: "=", maxSplits: 1).map(String.init)
        guard pair.count == 2 else { return nil }
        (alias, name) = (pair[0], pair[1])
    }
}

extension ArgumentKind<ModelArgument> {
    static let model = ArgumentKind(
        expected: "PATH or NAME=PATH, with ,threads=N and ,kv-cache-memory=SIZE after it where they are wanted",
        parse: { ModelArgument(argument: $0) }, describe: \.name)
}

extension ArgumentKind<AliasArgument> {
    static let alias = ArgumentKind(
        expected: "ALIAS=NAME", parse: { AliasArgument(argument: $0) }, describe: { "\($0.alias)=\($0.name)" })
}
