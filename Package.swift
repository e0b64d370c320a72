// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "llmgen",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "LLMGen", targets: ["LLMGen"]),
        .library(name: "LLMGenServer", targets: ["LLMGenServer"]),
        .library(name: "LLMBench", targets: ["LLMBench"]),
        .executable(name: "llmgen", targets: ["llmgen"]),
    ],
    traits: [
        .trait(name: "TLS", description: "HTTPS in LLMGenServer, over BoringSSL, which takes minutes to compile.")
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: ["FullFoundation"]),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Inner loops, and the C libraries the engine stands on.
        .target(name: "CLLMKernels"),
        .target(name: "CLLMKernelHarness", dependencies: ["CLLMKernels"]),
        .target(name: "CSentencePiece", linkerSettings: [.linkedLibrary("sentencepiece")]),
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),

        // The engine's rooms. Imports go down only; Tests/LLMGenTests/ImportTests.swift holds them to it.
        .target(
            name: "LLMJSON",
            dependencies: [.product(name: "OrderedCollections", package: "swift-collections")],
            swiftSettings: strict),
        .target(
            name: "LLMTokenizer",
            dependencies: [
                "CSentencePiece", "CPCRE2", "LLMJSON",
                .product(name: "OrderedCollections", package: "swift-collections"),
            ],
            swiftSettings: strict),
        .target(
            name: "LLMTemplate",
            dependencies: ["LLMJSON", .product(name: "OrderedCollections", package: "swift-collections")],
            swiftSettings: strict),
        .target(
            name: "LLMGrammar",
            dependencies: ["LLMJSON", .product(name: "OrderedCollections", package: "swift-collections")],
            swiftSettings: strict),
        .target(
            name: "LLMDialects",
            dependencies: [
                "LLMGrammar", "LLMTemplate", "LLMJSON",
                .product(name: "OrderedCollections", package: "swift-collections"),
            ],
            swiftSettings: strict),
        .target(
            name: "LLMScheduling",
            dependencies: [
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: strict),
        .target(name: "LLMSampling", dependencies: ["LLMJSON"], swiftSettings: strict),
        .target(
            name: "LLMTensor", dependencies: ["CLLMKernels", "COpenBLAS"], swiftSettings: strict),
        .target(name: "LLMWeights", dependencies: ["LLMTensor", "LLMJSON"], swiftSettings: strict),
        .target(
            name: "LLMModels",
            dependencies: [
                "LLMTensor", "LLMWeights", "LLMJSON",
                .product(name: "OrderedCollections", package: "swift-collections"),
            ],
            swiftSettings: strict),
        .target(
            name: "LLMGen",
            dependencies: [
                "LLMModels", "LLMWeights", "LLMTensor", "LLMScheduling", "LLMSampling", "LLMTokenizer",
                "LLMTemplate", "LLMGrammar", "LLMDialects", "LLMJSON",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
            ],
            swiftSettings: strict),
        .target(
            name: "LLMGenServer",
            dependencies: [
                "LLMGen", "LLMJSON",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird", condition: .when(traits: ["TLS"])),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "OrderedCollections", package: "swift-collections"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .target(
            name: "LLMBench",
            dependencies: [
                "LLMGen", "LLMTensor", "LLMScheduling", "LLMJSON", "CLLMKernelHarness",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "llmgen",
            dependencies: [
                "LLMGen", "LLMGenServer", "LLMBench", "LLMJSON",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict),

        .executableTarget(
            name: "story", dependencies: ["LLMGen"], path: "docs/examples/story", swiftSettings: strict),

        .executableTarget(
            name: "structured-output", dependencies: ["LLMGrammar", "LLMJSON"], path: "Benchmarks/structured-output",
            exclude: ["masks.py", "random_forms.py", "random_schemas.py"], swiftSettings: strict),

        .target(name: "LLMTestSupport", path: "Tests/LLMTestSupport", swiftSettings: strict),
        .testTarget(name: "CLLMKernelsTests", dependencies: ["CLLMKernels", "CLLMKernelHarness", "LLMTestSupport"]),
        .testTarget(name: "LLMTokenizerTests", dependencies: ["LLMTokenizer", "LLMTestSupport"]),
        .testTarget(name: "LLMTemplateTests", dependencies: ["LLMTemplate", "LLMTestSupport"]),
        .testTarget(
            name: "LLMDialectsTests",
            dependencies: ["LLMDialects", "LLMGrammar", "LLMTemplate", "LLMJSON", "LLMTestSupport"]),
        .testTarget(name: "LLMGrammarTests", dependencies: ["LLMGrammar", "LLMJSON", "LLMTestSupport"]),
        .testTarget(name: "LLMSchedulingTests", dependencies: ["LLMScheduling", "LLMTestSupport"]),
        .testTarget(name: "LLMSamplingTests", dependencies: ["LLMSampling", "LLMJSON", "LLMTestSupport"]),
        .testTarget(
            name: "LLMTensorTests", dependencies: ["LLMTensor", "LLMTestSupport"]),
        .testTarget(
            name: "LLMWeightsTests", dependencies: ["LLMWeights", "LLMTensor", "LLMJSON", "LLMTestSupport"]),
        .testTarget(
            name: "LLMModelsTests", dependencies: ["LLMModels", "LLMWeights", "LLMTensor", "LLMTestSupport"]),
        .testTarget(
            name: "LLMGenTests",
            dependencies: [
                "LLMGen", "LLMModels", "LLMTensor", "LLMScheduling", "LLMSampling", "LLMTokenizer", "LLMGrammar",
                "LLMJSON", "LLMTestSupport",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
            ]),
        .testTarget(
            name: "LLMGenServerTests",
            dependencies: [
                "LLMGenServer", "LLMGen", "LLMBench", "LLMJSON", "LLMTestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .testTarget(
            name: "LLMBenchTests",
            dependencies: [
                "LLMBench", "LLMGen", "CLLMKernelHarness", "LLMTestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .testTarget(name: "llmgenTests", dependencies: ["llmgen", "LLMTestSupport"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c17,
    cxxLanguageStandard: .cxx17
)

// What `make asan` asks for: a sanitizer in our own code, not in that of other packages.
if let sanitizer = Context.environment["LLMGEN_SANITIZE"] {
    for target in package.targets where target.type != .system {
        target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-sanitize=\(sanitizer)"])]
        target.cSettings = (target.cSettings ?? []) + [.unsafeFlags(["-fsanitize=\(sanitizer)"])]
        target.cxxSettings = (target.cxxSettings ?? []) + [.unsafeFlags(["-fsanitize=\(sanitizer)"])]
        target.linkerSettings = (target.linkerSettings ?? []) + [.unsafeFlags(["-sanitize=\(sanitizer)"])]
    }
}

// What `make check` and CI ask for; whoever builds with another compiler may meet warnings that this one has not.
if Context.environment["LLMGEN_WARNINGS"] == "error" {
    for target in package.targets where target.type != .system {
        target.swiftSettings = (target.swiftSettings ?? []) + [.treatAllWarnings(as: .error)]
        target.cSettings = (target.cSettings ?? []) + [.treatAllWarnings(as: .error)]
    }
}
