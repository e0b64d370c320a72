"""What clients send, their own answers given back above all: it is taken, and the prompt is what transformers renders.

Conversations are written twice: as a client sends them, and as a template is written for them.
"""

import asyncio
import http.server
import json
import os
import pathlib
import sys
import threading

import httpx
import openai
import pytest
import tiktoken
from conftest import ROOT, Server
from openai.types.chat import ChatCompletionMessage, ChatCompletionMessageFunctionToolCall
from openai.types.responses import ResponseFunctionToolCall, ResponseReasoningItem

# Before the import: nothing is asked of others, and nothing told.
os.environ.update(LITELLM_LOCAL_MODEL_COST_MAP="True", LANGSMITH_TRACING="false", LANGCHAIN_TRACING_V2="false")
import litellm  # noqa: E402
from langchain_core.exceptions import ContextOverflowError  # noqa: E402
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage  # noqa: E402
from langchain_openai import ChatOpenAI, OpenAIEmbeddings  # noqa: E402

sys.path.insert(0, str(ROOT / "Tests/Fixtures/jinja"))
from reference import render  # noqa: E402

litellm.telemetry, litellm.suppress_debug_info = False, True
# LiteLLM's own types.
pytestmark = pytest.mark.filterwarnings("ignore:.*ReadOnly")

LONG = "king " * 2000
HTTP = httpx.Client(timeout=120)

# The served models are one, with two templates.
TEMPLATES = {name: pathlib.Path(__file__).with_name(f"{name}.jinja") for name in ("tools", "parts")}
BOTH = pytest.mark.parametrize("model", TEMPLATES)
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather", "description": "The weather.",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
    },
}
TOOLS = [WEATHER, {"type": "function", "function": {"name": "now", "description": "The time.", "parameters": {}}}]


class Recorder:
    """Hands requests on to a server, and keeps their bodies."""

    def __init__(self, server):
        self.bodies = bodies = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                bodies.append(json.loads(body))
                headers = {"content-type": self.headers["content-type"]}
                with HTTP.stream("POST", server.url + self.path, content=body, headers=headers) as answer:
                    self.send_response(answer.status_code)
                    self.send_header("content-type", answer.headers["content-type"])
                    self.end_headers()
                    for piece in answer.iter_bytes():
                        self.wfile.write(piece)

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http.server_port}/v1"

    def last(self):
        return self.bodies[-1]


@pytest.fixture(scope="module")
def server():
    options = [text for name, file in TEMPLATES.items() for text in (
        "--model", f"{name}=fairytale-6m", "--chat-template", f"{name}={file}")]
    server = Server(*options, "--log-format", "json")
    yield server
    assert server.idle(), "blocks are still in use"
    assert server.stop() == 0, server.log


@pytest.fixture(scope="module")
def recorder(server):
    recorder = Recorder(server)
    yield recorder
    recorder.http.shutdown()
    recorder.http.server_close()


@pytest.fixture(scope="module")
def client(recorder):
    return openai.OpenAI(base_url=recorder.url, api_key="none", max_retries=0, timeout=120)


