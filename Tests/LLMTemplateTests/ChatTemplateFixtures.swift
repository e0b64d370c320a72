import Foundation
import LLMTestSupport
import LLMTemplate

/// What Jinja2 makes of templates: `Tests/Fixtures/jinja`, written by the scripts there.
enum ChatTemplateFixtures {
    struct Case: Sendable {
        let name: String
        let template: String
        let variables: [String: TemplateValue]
        /// Nil for an error.
        let output: String?
    }

    /// The time of `strftime_now` in the fixtures: 2026-01-02 03:04:05.
    static let clock = TemplateClock.fixed(at: Date(timeIntervalSince1970: 1_767_323_045))

    /// Small templates, one for each thing that a template can say.
    static func conformance() throws -> [Case] {
        let fixture = try read("conformance.json")
        let variables = members(fixture["variables"])
        return elements(fixture["cases"]).map { row in
            let template = row["template"]?.text ?? ""
            return Case(name: template, template: template, variables: variables, output: row["output"]?.text)
        }
    }

    /// Miniature chat templates with conversations.
    static func chats() throws -> [Case] {
        let fixture = try read("chats.json")
        let defaults: [String: TemplateValue] = [
            "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>", "tools": nil, "documents": nil,
        ]
        return elements(fixture["cases"]).map { row in
            let template = row["template"]?.text ?? ""
            let conversation = row["conversation"]?.text ?? ""
            return Case(
                name: "\(template), \(conversation)", template: fixture["templates"]?[template]?.text ?? "",
                variables: defaults.merging(members(fixture["conversations"]?[conversation])) { $1 },
                output: row["output"]?.text)
        }
    }

    private static func read(_ name: String) throws -> TemplateValue {
        try TemplateValue(json: [UInt8](Data(contentsOf: Paths.fixtures.appending(path: "jinja/\(name)"))))
    }

    private static func elements(_ value: TemplateValue?) -> [TemplateValue] {
        if case .array(let elements)? = value { elements } else { [] }
    }

    private static func members(_ value: TemplateValue?) -> [String: TemplateValue] {
        guard case .object(let members)? = value else { return [:] }
        return Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value) })
    }
}

extension TemplateValue {
    var text: String? { if case .string(let text) = self { text } else { nil } }
}

/// What `template` gives for `variables`.
func render(_ template: String, _ variables: [String: TemplateValue] = [:]) throws -> String {
    try ChatTemplate(template).render(variables: variables, clock: ChatTemplateFixtures.clock)
}
