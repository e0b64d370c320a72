import LLMJSON

/// Why a `response_template` is not used.
package struct ResponseTemplateError: Error, Hashable {
    package let message: String
}
