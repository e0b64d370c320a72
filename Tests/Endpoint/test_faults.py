"""What users of such servers have reported, asked of this one: each request, and the right answer."""

import gzip
import json

import httpx
import pytest
from conftest import MODEL, Server

STORY = "Once upon a time"


def events(server, path, body):
    """The events of a stream, parsed."""
    text = server.post(path, {**body, "stream": True}).text
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


def joined(server, body):
    """The choices of a streamed completion, put together."""
    choices = {}
    for event in events(server, "/v1/completions", body):
        for part in event["choices"]:
            choice = choices.setdefault(part["index"], {"text": "", "finish_reason": None, "logprobs": None})
            choice["text"] += part["text"]
            choice["finish_reason"] = part["finish_reason"] or choice["finish_reason"]
            if part.get("prompt_logprobs"):
                choice["prompt_logprobs"] = part["prompt_logprobs"]
            if part["logprobs"]:
                whole = choice["logprobs"] = choice["logprobs"] or {}
                for name, values in part["logprobs"].items():
                    whole[name] = whole.get(name, []) + values
    return [choices[index] for index in sorted(choices)]


# Log probabilities


@pytest.mark.parametrize(
    "body",
    [
        {"echo": True, "logprobs": 1},
        {"echo": True, "logprobs": 3, "n": 2, "seed": 4, "temperature": 1},
        {"prompt": [STORY, "é ü"], "echo": True, "logprobs": 20},
        {"prompt": [1, 2428, 700], "echo": True, "logprobs": 0},
        {"echo": True},
        {"logprobs": 2, "prompt_logprobs": 1},
        {"logprobs": 5, "stop": ["king"], "max_tokens": 40},
    ],
)
def test_a_stream_joined_is_the_whole_answer(server, body):
    body = {"prompt": STORY, "max_tokens": 4, "temperature": 0, **body}
    whole = server.post("/v1/completions", body).json()["choices"]
    for choice, stream in zip(whole, joined(server, body), strict=True):
        for name in ("text", "finish_reason", "logprobs", "prompt_logprobs"):
            assert stream.get(name) == choice.get(name), name


def test_a_chat_stream_has_the_log_probabilities_of_the_prompt(server):
    body = {"messages": [{"role": "user", "content": "Hello"}], "prompt_logprobs": 1, "max_tokens": 3, "temperature": 0}
    whole = server.post("/v1/chat/completions", body).json()["prompt_logprobs"]
    found = [e["prompt_logprobs"] for e in events(server, "/v1/chat/completions", body) if "prompt_logprobs" in e]
    assert found == [whole]


def test_candidates_that_are_bytes_have_names_of_their_own(server):
    body = {"prompt": "é ü", "max_tokens": 1, "temperature": 0, "logprobs": 20, "echo": True}
    table = server.post("/v1/completions", body).json()["choices"][0]["logprobs"]
    for name, own, top in zip(table["tokens"], table["token_logprobs"], table["top_logprobs"]):
        if top is not None:
            assert len(top) in (20, 21) and top[name] == own
    assert any(name.startswith("bytes:\\x") for name in table["tokens"] + list(table["top_logprobs"][-1]))


@pytest.mark.parametrize("prompt", ["A", "é ü", "The king said: „Nein!“"])
def test_offsets_point_at_the_tokens(server, prompt):
    body = {"prompt": prompt, "echo": True, "logprobs": 0, "max_tokens": 8, "temperature": 0}
    choice = server.post("/v1/completions", body).json()["choices"][0]
    text, table = choice["text"], choice["logprobs"]
    assert table["text_offset"] == sorted(table["text_offset"])
    for name, offset in zip(table["tokens"], table["text_offset"]):
        if not name.startswith("bytes:") and name != "<s>":
            assert text[offset:].startswith(name) or text[offset:].startswith(name.lstrip()), (name, offset)


# What is refused, and how


