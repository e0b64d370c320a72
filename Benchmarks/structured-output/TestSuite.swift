internal import Foundation
internal import LLMGrammar
internal import LLMJSON

/// The JSON-Schema-Test-Suite: a folder of one version, such as `tests/draft2020-12`, with the folders within.
enum TestSuite {
    static func run(_ arguments: [String]) throws {
        let folder = URL(fileURLWithPath: arguments[0])
        var files: [URL] = []
        let entries = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        while let entry = entries?.nextObject() as? URL { if entry.pathExtension == "json" { files.append(entry) } }
        files.sort { $0.path < $1.path }
        var options = SchemaOptions()
        options.takesAnyOrder = true
        let dialect: String? =
            switch folder.lastPathComponent {
            case "draft7": "http://json-schema.org/draft-07/schema#"
            case "draft2019-09": "https://json-schema.org/draft/2019-09/schema"
            default: nil
            }
        var total = 0
        var passed = 0
        var refusedSchemas = 0
        var refused = 0
        var accepted = 0
        for file in files {
            let name = String(file.path.dropFirst(folder.path.count + 1))
            var reader = JSONReader(Array(try Data(contentsOf: file)), part: name)
            try reader.beginArray()
            while try reader.nextElement() {
                var schemaCase = try SchemaCase(&reader)
                if let dialect { schemaCase.setDialect(dialect) }
                let outcome = Outcome(schemaCase, options)
                total += schemaCase.tests.count
                passed += outcome.passed.count
                refused += outcome.refused.count
                accepted += outcome.accepted.count
                if let refusal = outcome.refusal {
                    refusedSchemas += schemaCase.tests.count - outcome.passed.count
                    print("\(name): \(schemaCase.description): \(refusal)")
                }
                if let failure = outcome.failure { print("\(name): \(schemaCase.description): failed: \(failure)") }
                for test in outcome.accepted {
                    print(
                        "\(name): \(schemaCase.description): accepted \(String(decoding: test.text, as: UTF8.self)): "
                            + test.description)
                }
                for (test, _) in outcome.refused {
                    print(
                        "\(name): \(schemaCase.description): refused \(String(decoding: test.text, as: UTF8.self)): "
                            + test.description)
                }
            }
        }
        var json = JSONWriter()
        json.object { json in
            json.member("tests", total)
            json.member("passed", passed)
            json.member("of_refused_schemas", refusedSchemas)
            json.member("valid_refused", refused)
            json.member("invalid_accepted", accepted)
        }
        print(String(decoding: json.bytes, as: UTF8.self))
    }
}
