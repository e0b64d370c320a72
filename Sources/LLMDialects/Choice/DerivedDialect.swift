import LLMJSON
import LLMTemplate
enum DerivedDialect {
    static func derive(from template: ChatTemplate) -> ToolDialect? { nil }
}
extension ToolDialect {
    init(responseTemplate: JSONValue) throws(ResponseTemplateError) { throw ResponseTemplateError(message: "") }
}