@pytest.mark.parametrize(
    "path, field, prompt",
    [
        ("/v1/chat/completions", "messages", [{"role": "user", "content": "king " * 2000}]),
        ("/v1/completions", "prompt", "king " * 2000),
        ("/v1/responses", "input", "king " * 2000),
    ],
)
def test_a_prompt_that_is_too_long_says_so_in_words_that_clients_know(server, path, field, prompt):
    answer = server.post(path, {field: prompt})
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert (error["code"], error["param"]) == ("context_length_exceeded", field)
    assert "this model's maximum context length is 1024 tokens" in error["message"]
    assert "prompt is too long" in error["message"]
    assert "raise" not in error["message"]


@pytest.mark.parametrize("name", ["audio", "prediction", "web_search_options", "function_call", "nothing_known"])
def test_null_is_the_same_as_absent_whatever_the_field(server, name):
    body = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1, name: None}
    assert server.post("/v1/chat/completions", body).status_code == 200


def test_a_hint_is_ignored_and_a_typo_is_not(server):
    body = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
    assert server.post("/v1/chat/completions", {**body, "verbosity": "low"}).status_code == 200
    assert server.post("/v1/chat/completions", {**body, "verbositty": "low"}).json()["error"]["code"] == "unknown_field"


def test_masks_that_leave_no_token_are_the_clients_fault(server):
    answer = server.post("/v1/completions", {"prompt": "x", "allowed_token_ids": [2], "min_tokens": 3, "max_tokens": 5})
    message = answer.json()["error"]["message"]
    assert answer.status_code == 400 and "allowed_token_ids" in message and "min_tokens" in message
    words = {"prompt": "x", "allowed_token_ids": [261], "bad_words": ["a"], "max_tokens": 5}
    answer = server.post("/v1/completions", words)
    assert answer.status_code in (200, 400), answer.text


def test_top_p_of_0_takes_the_most_probable_token(server):
    body = {"prompt": STORY, "max_tokens": 8}
    greedy = server.post("/v1/completions", {**body, "temperature": 0}).json()
    least = server.post("/v1/completions", {**body, "temperature": 1, "top_p": 0, "seed": 3}).json()
    assert least["choices"][0]["text"] == greedy["choices"][0]["text"]


def test_a_reason_that_openai_has_not_is_beside_one_that_it_has(server):
    body = {
        "prompt": STORY,
        "temperature": 0,
        "max_tokens": 400,
        "ignore_eos": True,
        "repetition_detection": {"max_pattern_size": 30, "min_count": 2},
    }
    for timed in (body, {**body, "repetition_detection": None, "max_tokens": 900, "timeout": 0.05}):
        whole = server.post("/v1/completions", timed).json()["choices"][0]
        last = [e for e in events(server, "/v1/completions", timed) if e["choices"][0]["finish_reason"]][-1]["choices"][0]
        for choice in (whole, last):
            expected = ("length", "timeout") if "timeout" in timed else ("stop", "repetition")
            assert (choice["finish_reason"], choice["stop_reason"]) == expected


