import LLMGen

/// The fields of requests, each with its JSON schema: what `/openapi.json` tells and the routes take.
enum OpenAPIFields {
    typealias Field = (name: String, schema: String)

    /// How tokens are chosen; all routes that generate.
    static let sampling: [Field] = SamplingParameters.all.filter { !SamplingFields.ofRoutes.contains($0.name) }
        .map { ($0.name, $0.schema) }

    /// Who asks for what model, and how; every route that computes.
    static let common: [Field] =
        [
            ("model", ##"{"type":"string","description":"A model's name or alias; the first model unless given."}"##),
            ("request_id", ##"{"type":"string"}"##),
            ("priority", ##"{"type":"integer","description":"Lower is served first under the policy priority."}"##),
            ("timeout", ##"{"type":"number","exclusiveMinimum":0,"description":"Seconds."}"##),
            ("cache_salt", ##"{"type":"string","description":"Prefixes are shared within one salt only."}"##),
            ("stream", ##"{"type":"boolean"}"##),
            (
                "stream_options",
                ##"{"type":"object","additionalProperties":false,"properties":{"include_usage":{"type":"boolean"},"##
                    + ##""continuous_usage_stats":{"type":"boolean"},"include_obfuscation":{"type":"boolean"}}}"##
            ),
            ("return_token_ids", ##"{"type":"boolean"}"##),
            ("return_tokens_as_token_ids", ##"{"type":"boolean"}"##),
            ("store", ##"{"type":"boolean","enum":[false]}"##),
        ]
        + ["user", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "session_id"]
        .map { ($0, ##"{"type":"string","description":"Ignored."}"##) }
        + [("metadata", ##"{"type":"object","description":"Ignored."}"##)]

    /// `/v1/completions` besides.
    static let completion: [Field] = [
        ("prompt", ##"{"$ref":"#/components/schemas/Prompt"}"##),
        ("max_tokens", ##"{"type":"integer","minimum":0,"description":"16 unless given; 0 with echo only."}"##),
        ("logprobs", ##"{"type":"integer","minimum":0,"maximum":20}"##),
        ("prompt_logprobs", ##"{"type":"integer","minimum":0,"maximum":20}"##),
        ("echo", ##"{"type":"boolean"}"##),
        ("suffix", ##"{"type":"string","enum":[""]}"##),
        ("best_of", ##"{"type":"integer","minimum":1,"description":"The same as n."}"##),
        ("add_special_tokens", ##"{"type":"boolean"}"##),
        ("response_format", responseFormat), ("structured_outputs", structuredOutputs),
        ("use_beam_search", ##"{"type":"boolean"}"##),
        ("length_penalty", ##"{"type":"number","minimum":-10,"maximum":10}"##),
    ]

    /// A conversation.
    static let conversation: [Field] = [
        ("messages", ##"{"type":"array","minItems":1,"items":{"$ref":"#/components/schemas/Message"}}"##),
        ("tools", ##"{"type":"array","items":{"$ref":"#/components/schemas/Tool"}}"##),
        ("tool_choice", ##"{"$ref":"#/components/schemas/ToolChoice"}"##),
        (
            "parallel_tool_calls",
            ##"{"type":"boolean","description":"Whether there may be several calls; true unless given."}"##
        ),
        ("documents", ##"{"type":"array","items":{"type":"object"}}"##),
        ("add_generation_prompt", ##"{"type":"boolean"}"##),
        ("continue_final_message", ##"{"type":"boolean"}"##),
        ("add_special_tokens", ##"{"type":"boolean"}"##),
        ("chat_template_kwargs", ##"{"type":"object"}"##),
        ("reasoning_effort", ##"{"type":"string"}"##),
    ]

    /// `/v1/chat/completions` besides.
    static let chat: [Field] = [
        ("max_completion_tokens", ##"{"type":"integer","minimum":1,"description":"As many as fit, unless given."}"##),
        ("max_tokens", ##"{"type":"integer","minimum":1,"description":"The older name of max_completion_tokens."}"##),
        ("logprobs", ##"{"type":"boolean"}"##),
        ("top_logprobs", ##"{"type":"integer","minimum":0,"maximum":20}"##),
        ("prompt_logprobs", ##"{"type":"integer","minimum":0,"maximum":20}"##),
        (
            "thinking_token_budget",
            ##"{"type":"integer","minimum":0,"description":"Tokens of reasoning at most, for models that write it between marks."}"##
        ),
        ("echo", ##"{"type":"boolean","enum":[false]}"##),
        ("modalities", ##"{"type":"array","items":{"type":"string","enum":["text"]},"minItems":1,"maxItems":1}"##),
        ("verbosity", ##"{"type":"string","description":"Ignored."}"##),
        ("prediction", ##"{"type":"object","description":"Ignored."}"##),
        ("functions", ##"{"type":"array","maxItems":0}"##), ("function_call", ##"{"type":"string","enum":["none"]}"##),
        ("response_format", responseFormat), ("structured_outputs", structuredOutputs),
        ("use_beam_search", ##"{"type":"boolean"}"##),
        ("length_penalty", ##"{"type":"number","minimum":-10,"maximum":10}"##),
    ]

    /// `/v1/responses` besides.
    static let response: [Field] = [
        (
            "input",
            ##"{"anyOf":[{"type":"string","minLength":1},"##
                + ##"{"type":"array","minItems":1,"items":{"$ref":"#/components/schemas/Message"}}]}"##
        ),
        ("instructions", ##"{"type":"string"}"##),
        ("max_output_tokens", ##"{"type":"integer","minimum":1}"##),
        (
            "include",
            ##"{"type":"array","items":{"type":"string","enum":["message.output_text.logprobs","##
                + ##""reasoning.encrypted_content"]}}"##
        ),
        ("top_logprobs", ##"{"type":"integer","minimum":0,"maximum":20}"##),
        ("background", ##"{"type":"boolean","enum":[false]}"##),
        ("tools", ##"{"type":"array","maxItems":0}"##),
        ("tool_choice", ##"{"type":"string","enum":["auto","none"]}"##),
        ("truncation", ##"{"type":"string","enum":["disabled"]}"##),
        ("parallel_tool_calls", ##"{"type":"boolean","description":"Ignored."}"##),
        ("reasoning", ##"{"type":"object","description":"Ignored."}"##),
        (
            "text",
            ##"{"type":"object","additionalProperties":false,"properties":{"verbosity":{"type":"string"},"format":"##
                + textFormat + "}}"
        ), ("structured_outputs", structuredOutputs),
    ]

    /// `/v1/embeddings` besides.
    static let embedding: [Field] = [
        ("input", ##"{"$ref":"#/components/schemas/Prompt"}"##),
        ("encoding_format", ##"{"type":"string","enum":["float","base64"]}"##),
        (
            "dimensions",
            ##"{"type":"integer","minimum":1,"description":"At most the model's own width, the default."}"##
        ),
        (
            "pooling",
            ##"{"type":"string","enum":["##
                + Pooling.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ",") + "]}"
        ),
        ("normalize", ##"{"type":"boolean"}"##),
        ("prompt_name", ##"{"type":"string","description":"A prompt of the model, which is put before texts."}"##),
        ("prompt", ##"{"type":"string","description":"What is put before texts, in its place."}"##),
        ("truncate_prompt_tokens", truncation),
    ]

    /// Routes that score pairs of texts besides.
    static let pairs: [Field] = [
        (
            "instruction",
            ##"{"type":"string","description":"What makes a document relevant, for models that are told."}"##
        ),
        ("use_activation", ##"{"type":"boolean"}"##), ("truncate_prompt_tokens", truncation),
    ]

    /// `/v1/rerank` besides.
    static let rerank: [Field] = [
        ("query", documents(atLeast: 1, atMost: 1)), ("documents", documents(atLeast: 1)),
        ("top_n", ##"{"type":"integer","minimum":0,"description":"0 for all."}"##),
        ("return_documents", ##"{"type":"boolean"}"##),
    ]

    /// `/v1/score` besides.
    static let score: [Field] = ["text_1", "text_2", "queries", "documents", "items", "data_1", "data_2"].map {
        ($0, documents(atLeast: 1))
    }

    private static let truncation = ##"{"type":"integer","minimum":-1,"description":"-1 for as many as fit."}"##

    private static func documents(atLeast least: Int, atMost most: Int? = nil) -> String {
        let document = ##"{"$ref":"#/components/schemas/Document"}"##
        let bound = most.map { ##","maxItems":\##($0)"## } ?? ""
        return ##"{"anyOf":[\##(document),{"type":"array","minItems":\##(least)\##(bound),"items":\##(document)}]}"##
    }

    /// `/tokenize` besides.
    static let tokenize: [Field] = [
        ("prompt", ##"{"type":"string","minLength":1}"##), ("return_token_strs", ##"{"type":"boolean"}"##),
    ]

    /// `/detokenize`.
    static let detokenize: [Field] = [
        ("tokens", ##"{"type":"array","items":{"$ref":"#/components/schemas/TokenID"}}"##)
    ]

    /// The model's name alone.
    static let model: [Field] = Array(common.prefix(1))

    /// The format of an answer where the members of a schema stand beside the type, and where they stand in a member.
    private static let textFormat = format(
        ##"{"type":"object","required":["type","name","schema"],"additionalProperties":false,"properties":{"##
            + ##""type":{"type":"string","enum":["json_schema"]},\##(schemaMembers)}}"##)
    private static let responseFormat = format(
        ##"{"type":"object","required":["type","json_schema"],"additionalProperties":false,"##
            + ##""properties":{"type":{"type":"string","enum":["json_schema"]},"json_schema":{"type":"object","##
            + ##""required":["name","schema"],"additionalProperties":false,"properties":{\##(schemaMembers)}}}}"##)

    private static let schemaMembers =
        ##""name":{"type":"string","pattern":"^[a-zA-Z0-9_-]{1,64}$"},"description":{"type":"string"},"##
        + ##""schema":{"type":"object","description":"A JSON schema."},"strict":{"type":"boolean"}"##

    private static func format(_ schema: String) -> String {
        ##"{"anyOf":[{"type":"object","required":["type"],"additionalProperties":false,"##
            + ##""properties":{"type":{"type":"string","enum":["text","json_object"]}}},"##
            + ##"{"type":"object","required":["type"],"properties":{"type":{"type":"string","enum":["structural_tag"]}}},"##
            + ##"\##(schema)]}"##
    }

    private static let structuredOutputs =
        ##"{"type":"object","additionalProperties":false,"description":"Exactly one of json, regex, choice, grammar, structural_tag, json_object.","##
        + ##""properties":{"json":{"anyOf":[{"type":"object"},{"type":"string"},{"type":"boolean"}]},"##
        + ##""regex":{"type":"string"},"grammar":{"type":"string"},"##
        + ##""structural_tag":{"anyOf":[{"type":"object"},{"type":"string"}]},"##
        + ##""choice":{"type":"array","minItems":1,"items":{"type":"string"}},"##
        + ##""json_object":{"type":"boolean","enum":[true]},"disable_any_whitespace":{"type":"boolean"},"##
        + ##""disable_additional_properties":{"type":"boolean"},"any_order":{"type":"boolean"},"lenient":{"type":"boolean"},"##
        + ##""whitespace_pattern":{"type":"string"}}}"##

    /// An object of fields.
    static func object(_ fields: [Field], required: [String]) -> String {
        var names: Set<String> = []
        let properties = fields.filter { names.insert($0.name).inserted }.map { "\"\($0.name)\":\($0.schema)" }
        let needed =
            required.isEmpty ? "" : ##""required":["## + required.map { "\"\($0)\"" }.joined(separator: ",") + "],"
        return ##"{"type":"object",\##(needed)"additionalProperties":false,"properties":{"##
            + properties.joined(separator: ",") + "}}"
    }
}