def post(server, path, **body):
    answer = HTTP.post(server.url + path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


# A conversation as a template is written for it


def says(role, *texts, **more):
    return {"role": role, "content": list(texts), **more}


def call(id, name, **arguments):
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def as_texts(message):
    return {**message, "content": "\n".join(message["content"])}


def as_parts(message):
    # A refusal is content for a template that does not write it.
    texts = message["content"] if not message.get("refusal") else [message["refusal"]]
    message = {**message, "content": [{"type": "text", "text": text} for text in texts]}
    if message["role"] == "developer":
        message["role"] = "system"
    if "tool_calls" in message:
        message["tool_calls"] = [
            {**call, "function": {**call["function"], "arguments": text(call["function"]["arguments"])}}
            for call in message["tool_calls"]]
    return message


def text(arguments):
    """Arguments as clients send them."""
    return json.dumps(arguments, ensure_ascii=False)


def rendered(model, conversation, tools=None):
    """What transformers renders."""
    form = {"tools": as_texts, "parts": as_parts}[model]
    prompt = render(TEMPLATES[model].read_text(), dict(
        messages=[form(message) for message in conversation], tools=tools, documents=None, add_generation_prompt=True,
        bos_token="<s>", eos_token="</s>"))
    assert prompt is not None, "the conversation is not one for this template"
    return prompt


def tokens(server, model, prompt):
    return post(server, "/tokenize", model=model, prompt=prompt, add_special_tokens=False)["tokens"]


def check(server, body, conversation, tools=None):
    """The prompt of a chat's body is that of the conversation."""
    model = body["model"]
    prompt = rendered(model, conversation, tools)
    whole = {name: value for name, value in body.items() if name not in ("stream", "stream_options")}
    found = post(server, "/v1/chat/completions", **whole, return_token_ids=True)["prompt_token_ids"]
    if found != tokens(server, model, prompt):
        assert post(server, "/detokenize", model=model, tokens=found)["prompt"] == prompt
        raise AssertionError("the text is the same, its tokens are not")
    fields = {name: body[name] for name in ("model", "messages", "tools", "tool_choice") if name in body}
    assert post(server, "/tokenize", **fields)["tokens"] == found


# OpenAI's client


FORMS = {
    "model_dump": lambda message: message.model_dump(),
    "json": lambda message: json.loads(message.model_dump_json()),
    "exclude_none": lambda message: message.model_dump(exclude_none=True),
    "exclude_unset": lambda message: message.model_dump(exclude_unset=True),
    "itself": lambda message: message,
}


def made(content=None, calls=(), **more):
    """An answer as the client makes it of what other models say."""
    tool_calls = [
        ChatCompletionMessageFunctionToolCall(id=id, type="function", function={"name": name, "arguments": arguments})
        for id, name, arguments in calls]
    return ChatCompletionMessage(role="assistant", content=content, tool_calls=tool_calls or None, **more)


def asks(text):
    return {"role": "user", "content": text}, says("user", text)


def result(id, text):
    return {"role": "tool", "tool_call_id": id, "content": text}, says("tool", text, tool_call_id=id)


# A short answer that does not end for its length, which the helpers for streams take for an error.
SHORT = dict(temperature=0, max_tokens=100, stop=list("aeiou"), extra_body={"include_stop_str_in_output": True})
# Each turn's messages, as they are sent and as a template is written for them; an answer of the model follows.
TURNS = [
    [({"role": "system", "content": "Be brief."}, says("system", "Be brief.")), asks("Who are you?")],
    [
        asks("Is it warm in Zürich?"),
        (made(calls=[("call_1", "weather", '{"place": "Zürich"}')]),
         says("assistant", "", tool_calls=[call("call_1", "weather", place="Zürich")])),
        result("call_1", '{"t": 21.5}'),
    ],
    [
        asks("And in Bern, now?"),
        (made("I look.", [("call_2", "weather", '{"place": "Bern"}'), ("call_3", "now", "")], reasoning_content="Two calls."),
         says("assistant", "I look.", reasoning_content="Two calls.",
              tool_calls=[call("call_2", "weather", place="Bern"), call("call_3", "now")])),
        result("call_2", "19"), result("call_3", "noon"),
    ],
    [
        asks("A secret?"),
        (made(refusal="I cannot."), says("assistant", "", refusal="I cannot.")),
        asks("Why?"),
    ],
    [
        asks("How warm?"),
        (made("Warm.", reasoning_content="Both are."), says("assistant", "Warm.", reasoning_content="Both are.")),
        asks("Thanks."),
    ],
]


def answer(client, streamed, **ask):
    """The client's message, from an answer as a whole or from its stream."""
    if not streamed:
        return client.chat.completions.create(**ask).choices[0].message
    with client.chat.completions.stream(**ask) as stream:
        return stream.get_final_completion().choices[0].message


@BOTH
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("form", FORMS)
def test_five_turns_go_back_as_they_came(client, recorder, server, model, form, streamed):
    sent, conversation = [], []
    for turn in TURNS:
        for message, wanted in turn:
            sent.append(message if isinstance(message, dict) else FORMS[form](message))
            conversation.append(wanted)
        message = answer(client, streamed, model=model, messages=sent, tools=TOOLS, **SHORT)
        assert message.role == "assistant" and message.content and not message.tool_calls and message.refusal is None
        check(server, recorder.last(), conversation, TOOLS)
        sent.append(FORMS[form](message))
        conversation.append(says("assistant", message.content))


@BOTH
def test_parsed_calls_go_back(client, recorder, server, model):
    """What `chat.completions.parse` adds to a message: the arguments once more, as values."""
    message = made(calls=[("call_1", "weather", '{"place": "Bern"}')]).model_dump()
    message["parsed"] = None
    message["tool_calls"][0]["function"]["parsed_arguments"] = {"place": "Bern"}
    sent = [asks("Warm?")[0], message, result("call_1", "19")[0]]
    client.chat.completions.parse(model=model, messages=sent, **SHORT)
    wanted = says("assistant", "", tool_calls=[call("call_1", "weather", place="Bern")])
    check(server, recorder.last(), [asks("Warm?")[1], wanted, result("call_1", "19")[1]])


@pytest.mark.parametrize("role", ["system", "developer"])
def test_instructions_are_where_the_template_writes_them(client, recorder, server, role):
    sent = [
        {"role": "system", "content": "One."}, {"role": "user", "content": "Hi"},
        {"role": role, "content": [{"type": "text", "text": "Two."}]}, {"role": "user", "content": "Ho"},
    ]
    wanted = {
        "tools": [says("system", "One."), says("user", "Hi"), says(role, "Two."), says("user", "Ho")],
        "parts": [says("system", "One.\n\nTwo."), says("user", "Hi"), says("user", "Ho")],
    }
    for model in TEMPLATES:
        client.chat.completions.create(model=model, messages=sent, max_tokens=2)
        check(server, recorder.last(), wanted[model])


# Responses


def check_response(server, response, model, conversation):
    """A greedy response with log probabilities is what the model says after the conversation's prompt."""
    ids = tokens(server, model, rendered(model, conversation))
    same = post(server, "/v1/completions", model=model, prompt=ids, logprobs=0, **SHORT["extra_body"],
                **{name: SHORT[name] for name in ("temperature", "max_tokens", "stop")})["choices"][0]
    assert response.usage.input_tokens == len(ids)
    assert response.output_text == same["text"]
    logprobs = [token.logprob for token in response.output[0].content[0].logprobs]
    assert logprobs == same["logprobs"]["token_logprobs"]


def respond(client, streamed, **ask):
    ask.update(
        max_output_tokens=SHORT["max_tokens"], temperature=0, include=["message.output_text.logprobs"],
        extra_body={"stop": SHORT["stop"], **SHORT["extra_body"]})
    if not streamed:
        return client.responses.create(**ask)
    with client.responses.stream(**ask) as stream:
        return stream.get_final_response()


RESPONSE_FORMS = {name: FORMS[name] for name in ("model_dump", "exclude_none", "exclude_unset", "itself")}


@BOTH
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("form", RESPONSE_FORMS)
def test_output_goes_back_as_input(client, server, model, form, streamed):
    dump = RESPONSE_FORMS[form]
    thought = ResponseReasoningItem(
        id="rs_1", type="reasoning", summary=[{"type": "summary_text", "text": "Call."}], encrypted_content="x")
    calls = [
        ResponseFunctionToolCall(
            id=f"fc_{id}", call_id=id, type="function_call", name="weather", arguments=text({"place": place}), status="completed")
        for id, place in (("call_1", "Zürich"), ("call_2", "Bern"))]
    turns = [
        ([{"role": "user", "content": "Who are you?"}], [says("user", "Who are you?")]),
        (
            [
                {"type": "message", "role": "user", "content": [
                    {"type": "input_text", "text": "Warm in Zürich?"}, {"type": "input_text", "text": "In Bern?"}]},
                thought, *calls,
                {"type": "function_call_output", "call_id": "call_1", "output": "21"},
                {"type": "function_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "19"}]},
            ],
            [
                says("user", "Warm in Zürich?", "In Bern?"),
                says("assistant", "", tool_calls=[
                    call("call_1", "weather", place="Zürich"), call("call_2", "weather", place="Bern")]),
                says("tool", "21", tool_call_id="call_1"), says("tool", "19", tool_call_id="call_2"),
            ],
        ),
        ([{"role": "user", "content": "Again?"}, thought, {"role": "assistant", "content": "I look."}, calls[1],
          {"type": "function_call_output", "call_id": "call_2", "output": "18"}],
         [says("user", "Again?"), says("assistant", "I look.", tool_calls=[call("call_2", "weather", place="Bern")]),
          says("tool", "18", tool_call_id="call_2")]),
        ([{"role": "user", "content": "Thanks."}], [says("user", "Thanks.")]),
    ]
    sent, conversation = [], [says("system", "Be brief.")]
    for items, wanted in turns:
        sent += [item if isinstance(item, dict) else dump(item) for item in items]
        conversation += wanted
        response = respond(client, streamed, model=model, instructions="Be brief.", input=sent)
        check_response(server, response, model, conversation)
        sent += [dump(item) for item in response.output]
        conversation.append(says("assistant", response.output_text))


# LangChain


def weather(place: str) -> str:
    """The weather."""


async def gathered(pieces):
    return [piece async for piece in pieces]


def joined(pieces):
    return sum(pieces[1:], pieces[0])


WAYS = {
    "invoke": lambda chat, messages: chat.invoke(messages),
    "stream": lambda chat, messages: joined(list(chat.stream(messages))),
    "ainvoke": lambda chat, messages: asyncio.run(chat.ainvoke(messages)),
    "astream": lambda chat, messages: joined(asyncio.run(gathered(chat.astream(messages)))),
}


def langchain(recorder, model, **more):
    return ChatOpenAI(model=model, base_url=recorder.url, api_key="none", max_retries=0, max_tokens=4, temperature=0, **more)


LANGCHAIN_TURNS = [
    ([SystemMessage("Be brief."), HumanMessage("Who are you?")], [says("system", "Be brief."), says("user", "Who are you?")]),
    (
        [
            HumanMessage([{"type": "text", "text": "Warm in Bern?"}, {"type": "text", "text": "In Rome?"}]),
            AIMessage("", tool_calls=[
                {"id": "call_1", "name": "weather", "args": {"place": "Bern"}},
                {"id": "call_2", "name": "weather", "args": {"place": "Rome"}}]),
            ToolMessage("19", tool_call_id="call_1"),
            ToolMessage([{"type": "text", "text": "24"}], tool_call_id="call_2"),
        ],
        [
            says("user", "Warm in Bern?", "In Rome?"),
            says("assistant", "", tool_calls=[call("call_1", "weather", place="Bern"), call("call_2", "weather", place="Rome")]),
            says("tool", "19", tool_call_id="call_1"), says("tool", "24", tool_call_id="call_2"),
        ],
    ),
    ([HumanMessage("Thanks.")], [says("user", "Thanks.")]),
]


@BOTH
@pytest.mark.parametrize("way", WAYS)
def test_langchain_converses(recorder, server, model, way):
    chat = langchain(recorder, model, stream_usage=True).bind_tools([weather])
    sent, conversation = [], []
    for messages, wanted in LANGCHAIN_TURNS:
        sent += messages
        conversation += wanted
        message = WAYS[way](chat, sent)
        assert isinstance(message, AIMessage) and message.text and not message.tool_calls
        body = recorder.last()
        assert body["tools"][0]["function"]["name"] == "weather"
        check(server, body, conversation, body["tools"])
        assert message.usage_metadata["input_tokens"] == len(tokens(server, model, rendered(model, conversation, body["tools"])))
        sent.append(message)
        conversation.append(says("assistant", message.text))


@BOTH
@pytest.mark.parametrize("way", WAYS)
def test_langchain_converses_by_responses(recorder, server, model, way):
    chat = langchain(recorder, model, use_responses_api=True)
    sent, conversation = [], []
    for messages, wanted in LANGCHAIN_TURNS:
        sent += messages
        conversation += wanted
        message = WAYS[way](chat, sent)
        ids = tokens(server, model, rendered(model, conversation))
        same = post(server, "/v1/completions", model=model, prompt=ids, max_tokens=4, temperature=0)
        assert message.text == same["choices"][0]["text"]
        assert message.usage_metadata["input_tokens"] == len(ids)
        sent.append(message)
        conversation.append(says("assistant", message.text))


def embeddings(recorder, **more):
    return OpenAIEmbeddings(model="tools", base_url=recorder.url, api_key="none", max_retries=0, **more)


def test_langchain_embeds_texts(client, recorder):
    embedder = embeddings(recorder, check_embedding_ctx_length=False)
    texts = ["a king", "a queen", "the sea"]
    vectors = embedder.embed_documents(texts)
    assert recorder.last()["input"] == texts
    wanted = [item.embedding for item in client.embeddings.create(model="tools", input=texts).data]
    assert vectors == wanted == asyncio.run(embedder.aembed_documents(texts))
    assert embedder.embed_query(texts[1]) == pytest.approx(wanted[1], abs=1e-6)


def test_langchain_embeds_token_ids(client, recorder, monkeypatch):
    """As it does unless told otherwise. Its tokenizer here has bytes for tokens, and is not fetched from anywhere."""
    octets = tiktoken.Encoding(
        "octets", pat_str=r"[\s\S]", mergeable_ranks={bytes([byte]): byte for byte in range(256)}, special_tokens={})
    monkeypatch.setattr(tiktoken, "encoding_for_model", lambda name: octets)
    embedder = embeddings(recorder)
    texts = ["a king", "é"]
    ids = [list(text.encode()) for text in texts]
    vectors = embedder.embed_documents(texts)
    assert recorder.last()["input"] == ids and recorder.last()["encoding_format"] == "base64"
    wanted = [item.embedding for item in client.embeddings.create(model="tools", input=ids).data]
    assert vectors == wanted == asyncio.run(embedder.aembed_documents(texts))


# LiteLLM


LITELLM_WAYS = {
    "completion": lambda **ask: litellm.completion(**ask),
    "stream": lambda **ask: litellm.stream_chunk_builder(list(litellm.completion(**ask, stream=True)), ask["messages"]),
    "acompletion": lambda **ask: asyncio.run(litellm.acompletion(**ask)),
}


@BOTH
@pytest.mark.parametrize("way", LITELLM_WAYS)
@pytest.mark.parametrize("provider", ["openai", "hosted_vllm", "litellm_proxy"])
def test_litellm_converses(recorder, server, model, way, provider):
    turns = [
        ([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who are you?"}],
         [says("system", "Be brief."), says("user", "Who are you?")]),
        (
            [
                {"role": "user", "content": "Warm in Zürich?"},
                litellm.Message(content=None, role="assistant", tool_calls=[
                    {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"place": "Zürich"}'}}]),
                {"role": "tool", "tool_call_id": "call_1", "content": "21"},
            ],
            [says("user", "Warm in Zürich?"), says("assistant", "", tool_calls=[call("call_1", "weather", place="Zürich")]),
             says("tool", "21", tool_call_id="call_1")],
        ),
        ([{"role": "user", "content": "Thanks."}], [says("user", "Thanks.")]),
    ]
    sent, conversation = [], []
    for (messages, wanted), form in zip(turns, ("model_dump", "itself", "exclude_none")):
        sent += [message if isinstance(message, dict) else FORMS[form](message) for message in messages]
        conversation += wanted
        message = LITELLM_WAYS[way](
            model=f"{provider}/{model}", api_base=recorder.url, api_key="none", messages=sent, tools=TOOLS, max_tokens=4,
            temperature=0, num_retries=0).choices[0].message
        assert isinstance(message, litellm.Message) and message.content and not message.tool_calls
        check(server, recorder.last(), conversation, TOOLS)
        sent.append(FORMS[form](message))
        conversation.append(says("assistant", message.content))


def test_litellm_asks_the_other_routes(client, recorder, server):
    where = dict(api_base=recorder.url, api_key="none", num_retries=0)
    texts = ["a king", "the sea"]
    wanted = [item.embedding for item in client.embeddings.create(model="tools", input=texts).data]
    for provider in ("openai", "hosted_vllm"):
        found = litellm.embedding(model=f"{provider}/tools", input=texts, **where).data
        assert [item["embedding"] for item in found] == [pytest.approx(vector, rel=1e-6, abs=1e-9) for vector in wanted]
    completion = litellm.text_completion(
        model="text-completion-openai/tools", prompt="Once upon", max_tokens=4, temperature=0, **where)
    assert completion.choices[0].text == client.completions.create(
        model="tools", prompt="Once upon", max_tokens=4, temperature=0).choices[0].text
    response = litellm.responses(model="openai/tools", input="Who?", temperature=0, max_output_tokens=16, **where)
    ids = tokens(server, "tools", rendered("tools", [says("user", "Who?")]))
    assert response.usage.input_tokens == len(ids)
    same = client.completions.create(model="tools", prompt=ids, max_tokens=16, temperature=0)
    assert response.output[0].content[0].text == same.choices[0].text


def test_errors_have_their_class_in_every_client(client, recorder):
    hi = [{"role": "user", "content": "Hi"}]
    where = dict(api_base=recorder.url, api_key="none", num_retries=0)
    with pytest.raises(litellm.BadRequestError):
        litellm.completion(model="openai/tools", messages=hi, temperature=9, **where)
    with pytest.raises(litellm.NotFoundError):
        litellm.completion(model="openai/nobody", messages=hi, **where)
    with pytest.raises(openai.BadRequestError):
        langchain(recorder, "tools", top_p=9).invoke("Hi")
    with pytest.raises(openai.NotFoundError):
        langchain(recorder, "nobody").invoke("Hi")


def test_a_prompt_that_is_too_long_has_its_class_in_openai(client):
    with pytest.raises(openai.BadRequestError) as error:
        client.chat.completions.create(model="tools", messages=[{"role": "user", "content": LONG}])
    assert error.value.code == "context_length_exceeded"


@pytest.mark.parametrize("more", [{}, {"use_responses_api": True}], ids=["chat", "responses"])
def test_a_prompt_that_is_too_long_has_its_class_in_langchain(recorder, more):
    with pytest.raises(ContextOverflowError):
        langchain(recorder, "tools", **more).invoke(LONG)


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
def test_a_prompt_that_is_too_long_has_its_class_in_litellm(recorder, provider):
    with pytest.raises(litellm.ContextWindowExceededError):
        litellm.completion(
            model=f"{provider}/tools", messages=[{"role": "user", "content": LONG}], api_base=recorder.url, api_key="none",
            num_retries=0)



# Bodies in the style of other clients, written by hand: what matters is which members are null, empty, absent or parts


CALL = {"name": "weather", "arguments": '{"place": "Zürich"}'}
CALLS = [{"id": "call_1", "type": "function", "function": CALL}]
# What the bodies below say, but for what each says besides.
ASKED = [
    says("system", "Be brief."), says("user", "Warm in Zürich?"),
    says("assistant", "", tool_calls=[call("call_1", "weather", place="Zürich")]),
    says("tool", "21", tool_call_id="call_1"), says("assistant", "It is."), says("user", "And now?"),
]


def plain(**changes):
    """The messages in their plainest form; `changes` are members of all of a role."""
    messages = [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Warm in Zürich?"},
        {"role": "assistant", "content": "", "tool_calls": CALLS}, {"role": "tool", "tool_call_id": "call_1", "content": "21"},
        {"role": "assistant", "content": "It is."}, {"role": "user", "content": "And now?"},
    ]
    return [{**message, **changes.get(message["role"], {})} for message in messages]


def in_parts(messages, **more):
    """Every content as a list of parts, none for no text."""
    return [
        {**message, "content": [{"type": "text", "text": message["content"], **more}] if message["content"] else []}
        for message in messages]


def without_empty(messages):
    """Empty contents left out."""
    return [{name: value for name, value in message.items() if value or name != "content"} for message in messages]


def filled(messages, **zeros):
    """Each message with all the members that a message can have."""
    return [{**zeros, **message} for message in messages]


NULLS = dict.fromkeys(["content", "name", "refusal", "audio", "function_call", "tool_calls", "tool_call_id", "annotations"])
ALL_NULL = dict.fromkeys([
    "frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "max_tokens", "n", "presence_penalty", "response_format",
    "seed", "stop", "stream_options", "temperature", "top_p", "tool_choice", "parallel_tool_calls", "user", "store", "metadata",
    "modalities", "audio", "prediction", "functions", "function_call", "reasoning_effort", "service_tier", "data_sources",
    "web_search_options", "verbosity"])
INDEXED = [{"index": 0, **CALLS[0]}]

# The style, what the body has beside the model, what of the conversation is otherwise.
SHAPES = {
    "AI SDK, compatible provider": (
        dict(
            messages=in_parts(plain()[:2]) + plain(assistant={"reasoning_content": "I ask."})[2:4] + plain()[4:],
            tools=TOOLS, tool_choice="auto", stream=True, stream_options={"include_usage": True}, max_tokens=2),
        {2: {"reasoning_content": "I ask."}},
    ),
    "AI SDK, OpenAI's provider": (
        dict(
            messages=[{"role": "developer", "content": "Be brief."}, *plain()[1:]], tools=TOOLS, tool_choice="auto",
            parallel_tool_calls=True, reasoning_effort="low", store=False, metadata={"a": "b"}, max_completion_tokens=2,
            stream=True, stream_options={"include_usage": True}),
        {0: {"role": "developer"}},
    ),
    "openai-node, runTools": (
        dict(
            messages=[
                *plain()[:2],
                {"role": "assistant", "content": None, "refusal": None, "annotations": [], "parsed": None,
                 "tool_calls": [{**CALLS[0], "function": {**CALL, "parsed_arguments": None}}]},
                *plain()[3:]],
            tools=TOOLS, tool_choice="auto", stream=False, max_completion_tokens=2),
        {},
    ),
    "openai-java": (
        dict(messages=[*plain()[:1], *in_parts(plain()[1:2]), *without_empty(plain()[2:3]), *in_parts(plain()[3:])],
             tools=TOOLS, max_completion_tokens=2),
        {},
    ),
    "langchain4j": (
        dict(messages=without_empty(plain()), tools=TOOLS, stream=True, stream_options={"include_usage": True}, temperature=0.7,
             max_tokens=2),
        {},
    ),
    "Spring AI": (
        dict(
            messages=[
                {"content": "Be brief.", "role": "system"}, {"content": "Warm in Zürich?", "role": "user"},
                {"content": "", "role": "assistant", "tool_calls": INDEXED},
                {"content": "21", "role": "tool", "name": "weather", "tool_call_id": "call_1"},
                {"content": "It is.", "role": "assistant"}, {"content": "And now?", "role": "user"}],
            tools=TOOLS, stream=False, temperature=0.7, max_tokens=2),
        {3: {"name": "weather"}},
    ),
    "Azure, all null": (
        dict(messages=filled(without_empty(plain()), **NULLS), tools=TOOLS, **ALL_NULL, max_completion_tokens=2),
        {},
    ),
    "Azure, all null, parts too": (
        dict(messages=filled(in_parts(plain(), image_url=None, refusal=None), **NULLS), tools=None, stream=None, **ALL_NULL,
             max_completion_tokens=2),
        {2: {"content": []}},
    ),
    "OpenAI for .NET": (
        dict(messages=in_parts(plain()[:2]) + without_empty(plain())[2:], tools=TOOLS, tool_choice="auto", stream=True,
             stream_options={"include_usage": True}, max_completion_tokens=2),
        {},
    ),
    "Semantic Kernel": (
        dict(
            messages=without_empty(plain(user={"name": "Ann"}, assistant={"name": "Bot"})), tools=TOOLS, tool_choice="auto",
            stream=False, user="", max_tokens=2),
        {1: {"name": "Ann"}, 2: {"name": "Bot"}, 4: {"name": "Bot"}, 5: {"name": "Ann"}},
    ),
    "Go, zero values": (
        dict(
            messages=filled(plain(), name="", refusal="", tool_calls=None, tool_call_id="", function_call=None), tools=TOOLS,
            stream=False, temperature=0, top_p=1, n=1, presence_penalty=0, frequency_penalty=0, logit_bias=None, user="",
            stop=None, max_tokens=2),
        {},
    ),
    "Go, empty arrays": (
        dict(
            messages=filled(plain(), tool_calls=[], function_call={}, annotations=[]), tools=TOOLS, functions=[], stop=[],
            logit_bias={}, metadata={}, max_tokens=2),
        {},
    ),
    "openai-go": (
        dict(messages=[{**message, "content": message["content"] and [{"text": message["content"], "type": "text"}]}
                       for message in plain()], tools=TOOLS, max_completion_tokens=2),
        {},
    ),
    "a stream put together": (
        dict(
            messages=plain()[:2] + [{"role": "assistant", "content": "", "reasoning_content": "I ask.", "tool_calls": INDEXED}]
            + plain()[3:], tools=TOOLS, stream=True, max_tokens=2),
        {2: {"reasoning_content": "I ask."}},
    ),
    "Continue": (
        dict(messages=in_parts(plain()[:2]) + plain(assistant={"content": " "})[2:4] + plain()[4:], tools=TOOLS, stream=True,
             max_tokens=2),
        {2: {"content": [" "]}},
    ),
    "Cline": (
        dict(
            messages=plain()[:5] + [{"role": "user", "content": [
                {"type": "text", "text": "<task>\nAnd now?\n</task>"}, {"type": "text", "text": "<environment/>"}]}],
            stream=True, stream_options={"include_usage": True}, temperature=0, max_tokens=2),
        {5: {"content": ["<task>\nAnd now?\n</task>", "<environment/>"]}},
    ),
    "LlamaIndex": (
        dict(messages=filled(without_empty(plain(tool={"name": "weather"})), content=None), tools=TOOLS, tool_choice="auto",
             stream=False, max_tokens=2, temperature=0.1),
        {3: {"name": "weather"}},
    ),
    "a refusal as a part": (
        dict(messages=plain()[:4] + [{"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}] + plain()[5:],
             max_tokens=2),
        {4: {"content": ["No."]}},
    ),
}


@BOTH
@pytest.mark.parametrize("shape", SHAPES)
def test_bodies_in_the_style_of_other_clients_are_taken(server, model, shape):
    body, changes = SHAPES[shape]
    body = {"model": model, **body}
    conversation = [{**message, **changes.get(index, {})} for index, message in enumerate(ASKED)]
    answer = HTTP.post(server.url + "/v1/chat/completions", json=body)
    assert answer.status_code == 200 and '"error"' not in answer.text, answer.text
    assert answer.text.endswith("data: [DONE]\n\n") == bool(body.get("stream"))
    check(server, body, conversation, body.get("tools"))
