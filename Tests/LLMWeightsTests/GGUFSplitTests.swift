import Foundation
import LLMTestSupport
import LLMWeights
import Testing

/// A model in two GGUF files; see `Tests/Fixtures/models/make_gguf.py`.
@Suite struct GGUFSplitTests {
    private static let names = (1...2).map { "llama-tied-bf16-split-0000\($0)-of-00002.gguf" }
    private static let folder = Paths.fixtures.appending(path: "models/gguf")

    @Test(arguments: names)
    func `The parts together have the tensors of the whole file`(name: String) throws {
        let file = try GGUFFile(path: Self.folder.appending(path: name).path)
        let whole = try GGUFFile(path: Self.folder.appending(path: "llama-tied-bf16-bf16.gguf").path)
        #expect(file.files.count == 2 && file.names == whole.names && file.byteCount == whole.byteCount)
        for name in whole.names {
            #expect(try file.tensor(named: name).floats() == whole.tensor(named: name).floats(), "\(name)")
        }
        #expect(try file.metadata.string("general.architecture") == "llama")
        #expect(file.info(named: "none") == nil)
    }

    /// Calls `body` with a folder of the parts under names of their own.
    private func withParts(_ parts: [(from: Int, to: String)], _ body: (URL) throws -> Void) throws {
        try Paths.withTemporaryFolder { folder in
            for part in parts {
                try FileManager.default.copyItem(
                    at: Self.folder.appending(path: Self.names[part.from]), to: folder.appending(path: part.to))
            }
            try body(folder)
        }
    }

    @Test func `A part that is missing, renamed or another is an error that says so`() throws {
        let cases: [(parts: [(from: Int, to: String)], words: String)] = [
            ([(0, "m-00001-of-00002.gguf")], "m-00002-of-00002.gguf"),
            ([(0, "m.gguf"), (1, "m-00002-of-00002.gguf")], "must end in '-00001-of-00002.gguf'"),
            ([(0, "m-00001-of-00002.gguf"), (0, "m-00002-of-00002.gguf")], "'split.no' is 0; it must be 1"),
        ]
        for (parts, words) in cases {
            try withParts(parts) { folder in
                let path = folder.appending(path: parts[0].to).path
                let error = try #require(throws: WeightsError.self) { try GGUFFile(path: path) }
                #expect(error.message.contains(words), "\(error.message)")
            }
        }
    }
}
