import Foundation
import LLMTestSupport
import Testing

/// The house's picture in docs/architecture.md: imports go down only.
@Suite struct ImportTests {
    /// What each target may import besides the system's modules.
    static let allowed: [String: Set<String>] = [
        "LLMJSON": ["OrderedCollections"],
        "LLMTokenizer": ["CSentencePiece", "CPCRE2", "LLMJSON", "OrderedCollections"],
        "LLMTemplate": ["LLMJSON", "OrderedCollections"],
        "LLMDialects": ["LLMGrammar", "LLMTemplate", "LLMJSON", "OrderedCollections"],
        "LLMGrammar": ["LLMJSON", "OrderedCollections"],
        "LLMScheduling": ["DequeModule", "HeapModule"],
        "LLMSampling": ["LLMJSON"],
        "LLMTensor": ["CLLMKernels", "COpenBLAS"],
        "LLMWeights": ["LLMTensor", "LLMJSON"],
        "LLMModels": ["LLMTensor", "LLMWeights", "LLMJSON", "OrderedCollections"],
        "LLMGen": [
            "LLMModels", "LLMWeights", "LLMTensor", "LLMScheduling", "LLMSampling", "LLMTokenizer", "LLMTemplate",
            "LLMGrammar", "LLMDialects", "LLMJSON", "Logging", "CoreMetrics",
        ],
        "LLMGenServer": [
            "LLMGen", "LLMJSON", "HTTPTypes", "Hummingbird", "HummingbirdCore", "HummingbirdTLS", "Logging", "NIOCore",
            "NIOHTTPTypes", "NIOPosix", "OrderedCollections", "ServiceLifecycle", "UnixSignals",
        ],
        "LLMBench": [
            "LLMGen", "LLMTensor", "LLMScheduling", "LLMJSON", "CLLMKernelHarness", "NIOCore", "NIOPosix",
        ],
        "llmgen": ["LLMGenServer", "LLMGen", "LLMBench", "LLMJSON", "ArgumentParser", "Logging", "Yams"],
    ]

    static let system: Set<String> = ["Foundation", "Glibc", "Dispatch", "Synchronization"]

    @Test(arguments: allowed.keys.sorted())
    func `A target imports only what the picture allows`(target: String) throws {
        let folder = Paths.root.appending(path: "Sources/\(target)")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var count = 0
        for case let file as URL in files where file.pathExtension == "swift" {
            count += 1
            for module in try imports(of: file) {
                let isAllowed = ImportTests.system.contains(module) || ImportTests.allowed[target]!.contains(module)
                #expect(isAllowed, "\(file.lastPathComponent) imports \(module)")
            }
        }
        #expect(count > 0)
    }

    @Test func `Every target of the package is in the picture`() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Paths.root.appending(path: "Sources").path)
        #expect(Set(folders.filter { !$0.hasPrefix("C") }) == Set(ImportTests.allowed.keys))
    }

    @Test func `Unsafe pointers stay where law 7 puts them`() throws {
        let homes: [String: (String) -> Bool] = [
            "LLMTensor": { _ in true },
            "LLMBench": { $0 == "MachineLimits.swift" },
            "LLMWeights": { $0 == "MappedFile.swift" },
            "LLMTokenizer": { $0.contains("SentencePiece") || $0 == "PCRE2Pattern.swift" },
        ]
        for target in ImportTests.allowed.keys {
            let folder = Paths.root.appending(path: "Sources/\(target)")
            let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
            for case let file as URL in files where file.pathExtension == "swift" {
                let text = try String(contentsOf: file, encoding: .utf8)
                let isHome = homes[target]?(file.lastPathComponent) ?? false
                #expect(isHome || !text.contains(/Unsafe(Mutable)?(Raw)?(Buffer)?Pointer/), "\(file.lastPathComponent)")
            }
        }
    }

    private func imports(of file: URL) throws -> [String] {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
            line.wholeMatch(
                of: /\s*(?:@\w+ )?(?:(?:public|package|internal|private|fileprivate) )?import (?:\w+ )?(\w+).*/
            )
            .map { String($0.1) }
        }
    }
}
