extension ToolDialect {
    /// The dialect of a name; nil where there is none.
    public static func named(_ name: String) -> ToolDialect? { known.first { $0.name == name } }

    /// The dialects that are known, in the order in which a model's templates are tried with them.
    public static let known: [ToolDialect] = [
        ToolDialect(
            "hermes",
            calls: CallFormat(
                open: ["<tool_call>", .space], arguments: .wrapped(WrappedCall()), close: [.space, "</tool_call>"]),
            reasoning: .think),
        ToolDialect(
            "qwen3-coder",
            calls: CallFormat(
                open: ["<tool_call>", .space, "<function=", .name, ">"],
                arguments: .tagged(
                    TaggedArguments(open: ["<parameter=", .key, ">"], close: "</parameter>", isPadded: true)),
                close: [.space, "</function>", .optional([.space, "</tool_call>"])]),
            reasoning: .think),
        ToolDialect(
            "glm-4.5",
            calls: CallFormat(
                open: ["<tool_call>", .name],
                arguments: .tagged(
                    TaggedArguments(
                        open: ["<arg_key>", .key, "</arg_key>", .space, "<arg_value>"], close: "</arg_value>")),
                close: [.space, "</tool_call>"]),
            reasoning: .think),
        ToolDialect(
            "llama-3",
            calls: CallFormat(
                place: .start, sectionOpen: [.optional(["<|python_tag|>"])], separator: ";",
                arguments: .wrapped(WrappedCall(argumentKeys: ["parameters", "arguments"])))),
        ToolDialect(
            "pythonic",
            calls: CallFormat(
                place: .start, sectionOpen: [.optional(["<|python_start|>"]), "["], separator: ",",
                sectionClose: [.space, "]", .optional(["<|python_end|>"])],
                open: [.name, "("], arguments: .literals(.python))),
        ToolDialect(
            "lfm2",
            calls: CallFormat(
                sectionOpen: ["<|tool_call_start|>", .space, "["], separator: ",",
                sectionClose: [.space, "]", .space, "<|tool_call_end|>"],
                open: [.name, "("], arguments: .literals(.python)),
            reasoning: .think),
        ToolDialect(
            "mistral",
            calls: CallFormat(
                sectionOpen: ["[TOOL_CALLS]", .space, "["], separator: ",", sectionClose: [.space, "]"],
                arguments: .wrapped(WrappedCall(idKey: "id")), ids: .alphanumeric(9)),
            reasoning: .mistral),
        ToolDialect(
            "mistral-v11",
            calls: CallFormat(
                open: ["[TOOL_CALLS]", .name, .optional(["[CALL_ID]", .id]), "[ARGS]"], arguments: .json,
                ids: .alphanumeric(9)),
            reasoning: .mistral),
        ToolDialect(
            "deepseek-v3",
            calls: CallFormat(
                sectionOpen: ["<｜tool▁calls▁begin｜>"], sectionClose: ["<｜tool▁calls▁end｜>"],
                open: ["<｜tool▁call▁begin｜>function<｜tool▁sep｜>", .name, .space, "```json"], arguments: .json,
                close: [.space, "```", .space, "<｜tool▁call▁end｜>"]),
            reasoning: .think),
        ToolDialect(
            "deepseek-v3.1",
            calls: CallFormat(
                sectionOpen: ["<｜tool▁calls▁begin｜>"], sectionClose: ["<｜tool▁calls▁end｜>"],
                open: ["<｜tool▁call▁begin｜>", .name, "<｜tool▁sep｜>"], arguments: .json,
                close: [.space, "<｜tool▁call▁end｜>"]),
            reasoning: .think),
        dsml("deepseek-v3.2", section: "function_calls"),
        dsml("deepseek-v4", section: "tool_calls"),
        ToolDialect(
            "kimi-k2",
            calls: CallFormat(
                sectionOpen: ["<|tool_calls_section_begin|>"], sectionClose: ["<|tool_calls_section_end|>"],
                open: ["<|tool_call_begin|>", .numberedName, .space, "<|tool_call_argument_begin|>"],
                arguments: .json, close: [.space, "<|tool_call_end|>"], ids: .numberedName),
            reasoning: .think),
        ToolDialect(
            "kimi-k3",
            calls: CallFormat(
                sectionOpen: ["<|open|>tools<|sep|>"], sectionClose: ["<|close|>tools<|sep|>"],
                open: ["<|open|>call tool=\"", .name, "\" index=\"", .number, "\"<|sep|>"],
                arguments: .tagged(
                    TaggedArguments(
                        open: ["<|open|>argument key=\"", .key, "\" type=\"", .kind, "\"<|sep|>"],
                        close: "<|close|>argument<|sep|>", textKinds: ["string"])),
                close: [.space, "<|close|>call<|sep|>"]),
            reasoning: ReasoningFormat(open: "<|open|>think<|sep|>", close: "<|close|>think<|sep|>"),
            wrappers: [
                "<|open|>response<|sep|>", "<|close|>response<|sep|>", "<|close|>message<|sep|>", "<|end_of_msg|>",
            ]),
        ToolDialect(
            "harmony",
            calls: CallFormat(
                arguments: .json,
                close: [.space, "<|call|>"]),
            framing: MessageFraming(
                start: "<|start|>", channel: "<|channel|>", message: "<|message|>",
                ends: ["<|call|>", "<|end|>", "<|return|>"], reasoningChannels: ["analysis"],
                toolPrefix: "functions.")),
        list(
            "granite", opening: "<|tool_call|>", closing: nil, reasoning: .think,
            wrappers: ["<response>", "</response>"]),
        list("granite-3.1", opening: "<tool_call>", closing: nil),
        list("phi-4-mini", opening: "<|tool_call|>", closing: "<|/tool_call|>"),
        list("functools", opening: "functools", closing: nil),
        list("nemotron", opening: "<TOOLCALL>", closing: "</TOOLCALL>", reasoning: .think),
        list("apriel", opening: "<tool_calls>", closing: "</tool_calls>"),
        ToolDialect(
            "minimax-m1",
            calls: CallFormat(
                sectionOpen: ["<tool_calls>", .space], sectionClose: [.space, "</tool_calls>"],
                arguments: .wrapped(WrappedCall())),
            reasoning: .think),
        ToolDialect(
            "apertus",
            calls: CallFormat(
                sectionOpen: ["<|tools_prefix|>", .space, "["], separator: ",",
                sectionClose: [.space, "]", .space, "<|tools_suffix|>"], arguments: .wrapped(.nameAsKey)),
            reasoning: ReasoningFormat(open: "<|inner_prefix|>", close: "<|inner_suffix|>")),
        ToolDialect(
            "functionary-v3.1",
            calls: CallFormat(
                open: ["<function=", .name, ">"], arguments: .json, close: [.space, "</function>"])),
        ToolDialect(
            "functionary-v3.2", calls: CallFormat(open: [">>>", .name, "\n"], arguments: .json), wrappers: [">>>all\n"]),
        ToolDialect(
            "function-gemma",
            calls: CallFormat(
                open: ["<start_function_call>call:", .name, "{"],
                arguments: .literals(LiteralArguments(assignment: ":", close: "}", quote: "<escape>")),
                close: ["<end_function_call>"])),
        ToolDialect(
            "gemma-4",
            calls: CallFormat(
                open: ["<|tool_call>call:", .name, "{"],
                arguments: .literals(LiteralArguments(assignment: ":", close: "}", quote: "<|\"|>")),
                close: ["<tool_call|>"]),
            reasoning: ReasoningFormat(open: "<|channel>thought\n", close: "<channel|>")),
        ToolDialect(
            "minimax-m2",
            calls: CallFormat(
                sectionOpen: ["<minimax:tool_call>"], sectionClose: ["</minimax:tool_call>"],
                open: ["<invoke name=\"", .name, "\">"],
                arguments: .tagged(
                    TaggedArguments(open: ["<parameter name=\"", .key, "\">"], close: "</parameter>")),
                close: [.space, "</invoke>"]),
            reasoning: .think),
        ToolDialect(
            "cohere",
            calls: CallFormat(
                sectionOpen: ["<|START_ACTION|>", .space, "["], separator: ",",
                sectionClose: [.space, "]", .space, "<|END_ACTION|>"],
                arguments: .wrapped(
                    WrappedCall(
                        nameKeys: ["tool_name"], argumentKeys: ["parameters"], idKey: "tool_call_id", idIsFirst: true))),
            reasoning: .cohere,
            wrappers: ["<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>"]),
        ToolDialect(
            "command-r-plus",
            calls: CallFormat(
                sectionOpen: ["Action:", .space, "```json", .space, "["], separator: ",",
                sectionClose: [.space, "]", .space, "```"],
                arguments: .wrapped(WrappedCall(nameKeys: ["tool_name"], argumentKeys: ["parameters"])))),
        ToolDialect(
            "minicpm-5",
            calls: CallFormat(
                open: ["<function name=\"", .name, "\">"],
                arguments: .tagged(
                    TaggedArguments(
                        open: ["<param name=\"", .key, "\">"], close: "</param>",
                        textMarks: TextMarks(open: "<![CDATA[", close: "]]>"))),
                close: [.space, "</function>"]),
            reasoning: .think),
        ToolDialect(
            "seed-oss",
            calls: CallFormat(
                open: ["<seed:tool_call>", .space, "<function=", .name, ">"],
                arguments: .tagged(TaggedArguments(open: ["<parameter=", .key, ">"], close: "</parameter>")),
                close: [.space, "</function>", .space, "</seed:tool_call>"]),
            reasoning: ReasoningFormat(open: "<seed:think>", close: "</seed:think>")),
    ]

