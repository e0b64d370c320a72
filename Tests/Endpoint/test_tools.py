"""Tools and reasoning of /v1/chat/completions. The bundled model calls no tool by itself, so the calls are forced."""

import json
import pathlib

import httpx
import jsonschema
import openai
import pytest

from conftest import TEMPLATE, Server

HERMES = str(pathlib.Path(__file__).with_name("hermes.jinja"))
SCHEMAS = {
    "weather": {
        "type": "object", "additionalProperties": False, "required": ["city", "days"],
        "properties": {"city": {"enum": ["Bern", "Rome"]}, "days": {"type": "integer", "minimum": 1, "maximum": 9}},
    },
    "now": {"type": "object", "additionalProperties": False, "properties": {}},
}
TOOLS = [
    {"type": "function", "function": {"name": name, "description": f"Tells the {name}.", "parameters": schema}}
    for name, schema in SCHEMAS.items()]
ASK = [{"role": "user", "content": "Weather?"}]
NAMED = {"type": "function", "function": {"name": "weather"}}
ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [
    {"type": "function", "function": {"name": "now"}}]}}
ONE = dict(tools=TOOLS, tool_choice="required", parallel_tool_calls=False, max_tokens=200, seed=1)


@pytest.fixture(scope="module")
def tools():
    server = Server("--chat-template", HERMES)
    yield server
    assert server.idle(), "blocks are still in use"
    assert server.stop() == 0, server.log


@pytest.fixture(scope="module")
def client(tools):
    return openai.OpenAI(base_url=tools.url + "/v1", api_key="none", max_retries=0, timeout=120)


def whole(client, **body):
    return client.chat.completions.create(model="fairytale-6m", messages=body.pop("messages", ASK), **body).choices[0]


def streamed(client, **body):
    """What the openai package gathers of a stream."""
    with client.chat.completions.stream(
        model="fairytale-6m", messages=body.pop("messages", ASK), **body) as stream:
        for _ in stream:
            pass
        return stream.get_final_completion().choices[0]


def calls(choice):
    return [(call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls or []]


def test_the_log_says_which_dialect_was_chosen(tools):
    line = next(line for line in tools.log if "info dialect" in line)
    assert "dialect=hermes" in line and "the chat template writes calls so" in line


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("choice, names, reason", [
    ("required", {"weather", "now"}, "tool_calls"), (NAMED, {"weather"}, "stop"), (ALLOWED, {"now"}, "tool_calls")])
def test_a_forced_call_is_one_of_the_tools_and_its_arguments_are_valid(client, choice, names, reason, seed):
    body = {**ONE, "tool_choice": choice, "seed": seed}
    answer = whole(client, **body)
    assert answer.finish_reason == reason and not (answer.message.content or "").strip()
    (identifier, name, arguments), = calls(answer)
    assert name in names and identifier.startswith("call_") and len(identifier) == 29
    jsonschema.validate(json.loads(arguments), SCHEMAS[name])
    again = streamed(client, **body)
    assert calls(again) == calls(answer) and again.finish_reason == reason


def test_a_stream_tells_a_calls_name_once_and_its_arguments_as_they_come(tools):
    with httpx.stream("POST", tools.url + "/v1/chat/completions", timeout=60, json={
            "messages": ASK, "stream": True, **ONE, "tool_choice": NAMED}) as response:
        events = [json.loads(line[6:]) for line in response.iter_lines() if line.startswith("data: {")]
    deltas = [call for event in events for call in event["choices"][0]["delta"].get("tool_calls", [])]
    assert [set(delta) for delta in deltas[:1]] == [{"index", "id", "type", "function"}]
    assert deltas[0]["function"] == {"name": "weather", "arguments": ""}
    assert len(deltas) > 2 and all(set(delta) == {"index", "function"} for delta in deltas[1:])
    arguments = "".join(delta["function"]["arguments"] for delta in deltas)
    jsonschema.validate(json.loads(arguments), SCHEMAS["weather"])


@pytest.mark.parametrize("ask", [whole, streamed])
def test_three_steps_with_tools(client, ask):
    messages, names = list(ASK), []
    for name in ["weather", "now", None]:
        if not name:
            # The openai package's stream takes no answer that the limit ends.
            answer = whole(client, **{**ONE, "tool_choice": "none", "messages": messages, "max_tokens": 8})
            break
        choice = {"type": "function", "function": {"name": name}}
        answer = ask(client, **{**ONE, "tool_choice": choice, "messages": messages})
        call = answer.message.tool_calls[0]
        names.append(call.id)
        messages += [
            {"role": "assistant", "content": answer.message.content, "tool_calls": [
                {"id": call.id, "type": "function",
                 "function": {"name": call.function.name, "arguments": call.function.arguments}}]},
            {"role": "tool", "tool_call_id": call.id, "content": "21"}]
    assert answer.message.content and not answer.message.tool_calls
    assert len(set(names)) == 2, "each call has an id of its own"


def test_the_same_request_has_the_same_ids(client):
    assert calls(whole(client, **ONE)) == calls(whole(client, **ONE))


def test_a_call_that_the_limit_cuts_is_what_was_written(client):
    answer = whole(client, **{**ONE, "tool_choice": NAMED})
    arguments = answer.message.tool_calls[0].function.arguments
    for limit in range(1, 200, 7):
        cut = whole(client, **{**ONE, "tool_choice": NAMED, "max_tokens": limit})
        assert cut.finish_reason in ("length", "stop")
        for call in cut.message.tool_calls or []:
            assert arguments.startswith(call.function.arguments)
        if cut.finish_reason == "stop":
            break
    else:
        pytest.fail("no limit was enough")


def test_a_tool_that_takes_a_text(client):
    tool = {"type": "custom", "custom": {
        "name": "shell", "format": {"type": "grammar", "grammar": {"syntax": "regex", "definition": "[a-c]{3}"}}}}
    body = {**ONE, "tools": [tool]}
    call = whole(client, **body).message.tool_calls[0]
    assert call.type == "custom" and call.custom.name == "shell"
    assert set(call.custom.input) <= set("abc") and len(call.custom.input) == 3
    events = client.chat.completions.create(model="fairytale-6m", messages=ASK, stream=True, **body)
    deltas = [call for event in events for call in event.choices[0].delta.tool_calls or []]
    assert "".join(delta.custom["input"] for delta in deltas) == call.custom.input


def test_thoughts_are_told_apart_and_counted(client):
    body = dict(max_tokens=40, temperature=0, extra_body={"chat_template_kwargs": {"enable_thinking": True}})
    answer = client.chat.completions.create(model="fairytale-6m", messages=ASK, **body)
    message = answer.choices[0].message
    assert message.content == "" and message.reasoning_content and message.reasoning == message.reasoning_content
    assert answer.usage.completion_tokens_details.reasoning_tokens > 30
    events = list(client.chat.completions.create(
        model="fairytale-6m", messages=ASK, stream=True, stream_options={"include_usage": True}, **body))
    parts = [getattr(event.choices[0].delta, "reasoning_content", None) or "" for event in events if event.choices]
    assert "".join(parts) == message.reasoning_content
    assert events[-1].usage.completion_tokens_details == answer.usage.completion_tokens_details


@pytest.mark.parametrize("budget", [0, 3])
def test_thoughts_end_with_their_budget_and_the_format_follows(client, budget):
    answer = client.chat.completions.create(
        model="fairytale-6m", messages=ASK, max_tokens=100, seed=2,
        response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMAS["weather"]}},
        extra_body={"chat_template_kwargs": {"enable_thinking": True}, "thinking_token_budget": budget})
    message = answer.choices[0].message
    jsonschema.validate(json.loads(message.content), SCHEMAS["weather"])
    assert answer.usage.completion_tokens_details.reasoning_tokens <= budget + 1
    assert bool(getattr(message, "reasoning_content", "").strip()) == (budget > 0)


