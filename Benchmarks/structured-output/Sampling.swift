internal import Foundation
internal import LLMGrammar
internal import LLMJSON

/// Random documents of schemas: a file of one schema a line gives a line for each, an object with the schema and either its
/// `error` or its `documents`, as texts.
enum Sampling {
    static func run(_ arguments: [String]) throws {
        let text = try Data(contentsOf: URL(fileURLWithPath: arguments[0]))
        let count = arguments.count > 1 ? Int(arguments[1]) ?? 4 : 4
        for (index, line) in text.split(separator: UInt8(ascii: "\n")).enumerated() {
            var json = JSONWriter()
            json.object { json in
                json.member("schema", String(decoding: line, as: UTF8.self))
                do throws(SchemaError) {
                    let schema = try JSONSchema(Array(line))
                    var grammar = Grammar()
                    grammar.start = schema.rule(in: &grammar)
                    var sampler = GrammarSampler(grammar, seed: UInt64(index))
                    var documents: [String] = []
                    do {
                        for _ in 0..<count {
                            if let document = try sampler.next() {
                                documents.append(String(decoding: document, as: UTF8.self))
                            }
                        }
                    } catch {
                        json.member("failure", "\(error)")
                    }
                    json.member("documents") { json in json.array { json in for each in documents { json.value(each) } }
                    }
                } catch {
                    json.member("code", error.code.rawValue)
                    json.member("error", error.description)
                }
            }
            print(String(decoding: json.bytes, as: UTF8.self))
        }
    }
}
