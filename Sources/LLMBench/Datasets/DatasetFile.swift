import Foundation
import LLMGen
import LLMJSON

/// A file of requests, which anybody may have written: its size is bounded, and errors name the file and the line.
struct DatasetFile {
    /// Bytes that a file may have.
    static let sizeLimit = 2 << 30
    /// Tokens that a request may have, and most that may be asked for.
    static let lengthLimit = 10_000_000

    let path: String
    let bytes: [UInt8]

    /// - Throws: ``LLMGenError`` `notFound` for what is no readable file, `invalidInput` for one that is too large.
    ///
    /// - Parameter content: what the file is to have.
    init(_ path: String, of content: String = "requests") throws(LLMGenError) {
        self.path = path
        do {
            let url = URL(fileURLWithPath: path).resolvingSymlinksInPath()
            let attributes = try FileManager.default.attributesOfItem(atPath: url.path)
            guard attributes[.type] as? FileAttributeType == .typeRegular else {
                throw LLMGenError(code: .notFound, message: "'\(path)' is not a file; give a file with \(content)")
            }
            let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
            guard size <= Self.sizeLimit else {
                throw LLMGenError(
                    code: .invalidInput,
                    message: "'\(path)' has \(size) bytes, more than \(Self.sizeLimit), the limit; give a part of it")
            }
            bytes = Array(try Data(contentsOf: url))
        } catch let error as LLMGenError {
            throw error
        } catch {
            throw LLMGenError(
                code: .notFound, message: "'\(path)' cannot be read; give a file with \(content)", cause: error)
        }
    }

    /// Gives `body` the number, from 1, and the object of each line that is not blank.
    ///
    /// - Throws: ``LLMGenError`` `invalidInput` with the file and the line, or where there is no line.
    func lines(
        _ body: (Int, inout JSONFields<LLMGenError>) throws(LLMGenError) -> Void
    ) throws(LLMGenError) {
        var count = 0
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) else { continue }
            count += 1
            do throws(LLMGenError) {
                var fields = try DatasetFile.object(Array(line))
                try body(index + 1, &fields)
            } catch {
                throw LLMGenError(
                    code: .invalidInput, message: "'\(path)', line \(index + 1): \(error.message)", cause: error)
            }
        }
        guard count > 0 else {
            throw LLMGenError(code: .invalidInput, message: "'\(path)' has no line; write one JSON object a line")
        }
    }

    private static func object(_ line: [UInt8]) throws(LLMGenError) -> JSONFields<LLMGenError> {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(line, part: "the line", takesAnyText: true)
        } catch {
            throw LLMGenError(code: .invalidInput, message: "\(error.message); write a JSON object")
        }
        guard case .object(let members) = value else {
            throw LLMGenError(code: .invalidInput, message: "the line is \(value.kindName); write a JSON object")
        }
        return JSONFields(members)
    }
}

extension JSONFields<LLMGenError> {
    /// A number of tokens that has to be there.
    mutating func length(_ name: String) throws(LLMGenError) -> Int {
        guard let value = try optionalLength(name) else { throw invalid(name, "is missing; give a number of tokens") }
        return value
    }

    /// A number of tokens.
    mutating func optionalLength(_ name: String) throws(LLMGenError) -> Int? {
        guard let value = try integer(name) else { return nil }
        guard (1...DatasetFile.lengthLimit).contains(value) else {
            throw invalid(name, "is \(value); it must be from 1 to \(DatasetFile.lengthLimit)")
        }
        return value
    }
}
