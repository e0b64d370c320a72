"""Forced calls of a model that means nothing by them: every call names a tool that may be called, its arguments are valid
by jsonschema, and there are as many as the request allows.

    forced_calls.py URL [CALLS]   (10000 calls unless given)

URL is that of `llmgen serve --load-format dummy --chat-template Tests/Endpoint/hermes.jinja`, or of any other model.
"""

import concurrent.futures
import json
import random
import sys

import httpx
import jsonschema

SCHEMAS = {
    "weather": {
        "type": "object", "additionalProperties": False, "required": ["city", "days"],
        "properties": {"city": {"type": "string", "maxLength": 8}, "days": {"type": "integer", "minimum": 1, "maximum": 9}},
    },
    "now": {"type": "object", "additionalProperties": False, "properties": {}},
    "search": {
        "type": "object", "additionalProperties": False, "required": ["terms", "exact"],
        "properties": {
            "terms": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"enum": ["a", "b", "c"]}},
            "exact": {"type": ["boolean", "null"]}},
    },
}
SAMPLES = 8


def case(number):
    """A request, the tools that may be called and the most calls an answer may have."""
    draw = random.Random(number)
    names = draw.sample(sorted(SCHEMAS), draw.randint(1, 3))
    tools = [
        {"type": "function", "function": {"name": name, "parameters": SCHEMAS[name], "strict": number % 2 == 0 and name == "now"}}
        for name in names]
    parallel = draw.random() < 0.2
    match draw.choice(["required", "named", "allowed"]):
        case "required": choice, allowed = "required", names
        case "named":
            allowed, parallel = names[:1], False
            choice = {"type": "function", "function": {"name": names[0]}}
        case "allowed":
            allowed = names[:2]
            choice = {"type": "allowed_tools", "allowed_tools": {
                "mode": "required", "tools": [{"type": "function", "function": {"name": name}} for name in allowed]}}
    body = {
        "messages": [{"role": "user", "content": f"Call {number}."}], "tools": tools, "tool_choice": choice,
        "parallel_tool_calls": parallel, "max_tokens": 400, "seed": number, "n": SAMPLES}
    return body, set(allowed), None if parallel else 1


def check(client, number):
    """The calls that are whole, and the answers that the limit cut."""
    body, allowed, most = case(number)
    response = client.post("/v1/chat/completions", json=body)
    assert response.status_code == 200, (body, response.text)
    good = cut = 0
    for choice in response.json()["choices"]:
        calls = choice["message"].get("tool_calls") or []
        if choice["finish_reason"] == "length":
            cut += 1
            calls = calls[:-1]
        else:
            assert calls and not (choice["message"]["content"] or "").strip(), (body, choice)
        assert most is None or len(calls) <= most, (body, choice)
        for call in calls:
            name = call["function"]["name"]
            assert name in allowed, (body, call)
            jsonschema.validate(json.loads(call["function"]["arguments"]), SCHEMAS[name])
            good += 1
    return good, cut


def main():
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    good = cut = number = 0
    with httpx.Client(base_url=sys.argv[1], timeout=300) as client, concurrent.futures.ThreadPoolExecutor(8) as pool:
        while good < wanted:
            for calls, cuts in pool.map(lambda number: check(client, number), range(number, number + 64)):
                good, cut = good + calls, cut + cuts
            number += 64
    print(f"{good} of {good} calls name a tool, are valid and as many as allowed; {cut} answers were cut by the limit")


if __name__ == "__main__":
    main()
