/// The schemas of requests and answers.
extension OpenAPI {
    static let schemas: [OpenAPIFields.Field] = [
        // Requests.
        ("TokenID", ##"{"type":"integer","minimum":0,"maximum":2147483647}"##),
        (
            "Prompt",
            ##"{"description":"A text, texts, token ids, or several lists of token ids.","anyOf":["##
                + ##"{"type":"string","minLength":1},{"type":"array","minItems":1,"items":{"type":"string","minLength":1}},"##
                + ##"{"type":"array","minItems":1,"items":{"$ref":"#/components/schemas/TokenID"}},"##
                + ##"{"type":"array","minItems":1,"items":{"type":"array","minItems":1,"##
                + ##""items":{"$ref":"#/components/schemas/TokenID"}}}]}"##
        ),
        (
            "Document",
            ##"{"anyOf":[{"type":"string"},{"type":"object","required":["text"],"additionalProperties":false,"##
                + ##""properties":{"text":{"type":"string"}}}]}"##
        ),
        (
            "Message",
            ##"{"type":"object","required":["role","content"],"properties":{"role":{"type":"string"},"##
                + ##""content":{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"object","##
                + ##""required":["type","text"],"properties":{"type":{"type":"string","enum":["text"]},"##
                + ##""text":{"type":"string"}}}}]},"type":{"type":"string","enum":["message"]}}}"##
        ),
        (
            "Tool",
            ##"{"type":"object","required":["type"],"properties":{"type":{"type":"string","enum":["function","custom"]},"##
                + ##""function":{"type":"object","required":["name"],"properties":{"##
                + ##""name":{"type":"string","pattern":"^[a-zA-Z0-9_-]{1,64}$"},"description":{"type":"string"},"##
                + ##""parameters":{"type":"object","description":"A JSON schema."},"strict":{"type":"boolean"}}},"##
                + ##""custom":{"type":"object","required":["name"],"properties":{"##
                + ##""name":{"type":"string","pattern":"^[a-zA-Z0-9_-]{1,64}$"},"description":{"type":"string"},"##
                + ##""format":{"type":"object"}}}}}"##
        ),
        (
            "ToolChoice",
            ##"{"description":"Which tools may or must be called.","anyOf":["##
                + ##"{"type":"string","enum":["none","auto","required"]},"##
                + ##"{"type":"object","required":["type"],"properties":{"##
                + ##""type":{"type":"string","enum":["function","custom","allowed_tools"]},"##
                + ##""function":{"$ref":"#/components/schemas/ToolName"},"custom":{"$ref":"#/components/schemas/ToolName"},"##
                + ##""allowed_tools":{"type":"object","required":["tools"],"properties":{"##
                + ##""mode":{"type":"string","enum":["auto","required"]},"tools":{"type":"array","items":{"type":"object"}}}}}}]}"##
        ),
        ("ToolName", ##"{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}}"##),
        (
            "CompletionRequest",
            OpenAPIFields.object(
                OpenAPIFields.common + OpenAPIFields.completion + OpenAPIFields.sampling, required: ["prompt"])
        ),
        (
            "ChatRequest",
            OpenAPIFields.object(
                OpenAPIFields.common + OpenAPIFields.conversation + OpenAPIFields.chat + OpenAPIFields.sampling,
                required: ["messages"])
        ),
        (
            "ResponseRequest",
            OpenAPIFields.object(
                OpenAPIFields.common + OpenAPIFields.response + OpenAPIFields.sampling.filter { $0.name != "n" },
                required: ["input"])
        ),
        (
            "EmbeddingRequest",
            OpenAPIFields.object(OpenAPIFields.common + OpenAPIFields.embedding, required: ["input"])
        ),
        (
            "RerankRequest",
            OpenAPIFields.object(
                OpenAPIFields.common + OpenAPIFields.pairs + OpenAPIFields.rerank, required: ["query", "documents"])
        ),
        (
            "ScoreRequest",
            OpenAPIFields.object(
                OpenAPIFields.common + OpenAPIFields.pairs + OpenAPIFields.score, required: [])
        ),
        (
            "TokenizeRequest",
            OpenAPIFields.object(
                OpenAPIFields.model + OpenAPIFields.tokenize + OpenAPIFields.conversation, required: [])
        ),
        (
            "DetokenizeRequest",
            OpenAPIFields.object(OpenAPIFields.model + OpenAPIFields.detokenize, required: ["tokens"])
        ),
        // Answers.
        (
            "Error",
            ##"{"type":"object","required":["error"],"properties":{"error":{"type":"object","##
                + ##""required":["message","type","param","code"],"properties":{"message":{"type":"string"},"##
                + ##""type":{"type":"string"},"param":{"type":["string","null"]},"code":{"type":"string"}}}}}"##
        ),
        (
            "Usage",
            ##"{"type":"object","required":["prompt_tokens","total_tokens"],"properties":{"##
                + ##""prompt_tokens":{"type":"integer"},"completion_tokens":{"type":"integer"},"##
                + ##""total_tokens":{"type":"integer"}}}"##
        ),
        ("Completion", answer("text_completion", choice: ##""text":{"type":"string"}"##)),
        (
            "ChatCompletion",
            answer(
                "chat.completion",
                choice: ##""message":{"type":"object","required":["role","content"],"properties":{"##
                    + ##""role":{"type":"string"},"content":{"type":["string","null"]},"##
                    + ##""reasoning_content":{"type":"string"},"reasoning":{"type":"string"},"##
                    + ##""tool_calls":{"type":"array","items":{"type":"object","required":["id","type"]}}}}"##)
        ),
        (
            "Response",
            ##"{"type":"object","required":["id","object","status","output","usage"],"properties":{"##
                + ##""id":{"type":"string"},"object":{"type":"string","enum":["response"]},"##
                + ##""status":{"type":"string","enum":["completed","incomplete"]},"##
                + ##""output":{"type":"array","items":{"type":"object"}},"usage":{"type":"object"}}}"##
        ),
        (
            "EmbeddingList",
            ##"{"type":"object","required":["object","data","model","usage"],"properties":{"##
                + ##""object":{"type":"string","enum":["list"]},"model":{"type":"string"},"##
                + ##""usage":{"$ref":"#/components/schemas/Usage"},"data":{"type":"array","items":{"type":"object","##
                + ##""required":["object","index","embedding"],"properties":{"index":{"type":"integer"},"##
                + ##""embedding":{"anyOf":[{"type":"array","items":{"type":"number"}},{"type":"string"}]}}}}}}"##
        ),
        (
            "RankedDocuments",
            ##"{"type":"object","required":["id","model","results","usage"],"properties":{"id":{"type":"string"},"##
                + ##""model":{"type":"string"},"usage":{"$ref":"#/components/schemas/Usage"},"results":{"type":"array","##
                + ##""items":{"type":"object","required":["index","relevance_score"],"properties":{"##
                + ##""index":{"type":"integer"},"relevance_score":{"type":"number"},"##
                + ##""document":{"type":"object","required":["text"],"properties":{"text":{"type":"string"}}}}}}}}"##
        ),
        (
            "ScoreList",
            ##"{"type":"object","required":["id","object","created","model","data","usage"],"properties":{"##
                + ##""id":{"type":"string"},"object":{"type":"string","enum":["list"]},"created":{"type":"integer"},"##
                + ##""model":{"type":"string"},"usage":{"$ref":"#/components/schemas/Usage"},"data":{"type":"array","##
                + ##""items":{"type":"object","required":["index","object","score"],"properties":{"##
                + ##""index":{"type":"integer"},"object":{"type":"string"},"score":{"type":"number"}}}}}}"##
        ),
        (
            "Tokens",
            ##"{"type":"object","required":["count","max_model_len","tokens"],"properties":{"count":{"type":"integer"},"##
                + ##""max_model_len":{"type":"integer"},"tokens":{"type":"array","items":{"type":"integer"}},"##
                + ##""token_strs":{"type":"array","items":{"type":"string"}}}}"##
        ),
        (
            "DetokenizedText",
            ##"{"type":"object","required":["prompt"],"properties":{"prompt":{"type":"string"}}}"##
        ),
        (
            "Model",
            ##"{"type":"object","required":["id","object","created","owned_by"],"properties":{"id":{"type":"string"},"##
                + ##""object":{"type":"string","enum":["model"]},"created":{"type":"integer"},"##
                + ##""owned_by":{"type":"string"},"root":{"type":"string"},"##
                + ##""aliases":{"type":"array","items":{"type":"string"}},"max_model_len":{"type":["integer","null"]}}}"##
        ),
        (
            "ModelList",
            ##"{"type":"object","required":["object","data"],"properties":{"object":{"type":"string","enum":["list"]},"##
                + ##""data":{"type":"array","items":{"$ref":"#/components/schemas/Model"}}}}"##
        ),
        (
            "Status",
            ##"{"type":"object","required":["status"],"properties":{"status":{"type":"string"},"##
                + ##""reason":{"type":"string"}}}"##
        ),
        ("Version", ##"{"type":"object","required":["version"],"properties":{"version":{"type":"string"}}}"##),
        ("OpenAPI", ##"{"type":"object","required":["openapi","paths"]}"##),
    ]

    private static func answer(_ object: String, choice: String) -> String {
        ##"{"type":"object","required":["id","object","created","model","choices","usage"],"properties":{"##
            + ##""id":{"type":"string"},"object":{"type":"string","enum":["\##(object)"]},"created":{"type":"integer"},"##
            + ##""model":{"type":"string"},"usage":{"$ref":"#/components/schemas/Usage"},"##
            + ##""choices":{"type":"array","items":{"type":"object","required":["index","finish_reason"],"##
            + ##""properties":{"index":{"type":"integer"},"finish_reason":{"type":["string","null"]},"##
            + choice + "}}}}}"
    }
}
