internal import Foundation
internal import LLMGrammar
internal import LLMJSON

/// Times of masks on documents that `masks.py` has made tokens of: `structured-output masks VOCABULARY DOCUMENTS`. Each
/// document is followed token by token, mask and step, as far as it is allowed.
enum Masks {
    static func run(_ arguments: [String]) throws {
        let vocabulary = try vocabulary(arguments[0])
        let end = vocabulary.endTokens[0]
        var masks: [Double] = []
        var firsts: [Double] = []
        var again: [Double] = []
        var (refused, failed, wrong) = (0, 0, 0)
        var slow: [(microseconds: Double, name: String)] = []
        var mask = TokenMask(count: vocabulary.count)
        for line in try String(contentsOfFile: arguments[1], encoding: .utf8).split(separator: "\n") {
            var reader = JSONReader(Array(line.utf8), part: "a line")
            let found = try documents(&reader)
            let clock = ContinuousClock()
            func time(_ work: () throws -> Void) rethrows -> Double {
                let duration = try clock.measure(work)
                return Double(duration.components.attoseconds) * 1e-12 + Double(duration.components.seconds) * 1e6
            }
            var compiled: CompiledGrammar?
            let first = try time {
                do {
                    var grammar = Grammar()
                    grammar.start = try JSONSchema(found.schema).rule(in: &grammar)
                    let new = try CompiledGrammar(grammar, vocabulary: vocabulary)
                    var matcher = try GrammarMatcher(new)
                    _ = try matcher.mask(into: &mask)
                    compiled = new
                } catch is SchemaError {
                    refused += 1
                }
            }
            guard let compiled else { continue }
            firsts.append(first)
            for turn in 0..<2 {
                for document in found.documents {
                    do {
                        var matcher = try GrammarMatcher(compiled)
                        var isAllowed = true
                        for token in document.tokens + [end] {
                            let spent = try time {
                                _ = try matcher.mask(into: &mask)
                                isAllowed = mask.contains(token)
                                if isAllowed { try matcher.accept(token) }
                            }
                            if turn == 0 { masks.append(spent) } else { again.append(spent) }
                            if turn == 0, spent > 1000 { slow.append((spent, found.name)) }
                            if !isAllowed { break }
                        }
                        if turn == 0, isAllowed != document.isValid {
                            wrong += 1
                            if !document.isValid { print("\(found.name): accepted an invalid document") }
                        }
                    } catch {
                        if turn == 0 { failed += 1 }
                        print("\(found.name): \(error)")
                    }
                }
            }
        }
        for each in slow.sorted(by: { $0.microseconds > $1.microseconds }).prefix(10) {
            print("slow: \(each.name), \(rounded(each.microseconds)) µs")
        }
        var json = JSONWriter()
        json.object { json in
            json.member("engine", "llmgen")
            json.member("schemas", firsts.count)
            json.member("refused", refused)
            json.member("failed", failed)
            json.member("judged_otherwise", wrong)
            for (name, values) in [("mask", masks), ("again", again), ("first", firsts)] where !values.isEmpty {
                let sorted = values.sorted()
                json.member("\(name)s", sorted.count)
                json.member("\(name)_us", rounded(sorted.reduce(0, +) / Double(sorted.count)))
                for (label, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)] {
                    let place = min(sorted.count - 1, Int(share * Double(sorted.count)))
                    json.member("\(name)_\(label)_us", rounded(sorted[place]))
                }
                json.member("\(name)_max_us", rounded(sorted[sorted.count - 1]))
            }
        }
        print(String(decoding: json.bytes, as: UTF8.self))
    }

    private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }

    /// A vocabulary in tiktoken's form, and two special tokens behind it.
    private static func vocabulary(_ path: String) throws -> TokenVocabulary {
        var tokens: [[UInt8]] = []
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
            let cells = line.split(separator: " ")
            guard cells.count == 2, let bytes = Data(base64Encoded: String(cells[0])) else { continue }
            tokens.append(Array(bytes))
        }
        let begin = Int32(tokens.count)
        return try TokenVocabulary(
            tokens: tokens + [[], []], special: ["<|begin_of_text|>": begin, "<|end_of_text|>": begin + 1],
            endTokens: [begin + 1])
    }

    private struct Found {
        var name = ""
        var schema: [UInt8] = []
        var documents: [(isValid: Bool, tokens: [Int32])] = []
    }

    private static func documents(_ reader: inout JSONReader) throws -> Found {
        guard case .object(let members) = try reader.value(takesAnyText: true) else { return Found() }
        var found = Found()
        if case .string(let name)? = members["name"] { found.name = name }
        if case .array(let documents)? = members["documents"] {
            for case .object(let document) in documents {
                guard case .flag(let isValid)? = document["valid"], case .array(let tokens)? = document["tokens"] else {
                    continue
                }
                let ids = tokens.compactMap { token -> Int32? in
                    if case .integer(let id) = token { Int32(id) } else { nil }
                }
                found.documents.append((isValid, ids))
            }
        }
        if let schema = members["schema"] {
            var writer = JSONWriter()
            writer.value(schema)
            found.schema = writer.bytes
        }
        return found
    }
}
