package import LLMJSON

/// The members of a request's JSON object.
package typealias RequestFields = JSONFields<ErrorResponse>

extension ErrorResponse: JSONFieldFailure {
    package init(field: String, message: String, code: String) {
        self.init(status: 400, code: code, message: message, param: field)
    }
}

extension JSONFields<ErrorResponse> {
    /// Reads a body.
    ///
    /// - Throws: 400 for what is no JSON object; JSON that nests too deep, is not UTF-8 or names a member twice is none.
    package init(_ body: [UInt8]) throws(ErrorResponse) {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(body, part: "the body", takesAnyText: true)
        } catch {
            throw ErrorResponse(status: 400, code: "invalid_json", message: "\(error.message); correct the body")
        }
        guard case .object(let members) = value else {
            throw ErrorResponse(
                status: 400, code: "invalid_json", message: "the body is \(value.kindName); send a JSON object")
        }
        self.init(members)
    }
}
