import Foundation
import Synchronization

/// Digests by name in a file of `Tests/Fixtures/digests`: what results were when they were recorded.
///
/// With `LLMGEN_RECORD_DIGESTS` set, names without a digest are added to the file. A digest that is there is never
/// changed: take its line out by hand where a change of results is intended, and say why in the commit.
public final class RecordedDigests: Sendable {
    private let file: URL
    private let digests: Mutex<[String: String]>
    private static let records = ProcessInfo.processInfo.environment["LLMGEN_RECORD_DIGESTS"] != nil

    /// The digests of `name.json`.
    public init(_ name: String) {
        file = Paths.fixtures.appending(path: "digests/\(name).json")
        let data = (try? Data(contentsOf: file)) ?? Data("{}".utf8)
        digests = Mutex((try? JSONDecoder().decode([String: String].self, from: data)) ?? [:])
    }

    /// The digest recorded under `name`, or nil; where digests are recorded, `digest` becomes it.
    public func recorded(_ name: String, _ digest: Digest) throws -> String? {
        try digests.withLock { digests in
            if digests[name] == nil, RecordedDigests.records {
                digests[name] = "\(digest)"
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
                try (encoder.encode(digests) + Data("\n".utf8)).write(to: file)
            }
            return digests[name]
        }
    }
}
