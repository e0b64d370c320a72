public import Foundation
public import LLMJSON

/// The chat templates that a model folder brings, by name, and the special tokens that templates may write.
public struct ChatTemplateSet: Sendable {
    /// The templates' texts by name. A folder with a single template calls it `default`.
    public var texts: [String: String] = [:]
    /// `bos_token`, `eos_token` and the others that `tokenizer_config.json` names.
    public private(set) var specialTokens: [String: TemplateValue] = [:]
    /// `response_template` of `tokenizer_config.json`, which describes what the model writes.
    package private(set) var responseTemplate: JSONValue?

    /// Reads a Hugging Face folder: the template of `chat_template.jinja`, else that of `chat_template.json`, else those of
    /// `tokenizer_config.json`, which may be one text or a list of named ones. A folder without any gives an empty set.
    ///
    /// - Throws: `unreadable`, `tooLarge` or `malformedConfiguration`.
    public init(folder: URL) throws(TemplateError) {
        let configuration = folder.appending(path: "tokenizer_config.json")
        if let bytes = try BoundedFile.read(configuration, limit: Limits.configurationBytes) {
            try read(bytes, configuration)
        }
        let map = folder.appending(path: "special_tokens_map.json")
        if let bytes = try BoundedFile.read(map, limit: Limits.configurationBytes) {
            let known = specialTokens
            try read(bytes, map)
            specialTokens.merge(known) { $1 }
        }
        let json = folder.appending(path: "chat_template.json")
        if let bytes = try BoundedFile.read(json, limit: Limits.templateBytes) {
            texts = [:]
            try read(bytes, json)
        }
        let jinja = folder.appending(path: "chat_template.jinja")
        if let bytes = try BoundedFile.read(jinja, limit: Limits.templateBytes) {
            texts = ["default": try Self.text(bytes, jinja)]
        }
    }

    /// A set of one template, such as a GGUF file's, and special tokens.
    public init(_ text: String, specialTokens: [String: TemplateValue] = [:]) {
        texts = ["default": text]
        self.specialTokens = specialTokens
    }

    /// The template of a file, which takes the place of a model's own.
    ///
    /// - Throws: `notFound`, `unreadable`, `tooLarge`, or `malformedTemplate`.
    public static func template(file: URL) throws(TemplateError) -> ChatTemplate {
        guard let bytes = try BoundedFile.read(file, limit: Limits.templateBytes) else {
            throw TemplateError(.notFound, "\(file.path) is not there; name a file with a chat template")
        }
        return try ChatTemplate(try text(bytes, file))
    }

    /// The template called `name`, or, where there is none of that name, nil. Without a name: `tool_use` where there are
    /// tools and such a template, else `default`, as `transformers` chooses.
    ///
    /// - Throws: `malformedTemplate`, with line and column.
    public func template(named name: String? = nil, hasTools: Bool = false) throws(TemplateError) -> ChatTemplate? {
        let chosen = name ?? (hasTools && texts["tool_use"] != nil ? "tool_use" : "default")
        guard let text = texts[chosen] else { return nil }
        return try ChatTemplate(text)
    }

    private enum Limits {
        static let configurationBytes = 32 << 20
        static let templateBytes = 4 << 20
    }

    private static func text(_ bytes: [UInt8], _ file: URL) throws(TemplateError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw TemplateError(.malformedConfiguration, "\(file.path) is not valid UTF-8; correct it")
        }
        return text
    }

    // MARK: JSON

    private mutating func read(_ bytes: [UInt8], _ file: URL) throws(TemplateError) {
        do {
            try read(bytes)
        } catch {
            throw TemplateError(
                .malformedConfiguration, "\(file.path): \(error.message); correct it or download it again")
        }
    }

    private mutating func read(_ bytes: [UInt8]) throws(JSONError) {
        var reader = JSONReader(bytes, part: "the configuration")
        try reader.beginObject()
        while let name = try reader.nextName() {
            if name == "chat_template" {
                try readTemplates(&reader)
            } else if name == "response_template" {
                responseTemplate = try reader.value()
            } else if name.hasSuffix("_token") {
                if let token = Self.token(try reader.value()) { specialTokens[name] = .string(token) }
            } else if name == "additional_special_tokens" {
                guard case .array(let tokens) = try reader.value() else { continue }
                specialTokens[name] = .array(tokens.compactMap(Self.token).map(TemplateValue.string))
            } else {
                try reader.skipValue()
            }
        }
        try reader.finish()
    }

    private static func token(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .object(let members): members["content"].flatMap(token)
        default: nil
        }
    }

    private mutating func readTemplates(_ reader: inout JSONReader) throws(JSONError) {
        switch try reader.value() {
        case .null: break
        case .string(let text): texts = ["default": text]
        case .array(let entries):
            texts = [:]
            for entry in entries {
                guard case .object(let members) = entry, case .string(let name)? = members["name"],
                    case .string(let text)? = members["template"]
                else { throw reader.failure("an entry without 'name' and 'template'") }
                texts[name] = text
            }
        default: throw reader.failure("chat_template is neither a text nor a list of named texts")
        }
    }
}