    /// DeepSeek's markup, in which an argument says itself whether it is a text.
    private static func dsml(_ name: String, section: String) -> ToolDialect {
        ToolDialect(
            name,
            calls: CallFormat(
                sectionOpen: [.literal("<｜DSML｜\(section)>")], sectionClose: [.literal("</｜DSML｜\(section)>")],
                open: ["<｜DSML｜invoke name=\"", .name, "\">"],
                arguments: .tagged(
                    TaggedArguments(
                        open: ["<｜DSML｜parameter name=\"", .key, "\" string=\"", .kind, "\">"],
                        close: "</｜DSML｜parameter>", textKinds: ["true"])),
                close: [.space, "</｜DSML｜invoke>"]),
            reasoning: .think)
    }

    /// A JSON list of calls after a mark.
    private static func list(
        _ name: String, opening: String, closing: String?, reasoning: ReasoningFormat? = nil, wrappers: [String] = []
    ) -> ToolDialect {
        let close: [Piece] = closing.map { [.space, .literal($0)] } ?? []
        return ToolDialect(
            name,
            calls: CallFormat(
                sectionOpen: [.literal(opening), .space, "["], separator: ",", sectionClose: [.space, "]"] + close,
                arguments: .wrapped(WrappedCall())),
            reasoning: reasoning, wrappers: wrappers)
    }
}

