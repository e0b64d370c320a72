"""Conversations for chat templates, each with the variables that a caller may set."""

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather", "description": "The weather in a place.",
        "parameters": {
            "type": "object",
            "properties": {
                "place": {"type": "string", "description": "A town, as in \"Zürich\""},
                "unit": {"type": "string", "enum": ["C", "F"], "default": "C"},
                "days": {"type": "integer", "nullable": True},
            },
            "required": ["place"],
        },
        "return": {"type": "string"},
    },
}
SEARCH = {
    "type": "function",
    "function": {
        "name": "search", "description": "Finds pages.",
        "parameters": {
            "type": "object",
            "properties": {
                "query": {"type": "array", "items": {"type": "string"}},
                "filter": {"oneOf": [{"type": "string"}, {"type": "object", "properties": {"a": {"type": "number"}}}]},
                "range": {"type": "object", "properties": {"from": {"type": "number"}, "to": {"type": ["number", "string"]}}, "required": ["from"]},
                "exact": {"type": "boolean", "default": False},
            },
        },
    },
}
NOW = {"type": "function", "function": {"name": "now", "description": "The time.", "parameters": {"type": "object", "properties": {}}}}


def system(text="You are a helpful assistant."): return {"role": "system", "content": text}
def user(text="Hi"): return {"role": "user", "content": text}
def assistant(text="Hello.", **more): return {"role": "assistant", "content": text, **more}
def tool(content, id="abc123xyz", name="get_weather"): return {"role": "tool", "content": content, "tool_call_id": id, "name": name}


def call(name="get_weather", arguments=None, id="abc123xyz"):
    return {"id": id, "type": "function", "function": {"name": name, "arguments": {"place": "Bern"} if arguments is None else arguments}}


def calls(*which, content="", **more): return {"role": "assistant", "content": content, "tool_calls": list(which), **more}


ASK = [system(), user("Weather in Zürich?"), calls(call()), tool("{\"t\": 21.5}"), assistant("21.5 degrees.")]