def test_a_body_with_an_encoding_is_refused_by_its_name(server):
    body = gzip.compress(json.dumps({"prompt": "x", "max_tokens": 1}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = httpx.post(server.url + "/v1/completions", content=body, headers=headers)
    assert answer.status_code == 415 and "gzip" in answer.json()["error"]["message"]


def test_two_names_of_one_token_are_refused(server):
    answer = server.post("/v1/completions", {"prompt": "x", "logit_bias": {"442": -100, "+442": 100}, "max_tokens": 1})
    assert answer.status_code == 400 and answer.json()["error"]["param"] == "logit_bias"


def test_as_many_texts_are_embedded_as_openai_takes(server):
    assert len(server.post("/v1/embeddings", {"input": ["a king"] * 1000}).json()["data"]) == 1000
    assert server.post("/v1/embeddings", {"input": ["a"] * 2049}).status_code == 400


# Between the message of the API and that of a template

PARTS = """{%- for m in messages %}{{- '[' + m['role'] + ']' }}{%- for c in m['content'] | \
selectattr('type','equalto','text') %}{{- c['text'] }}{%- endfor %}{{- '\\n' }}{%- endfor %}"""
PLAIN = """{%- for m in messages %}{{- '[' + m.role + ']' ~ m.content ~ '\\n' }}{%- endfor %}"""
ITEMS = """{% for m in messages %}{{ m.role }}:{{ m.content }}{% for c in m.tool_calls %}{% for k, v in \
c.function.arguments|items %}{{ k }}={{ v }}{% endfor %}{% endfor %};{% endfor %}"""
STRICT = """{% for m in messages %}{% if m.role not in ['system','user','assistant','tool'] %}\
{{ raise_exception('Unexpected message role.') }}{% endif %}{% if 'tool_calls' in m and m.tool_calls|length != 1 %}\
{{ raise_exception('only supports single tool-calls') }}{% endif %}{% if m.role == 'user' and loop.index0 > 0 and \
messages[loop.index0 - 1].role == 'user' %}{{ raise_exception('roles must alternate') }}{% endif %}\
{{ m.role }}:{{ m.content }};{% endfor %}"""


@pytest.fixture(scope="module")
def templated(tmp_path_factory):
    """A server with a model a template."""
    folder = tmp_path_factory.mktemp("templates")
    options = []
    for name, text in {"parts": PARTS, "plain": PLAIN, "items": ITEMS, "strict": STRICT}.items():
        (folder / name).write_text(text)
        options += ["--model", f"{name}={MODEL}", "--chat-template", f"{name}={folder / name}"]
    server = Server(*options)
    yield server
    server.stop()


def prompt(server, model, messages):
    tokens = server.post("/tokenize", {"model": model, "messages": messages}).json()
    assert "tokens" in tokens, tokens
    return server.post("/detokenize", {"model": model, "tokens": tokens["tokens"]}).json()["prompt"].strip(" ")


CALLS = [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Paris"}'}}]


def test_content_has_the_form_that_the_template_reads(templated):
    for content in ("hello there", [{"type": "text", "text": "hello there"}]):
        for model in ("parts", "plain"):
            assert prompt(templated, model, [{"role": "user", "content": content}]) == "[user]hello there\n"


def test_what_a_client_sends_back_of_an_answer_is_taken(templated):
    dumped = {"role": "assistant", "content": None, "refusal": None, "audio": None, "function_call": None}
    calling = [{"role": "user", "content": "Hi"}, {**dumped, "tool_calls": CALLS}]
    assert prompt(templated, "plain", calling) == "[user]Hi\n[assistant]\n"
    assert prompt(templated, "items", calling) == "user:Hi;assistant:city=Paris;"
    said = [{"role": "user", "content": "Hi"}, {**dumped, "content": "Ho", "tool_calls": None}]
    assert prompt(templated, "strict", said) == "user:Hi;assistant:Ho;"
    assert prompt(templated, "strict", [{"role": "developer", "content": "Be brief."}]) == "system:Be brief.;"


@pytest.mark.parametrize(
    "message, place",
    [
        ({"role": "user"}, "messages[1].content"),
        ({"role": "user", "content": [{"type": "text", "text": None}]}, "messages[1].content[0].text"),
        ({"role": "user", "content": "a"}, "messages[1]"),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "no"}}]},
            "messages[1].tool_calls[0].function.arguments",
        ),
    ],
)
def test_a_message_at_fault_is_named(templated, message, place):
    body = {"model": "strict", "messages": [{"role": "user", "content": "Hi"}, message], "max_tokens": 1}
    answer = templated.post("/v1/chat/completions", body)
    assert answer.status_code == 400 and answer.json()["error"]["param"] == place, answer.text