def test_a_model_that_is_not_to_think_keeps_the_format_from_the_start(client):
    answer = whole(
        client, max_tokens=100, seed=2,
        response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMAS["weather"]}},
        extra_body={"chat_template_kwargs": {"enable_thinking": False}})
    jsonschema.validate(json.loads(answer.message.content), SCHEMAS["weather"])
    assert not hasattr(answer.message, "reasoning_content")


@pytest.mark.parametrize("body, param", [
    (dict(tools=TOOLS, tool_choice={"type": "function", "function": {"name": "no"}}), "tool_choice"),
    (dict(tool_choice="required"), "tool_choice"), (dict(tools=TOOLS, tool_choice="always"), "tool_choice"),
    (dict(tools=TOOLS + TOOLS[:1]), "tools"), (dict(tools=[{"type": "function"}]), "tools[0].function"),
    (dict(tools=[{"type": "function", "function": {"name": "a b"}}]), "tools[0].function.name"),
    (dict(tools=[{"type": "retrieval"}]), "tools[0].type"),
    (dict(tools=[{"type": "function", "function": {"name": "f", "strict": True, "parameters": {
        "type": "object", "properties": {"a": {}}}}}]), "tools[0].function.parameters"),
    (dict(functions=[{"name": "f"}]), "functions"), (dict(thinking_token_budget=-1), "thinking_token_budget"),
])
def test_what_cannot_be_is_refused_by_its_name(tools, body, param):
    response = tools.post("/v1/chat/completions", {"messages": ASK, "max_tokens": 4, **body})
    assert response.status_code == 400 and response.json()["error"]["param"] == param, response.text


def test_a_model_whose_calls_are_not_known_is_given_no_tools(server):
    response = server.post("/v1/chat/completions", {"messages": ASK, "tools": TOOLS, "max_tokens": 4})
    assert response.status_code == 400 and response.json()["error"]["param"] == "tools"
    assert "--tool-dialect" in response.json()["error"]["message"]


def test_the_dialect_can_be_named():
    server = Server("--chat-template", TEMPLATE, "--tool-dialect", "llama-3")
    try:
        body = {"messages": ASK, **ONE, "seed": 3, "max_tokens": 600}
        choice = server.post("/v1/chat/completions", body).json()["choices"][0]
        assert choice["finish_reason"] == "tool_calls"
        assert choice["message"]["tool_calls"][0]["function"]["name"] in SCHEMAS
    finally:
        assert server.stop() == 0