CONVERSATIONS = {
    "one turn": {"messages": [user()]},
    "system": {"messages": [system(), user()]},
    "several turns": {"messages": [system(), user("One"), assistant("1"), user("Two"), assistant("2"), user("Three?")]},
    "several turns, no system": {"messages": [user("One"), assistant("1"), user("Two")]},
    "no generation prompt": {"messages": [user(), assistant()], "add_generation_prompt": False},
    "no generation prompt, system": {"messages": [system(), user(), assistant(), user("Bye"), assistant("Bye.")], "add_generation_prompt": False},
    "empty content": {"messages": [system(""), user(""), assistant(""), user("x")]},
    "null content": {"messages": [user(), {"role": "assistant", "content": None}, user("x")]},
    "no content": {"messages": [user(), {"role": "assistant"}, user("x")]},
    "white space": {"messages": [system("  \n s \n"), user("\n\n a \t"), assistant(" b \n\n"), user("  ")]},
    "unicode": {"messages": [system("Ääkköset, 日本語, العربية"), user("👩‍👩‍👧‍👦 e\u0301 \u200b ﬁ ß İ"), assistant("नमस्ते 🏳️‍🌈"), user("𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0001F1E8\U0001F1ED")]},
    "markup": {"messages": [user("<b>&amp;</b> \"quoted\" 'it' \\n {{ x }} {% y %} <|im_end|> </s>"), assistant("`a` | b"), user("\r\n\t\x0b end")]},
    "content as parts": {"messages": [user([{"type": "text", "text": "Look: "}, {"type": "image"}, {"type": "text", "text": "what?"}])]},
    "content as parts, all": {"messages": [system([{"type": "text", "text": "S"}]), user([{"type": "text", "text": "U"}]), assistant([{"type": "text", "text": "A"}]), user([{"type": "text", "text": "V"}])]},
    "tools": {"messages": [system(), user("Weather?")], "tools": [WEATHER]},
    "tools, no system": {"messages": [user("Weather?")], "tools": [WEATHER, SEARCH, NOW]},
    "tools, several turns": {"messages": [user("Hi"), assistant("Hello"), user("Weather?")], "tools": [WEATHER, NOW]},
    "no tools": {"messages": [user("Weather?")], "tools": []},
    "tool call": {"messages": ASK[:3], "tools": [WEATHER], "add_generation_prompt": False},
    "tool result": {"messages": ASK[:4], "tools": [WEATHER]},
    "tool answer": {"messages": ASK + [user("And tomorrow?")], "tools": [WEATHER]},
    "tool call, no system": {"messages": ASK[1:4], "tools": [WEATHER, SEARCH]},
    "tool call with content": {"messages": [user("W?"), calls(call(), content="Let me see."), tool("21")], "tools": [WEATHER]},
    "tool call with null content": {"messages": [user("W?"), calls(call(), content=None), tool("21"), assistant("21")], "tools": [WEATHER]},
    "two tool calls": {"messages": [user("W?"), calls(call(), call("now", {}, "def456uvw")), tool("21"), tool("noon", "def456uvw", "now")], "tools": [WEATHER, NOW]},
    "arguments as text": {"messages": [user("W?"), calls(call(arguments="{\"place\": \"Bern\"}")), tool("21")], "tools": [WEATHER]},
    "arguments of all kinds": {"messages": [user("W?"), calls(call("search", {"query": ["a", "é"], "n": 1, "f": 1.0, "none": None, "t": True, "o": {"x": []}})), tool("ok", name="search"), assistant("Done.")], "tools": [SEARCH]},
    "tool result as object": {"messages": ASK[:3] + [tool({"t": 21.5, "sky": ["blue", None]})], "tools": [WEATHER]},
    "tool result as list": {"messages": ASK[:3] + [tool([{"type": "text", "text": "21"}])], "tools": [WEATHER]},
    "tool result without call": {"messages": [user(), tool("21")], "tools": [WEATHER]},
    "tool results in turns": {"messages": ASK + [user("Bern?"), calls(call()), tool("19"), assistant("19"), user("ok")], "tools": [WEATHER]},
    "bad call id": {"messages": [user("W?"), calls(call(id="1")), tool("21", "1")], "tools": [WEATHER]},
    "tools in user message": {"messages": ASK[:2], "tools": [WEATHER], "tools_in_user_message": False},
    "builtin tools": {"messages": [user("2+2?")], "builtin_tools": ["brave_search", "code_interpreter"]},
    "builtin browser and python": {"messages": [user("2+2?")], "builtin_tools": ["browser", "python"], "reasoning_effort": "high", "model_identity": "You are a test."},
    "thinking on": {"messages": [system(), user("Think.")], "enable_thinking": True, "thinking": True},
    "thinking off": {"messages": [system(), user("Do not.")], "enable_thinking": False, "thinking": False},
    "thinking off, no system": {"messages": [user("Do not.")], "enable_thinking": False},
    "thinking in content": {"messages": [user("1+1?"), assistant("<think>\nAdd.\n</think>\n\n2"), user("2+2?"), assistant("<think>Add again.</think>4")], "add_generation_prompt": False},
    "thinking in a field": {"messages": [user("1+1?"), assistant("2", reasoning_content="Add.", thinking="Add."), user("2+2?")]},
    "thinking before tools": {"messages": [user("W?"), calls(call(), reasoning_content="I need it.", thinking="I need it."), tool("21")], "tools": [WEATHER]},
    "thinking, final": {"messages": [user("1?"), assistant("1", thinking="One.", reasoning_content="One.")], "add_generation_prompt": False},
    "/no_think": {"messages": [system("Be brief. /no_think"), user("Hi /think")]},
    "documents": {"messages": [user("Who?")], "documents": [{"doc_id": 1, "title": "T", "text": "Ann."}, {"doc_id": 2, "title": "U", "text": "Bob."}], "controls": {"citations": True, "length": "short"}},
    "documents and tools": {"messages": [user("Who?")], "documents": [{"doc_id": 1, "text": "Ann."}], "tools": [NOW]},
    "date": {"messages": [user()], "date_string": "1 Jan 2020"},
    "tokens": {"messages": [system(), user(), assistant(), user()], "bos_token": "<|begin|>", "eos_token": "<|end|>"},
    "wrong order": {"messages": [user("a"), user("b")]},
    "assistant first": {"messages": [assistant("a"), user("b")]},
    "system late": {"messages": [user("a"), system("s"), user("b")]},
    "system twice": {"messages": [system("a"), system("b"), user("c")]},
    "developer": {"messages": [{"role": "developer", "content": "Be terse."}, user()]},
    "unknown role": {"messages": [user(), {"role": "critic", "content": "Hm."}, user()]},
    "no messages": {"messages": []},
    "system alone": {"messages": [system()]},
    "long": {"messages": [m for i in range(40) for m in (user(f"Question {i}"), assistant(f"Answer {i} " * (i % 5)))] + [user("Last")]},
    "channel tags": {"messages": [user(), assistant("<|channel|>final<|message|>x"), user()]},
    "refusal": {"messages": [user("No?"), {"role": "assistant", "content": "", "refusal": "I cannot."}, user("Why?")]},
    "message without role": {"messages": [{"content": "x"}]},
    "content is a number": {"messages": [user(5)]},
}