def test_items_of_responses_are_messages(templated):
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
        {"type": "reasoning", "id": "r1", "summary": []},
        {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"city":"Paris"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "sun"},
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
    ]
    body = {"model": "items", "input": items, "instructions": "Be brief.", "max_output_tokens": 1}
    answer = templated.post("/v1/responses", body)
    assert answer.status_code == 200, answer.text
    said = "system:Be brief.;user:Weather?;assistant:city=Paris;tool:sun;assistant:No.;"
    tokens = templated.post("/tokenize", {"model": "items", "prompt": said, "add_special_tokens": False}).json()
    assert answer.json()["usage"]["input_tokens"] == tokens["count"]


CHAT, BEAMS = "/v1/chat/completions", {"prompt": "the king", "use_beam_search": True, "n": 2, "max_tokens": 2}
HI = {"role": "user", "content": "Hi"}


def called(**call):
    return {"messages": [HI, {"role": "assistant", "content": "", "tool_calls": [call]}]}


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        (CHAT, called(id="a", type="custom", custom={}), "messages[1].tool_calls[0].function"),
        (CHAT, called(function={"name": 5}), "messages[1].tool_calls[0].function.name"),
        (CHAT, called(function={"name": "f", "arguments": 5}), "messages[1].tool_calls[0].function.arguments"),
        (CHAT, {"messages": [HI, {"role": "assistant", "content": "", "tool_calls": "x"}]}, "messages[1].tool_calls"),
        (CHAT, {"messages": [{"role": "", "content": "Hi"}]}, "messages[0].role"),
        (CHAT, {"messages": [{"role": "user", "content": []}]}, "messages[0].content"),
        (CHAT, {"messages": [HI], "tools": ["f"]}, "tools[0].function"),
        (CHAT, {"messages": [HI], "tools": [{"type": "function", "name": "f"}]}, "tools[0].function"),
        (CHAT, {"messages": [HI], "chat_template_kwargs": {"tools": []}}, "chat_template_kwargs.tools"),
        ("/v1/completions", {**BEAMS, "stop": ["a"]}, "stop"),
        ("/v1/completions", {**BEAMS, "logprobs": 1}, "logprobs"),
        ("/v1/embeddings", {"input": "king " * 1200}, "input"),
        ("/v1/embeddings", {"input": "a", "return_token_ids": True}, "return_token_ids"),
        ("/v1/responses", {"input": "a", "metadata": [1]}, "metadata"),
        (
            "/v1/responses",
            {"input": [{"type": "function_call_output", "call_id": "c", "output": [{"type": "input_image"}]}]},
            "input[0].output[0].type",
        ),
        ("/v1/responses", {"input": [{"type": "reasoning", "summary": []}]}, "input"),
    ],
)
def test_what_cannot_be_taken_is_named(server, path, body, param):
    answer = server.post(path, body)
    assert answer.status_code == 400 and answer.json()["error"]["param"] == param, answer.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/tokenize", {"prompt": "a", "messages": None}),
        ("/v1/completions", {**BEAMS, "temperature": 0}),
        ("/v1/completions", {**BEAMS, "n": 2.0}),
        ("/v1/completions", {"prompt": [5] * 1015, "use_beam_search": True, "n": 2}),
        (CHAT, {"messages": [HI], "logprobs": False, "top_logprobs": 0, "max_tokens": 1}),
        (CHAT, called(function={"name": "f", "arguments": {}})),
    ],
)
def test_what_says_nothing_wrong_is_taken(server, path, body):
    answer = server.post(path, body)
    assert answer.status_code == 200, answer.text


def test_a_prompt_alone_is_streamed_too(server):
    body = {"prompt": "Once upon", "echo": True, "max_tokens": 0, "logprobs": 1}
    whole, stream = server.post("/v1/completions", body), server.post("/v1/completions", {**body, "stream": True})
    events = [json.loads(line[6:]) for line in stream.text.split("\n") if line.startswith("data: {")]
    (choice,) = whole.json()["choices"]
    assert choice["text"] == "Once upon" == "".join(event["choices"][0]["text"] for event in events)
    tables = [event["choices"][0]["logprobs"] for event in events if event["choices"][0]["logprobs"]]
    assert tables == [choice["logprobs"]]
