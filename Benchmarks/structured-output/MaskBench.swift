internal import Foundation
internal import LLMGrammar
internal import LLMJSON

/// The schemas and documents of MaskBench (guidance-ai/jsonschemabench): a folder of files, one schema each.
enum MaskBench {
    static func run(_ arguments: [String]) throws {
        let folder = URL(fileURLWithPath: arguments[0])
        var options = SchemaOptions()
        options.takesAnyOrder = arguments.contains("--any-order")
        let isVerbose = arguments.contains("--verbose")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }
        var compiled = 0
        var passing = 0
        var valid = (count: 0, refused: 0)
        var invalid = (count: 0, accepted: 0)
        var reasons: [String: Int] = [:]
        var times: [Double] = []
        for file in files {
            let schemaCase: SchemaCase
            do {
                var reader = JSONReader(Array(try Data(contentsOf: file)), part: file.lastPathComponent)
                schemaCase = try SchemaCase(&reader)
            } catch {
                reasons["unreadable", default: 0] += 1
                print("\(file.lastPathComponent): unreadable: \(error)")
                continue
            }
            let outcome = Outcome(schemaCase, options)
            times.append(outcome.compileSeconds)
            valid.count += schemaCase.tests.count { $0.isValid }
            invalid.count += schemaCase.tests.count { !$0.isValid }
            if let refusal = outcome.refusal {
                reasons[outcome.code, default: 0] += 1
                print("\(file.lastPathComponent): \(refusal)")
                continue
            }
            if outcome.compileSeconds > 0.02 || outcome.checkSeconds > 1 {
                print("\(file.lastPathComponent): slow: \(outcome.compileSeconds) s and \(outcome.checkSeconds) s")
            }
            compiled += 1
            valid.refused += outcome.refused.count
            invalid.accepted += outcome.accepted.count
            if outcome.refused.isEmpty, outcome.accepted.isEmpty, outcome.failure == nil { passing += 1 }
            if let failure = outcome.failure { print("\(file.lastPathComponent): failed: \(failure)") }
            for test in outcome.accepted {
                print(
                    "\(file.lastPathComponent): accepted an invalid document: \(shown(test.text[...])) (\(test.description))"
                )
            }
            for (test, reached) in outcome.refused {
                print(
                    "\(file.lastPathComponent): refused a valid document at \(reached): \(shown(test.text[max(0, reached - 60)...]))"
                )
            }
            if isVerbose, !outcome.passed.isEmpty { print("\(file.lastPathComponent): passed \(outcome.passed.count)") }
        }
        times.sort()
        func quantile(_ share: Double) -> Double {
            times.isEmpty ? 0 : times[min(times.count - 1, Int(share * Double(times.count)))]
        }
        var json = JSONWriter()
        json.object { json in
            json.member("schemas", files.count)
            json.member("compiled", compiled)
            json.member("passing", passing)
            json.member("valid_documents", valid.count)
            json.member("valid_refused", valid.refused)
            json.member("invalid_documents", invalid.count)
            json.member("invalid_accepted", invalid.accepted)
            json.member("compile_p50_s", quantile(0.5))
            json.member("compile_p99_s", quantile(0.99))
            json.member("compile_max_s", times.last ?? 0)
            json.member("errors") { json in
                json.object { json in
                    for (reason, count) in reasons.sorted(by: { $0.key < $1.key }) { json.member(reason, count) }
                }
            }
        }
        print(String(decoding: json.bytes, as: UTF8.self))
    }

    private static func shown(_ text: ArraySlice<UInt8>) -> String { String(decoding: text.prefix(160), as: UTF8.self) }
}