extension ReasoningFormat {
    /// `<think>…</think>`.
    public static let think = ReasoningFormat(open: "<think>", close: "</think>")
    /// `[THINK]…[/THINK]`.
    public static let mistral = ReasoningFormat(open: "[THINK]", close: "[/THINK]")
    /// `<|START_THINKING|>…<|END_THINKING|>`.
    public static let cohere = ReasoningFormat(open: "<|START_THINKING|>", close: "<|END_THINKING|>")

    /// The formats that are known.
    public static let known: [ReasoningFormat] = [
        .think, .mistral, .cohere,
        ReasoningFormat(open: "<|channel>thought\n", close: "<channel|>"),
        ReasoningFormat(open: "<|inner_prefix|>", close: "<|inner_suffix|>"),
        ReasoningFormat(open: "<|open|>think<|sep|>", close: "<|close|>think<|sep|>"),
        ReasoningFormat(open: "<seed:think>", close: "</seed:think>"),
        ReasoningFormat(open: "<mm:think>", close: "</mm:think>"),
        ReasoningFormat(open: "<think:opensource>", close: "</think:opensource>"),
        ReasoningFormat(open: "<|think|>", close: "<|end|><|begin|>assistant"),
        ReasoningFormat(open: "Here are my reasoning steps:\n", close: "[BEGIN FINAL RESPONSE]"),
    ]
}
