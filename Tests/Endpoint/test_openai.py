"""The official client of OpenAI against the server: what it asks for, and what it makes of the answers."""

import asyncio
import base64
import json
import struct
import subprocess
import threading
import time

import httpx
import openai
import pytest
import whole_stream
from conftest import LLMGEN, MODEL, ROOT

STORY = "Once upon a time there was a king who had three sons."
CHAT = [{"role": "system", "content": "Tell a story."}, {"role": "user", "content": "Who lives in the castle?"}]


def generate(*arguments):
    """What `llmgen generate --json` says."""
    output = subprocess.run(
        [LLMGEN, "generate", "--json", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return json.loads(output.splitlines()[-1])


# Completions


def test_a_completion_is_what_generate_says(client):
    answer = client.completions.create(model=MODEL, prompt=STORY, max_tokens=24, temperature=0)
    expected = generate(STORY, "--max-tokens", "24", "--temperature", "0")
    assert answer.choices[0].text == expected["outputs"][0]["text"]
    assert answer.usage.prompt_tokens == expected["usage"]["prompt_tokens"]
    assert answer.usage.completion_tokens == 24
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 24
    assert (answer.object, answer.model, answer.choices[0].finish_reason) == ("text_completion", MODEL, "length")


def test_without_max_tokens_a_completion_has_16(client):
    assert client.completions.create(model=MODEL, prompt=STORY, extra_body={"ignore_eos": True}).usage.completion_tokens == 16


def test_a_seed_fixes_the_text_and_n_gives_as_many(client):
    ask = dict(model=MODEL, prompt=STORY, max_tokens=12, temperature=0.9, seed=7, n=3)
    first, second = client.completions.create(**ask), client.completions.create(**ask)
    texts = [choice.text for choice in first.choices]
    assert texts == [choice.text for choice in second.choices]
    assert len(set(texts)) == 3 and [choice.index for choice in first.choices] == [0, 1, 2]
    expected = generate(STORY, "--max-tokens", "12", "--temperature", "0.9", "--seed", "7", "--n", "3")
    assert texts == [output["text"] for output in expected["outputs"]]


def test_several_prompts_have_choices_in_their_order(client):
    prompts = ["Once upon a time", "The wolf", "In the forest"]
    answer = client.completions.create(model=MODEL, prompt=prompts, max_tokens=8, temperature=0, n=1)
    alone = [client.completions.create(model=MODEL, prompt=p, max_tokens=8, temperature=0).choices[0].text for p in prompts]
    assert [choice.text for choice in answer.choices] == alone


def test_token_ids_are_a_prompt(client, server):
    ids = server.post("/tokenize", {"prompt": STORY}).json()["tokens"]
    by_ids = client.completions.create(model=MODEL, prompt=ids, max_tokens=8, temperature=0)
    by_text = client.completions.create(model=MODEL, prompt=STORY, max_tokens=8, temperature=0)
    assert by_ids.choices[0].text == by_text.choices[0].text
    both = client.completions.create(model=MODEL, prompt=[ids, ids[:5]], max_tokens=8, temperature=0)
    assert both.choices[0].text == by_text.choices[0].text and len(both.choices) == 2


def test_a_stop_string_ends_the_text_before_it(client):
    free = client.completions.create(model=MODEL, prompt=STORY, max_tokens=40, temperature=0).choices[0].text
    stop = free.split()[4]
    answer = client.completions.create(model=MODEL, prompt=STORY, max_tokens=40, temperature=0, stop=[stop, "\x00nowhere"])
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].text == free[: free.index(stop)]


def test_log_probabilities_of_a_completion(client):
    answer = client.completions.create(model=MODEL, prompt=STORY, max_tokens=6, temperature=0, logprobs=3)
    logprobs = answer.choices[0].logprobs
    assert len(logprobs.tokens) == len(logprobs.token_logprobs) == len(logprobs.top_logprobs) == len(logprobs.text_offset) == 6
    for token, logprob, top in zip(logprobs.tokens, logprobs.token_logprobs, logprobs.top_logprobs):
        assert top[token] == logprob == max(top.values()) and 3 <= len(top) <= 4
    assert logprobs.text_offset == sorted(logprobs.text_offset)


def test_echo_gives_the_prompt_and_its_log_probabilities(client):
    answer = client.completions.create(model=MODEL, prompt=STORY, max_tokens=0, temperature=0, echo=True, logprobs=0)
    choice = answer.choices[0]
    assert choice.text == STORY and answer.usage.completion_tokens == 0
    assert len(choice.logprobs.tokens) == answer.usage.prompt_tokens
    assert choice.logprobs.token_logprobs[0] is None and all(p <= 0 for p in choice.logprobs.token_logprobs[1:])
    longer = client.completions.create(model=MODEL, prompt=STORY, max_tokens=4, temperature=0, echo=True)
    assert longer.choices[0].text.startswith(STORY) and len(longer.choices[0].text) > len(STORY)


def test_streamed_texts_joined_are_the_text(client):
    ask = dict(model=MODEL, prompt=STORY, max_tokens=30, temperature=0.8, seed=3, n=2)
    whole = client.completions.create(**ask)
    texts, reasons, usage = ["", ""], [None, None], None
    for chunk in client.completions.create(**ask, stream=True, stream_options={"include_usage": True}):
        if chunk.usage:
            usage = chunk.usage
        for choice in chunk.choices:
            texts[choice.index] += choice.text
            reasons[choice.index] = choice.finish_reason or reasons[choice.index]
    assert texts == [choice.text for choice in whole.choices]
    assert reasons == [choice.finish_reason for choice in whole.choices]
    assert (usage.prompt_tokens, usage.completion_tokens) == (whole.usage.prompt_tokens, whole.usage.completion_tokens)


def test_continuous_usage_counts_up(client):
    stream = client.completions.create(
        model=MODEL, prompt=STORY, max_tokens=5, temperature=0, stream=True,
        stream_options={"include_usage": True, "continuous_usage_stats": True})
    assert [chunk.usage.completion_tokens for chunk in stream] == [1, 2, 3, 4, 5, 5]


def test_beams_come_in_the_order_of_their_score(client):
    answer = client.completions.create(
        model=MODEL, prompt=STORY, max_tokens=8, n=3, extra_body={"use_beam_search": True})
    scores = [choice.cumulative_logprob for choice in answer.choices]
    assert len(scores) == 3 and scores == sorted(scores, reverse=True)


def test_prompts_that_begin_alike_come_from_the_cache(client):
    prompt = "A tale of the cache. " * 20
    client.completions.create(model=MODEL, prompt=prompt, max_tokens=1)
    usage = client.completions.create(model=MODEL, prompt=prompt + "And then", max_tokens=1).usage
    assert usage.prompt_tokens_details.cached_tokens >= 64
    other = client.completions.create(model=MODEL, prompt=prompt, max_tokens=1, extra_body={"cache_salt": "other"})
    assert other.usage.prompt_tokens_details.cached_tokens == 0


# Chat


def test_a_chat_is_the_completion_of_its_template(client, server):
    answer = client.chat.completions.create(model=MODEL, messages=CHAT, max_completion_tokens=16, temperature=0)
    ids = server.post("/tokenize", {"messages": CHAT}).json()["tokens"]
    same = client.completions.create(model=MODEL, prompt=ids, max_tokens=16, temperature=0)
    assert answer.choices[0].message.content == same.choices[0].text
    assert (answer.object, answer.choices[0].message.role) == ("chat.completion", "assistant")


def test_parts_of_text_are_a_text(client):
    parts = [{"role": "user", "content": [{"type": "text", "text": "Who lives"}, {"type": "text", "text": "there?"}]}]
    joined = [{"role": "user", "content": "Who lives\nthere?"}]
    ask = dict(model=MODEL, max_tokens=8, temperature=0)
    assert (
        client.chat.completions.create(messages=parts, **ask).choices[0].message.content
        == client.chat.completions.create(messages=joined, **ask).choices[0].message.content
    )


def test_a_streamed_chat_has_a_role_first_and_a_reason_last(client):
    ask = dict(model=MODEL, messages=CHAT, max_tokens=10, temperature=0)
    chunks = list(client.chat.completions.create(**ask, stream=True))
    assert chunks[0].choices[0].delta.role == "assistant" and chunks[-1].choices[0].finish_reason == "length"
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    text = "".join(chunk.choices[0].delta.content for chunk in chunks)
    assert text == client.chat.completions.create(**ask).choices[0].message.content


def test_log_probabilities_of_a_chat(client):
    answer = client.chat.completions.create(
        model=MODEL, messages=CHAT, max_tokens=4, temperature=0, logprobs=True, top_logprobs=2)
    content = answer.choices[0].logprobs.content
    assert len(content) == 4
    for token in content:
        assert token.logprob == token.top_logprobs[0].logprob and len(token.top_logprobs) == 2
        assert bytes(token.bytes).decode(errors="replace") == token.token


# Responses


def test_a_response_is_the_chat_of_its_input(client):
    response = client.responses.create(
        model=MODEL, input="Who lives in the castle?", instructions="Tell a story.", max_output_tokens=12,
        temperature=0, store=False, metadata={"for": "test"})
    chat = client.chat.completions.create(model=MODEL, messages=CHAT, max_tokens=12, temperature=0)
    assert response.output_text == chat.choices[0].message.content
    assert response.status == "incomplete" and response.incomplete_details.reason == "max_output_tokens"
    assert response.usage.output_tokens == 12 and response.metadata == {"for": "test"}


def test_events_of_a_streamed_response(client):
    ask = dict(model=MODEL, input=[{"role": "user", "content": "Who?"}], max_output_tokens=6, temperature=0)
    events = list(client.responses.create(**ask, stream=True))
    kinds = [event.type for event in events]
    assert kinds[:4] == [
        "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"]
    assert kinds[-4:] == [
        "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.incomplete"]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    deltas = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert deltas == events[-1].response.output_text == client.responses.create(**ask).output_text


# Models and embeddings


def test_models(client):
    assert [model.id for model in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).max_model_len == 1024
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nobody")


def test_embeddings_are_unit_vectors(client, server):
    texts = ["a king", "a queen", "the sea"]
    answer = client.embeddings.create(model=MODEL, input=texts)
    vectors = [item.embedding for item in answer.data]
    assert len({len(vector) for vector in vectors}) == 1 and len(vectors) == 3
    assert all(abs(sum(x * x for x in vector) - 1) < 1e-5 for vector in vectors)
    raw = server.post("/v1/embeddings", {"input": texts[0], "encoding_format": "base64"}).json()["data"][0]["embedding"]
    bytes_ = base64.b64decode(raw)
    assert list(struct.unpack(f"<{len(bytes_) // 4}f", bytes_)) == pytest.approx(vectors[0], abs=0)
    assert client.embeddings.create(model=MODEL, input=texts[0], encoding_format="float").data[0].embedding == pytest.approx(vectors[0], rel=1e-6)
    last = client.embeddings.create(model=MODEL, input=texts[0], extra_body={"pooling": "last"}).data[0].embedding
    assert last != vectors[0]


def test_embeddings_can_be_cut(client, server):
    whole = client.embeddings.create(model=MODEL, input="a king", extra_body={"normalize": False}).data[0].embedding
    cut = client.embeddings.create(model=MODEL, input="a king", dimensions=16).data[0].embedding
    length = sum(x * x for x in whole[:16]) ** 0.5
    assert cut == pytest.approx([x / length for x in whole[:16]], abs=1e-6)
    with pytest.raises(openai.BadRequestError) as error:
        client.embeddings.create(model=MODEL, input="a king", dimensions=100_000)
    assert error.value.param == "dimensions" and f"1 to {len(whole)}" in error.value.message
    short = client.embeddings.create(model=MODEL, input="a king and a queen", extra_body={"truncate_prompt_tokens": 2})
    assert short.usage.prompt_tokens == 2
    with pytest.raises(openai.BadRequestError) as error:
        client.embeddings.create(model=MODEL, input="a king", extra_body={"prompt_name": "query"})
    assert error.value.param == "prompt_name" and "no prompts" in error.value.message
    own = client.embeddings.create(model=MODEL, input="king", extra_body={"prompt": "a "}).data[0].embedding
    assert own == client.embeddings.create(model=MODEL, input="a king").data[0].embedding


# Errors


@pytest.mark.parametrize(
    "body, param",
    [
        ({"prompt": STORY, "temperature": 3}, "temperature"),
        ({"prompt": STORY, "top_p": -0.5}, "top_p"),
        ({"prompt": STORY, "max_tokens": -1}, "max_tokens"),
        ({"prompt": STORY, "n": 0}, "n"),
        ({"prompt": STORY, "logit_bias": {"x": 1}}, "logit_bias"),
        ({"prompt": STORY, "stop": [""]}, "stop"),
        ({"prompt": STORY, "suffix": "end"}, "suffix"),
        ({"prompt": STORY, "response_format": {"type": "xml"}}, "response_format.type"),
        ({"prompt": STORY, "wings": 2}, "wings"),
        ({"prompt": 5}, "prompt"),
        ({"prompt": [-1]}, "prompt"),
        ({"prompt": [10**9]}, "prompt"),
        ({}, "prompt"),
        ({"prompt": "a " * 3000}, "prompt"),
        ({"prompt": STORY, "max_tokens": 5000}, "max_tokens"),
        ({"prompt": STORY, "stream": "yes"}, "stream"),
        ({"prompt": STORY, "timeout": 0}, "timeout"),
        ({"prompt": [STORY] * 200}, "n"),
    ],
)
def test_a_wrong_request_is_400_and_names_the_field(server, body, param):
    answer = server.post("/v1/completions", body)
    error = answer.json()["error"]
    assert answer.status_code == 400, error
    assert set(error) == {"message", "type", "param", "code"} and error["type"] == "invalid_request_error"
    assert error["param"] == param, error
    assert error["message"]


def test_errors_of_the_client(client):
    with pytest.raises(openai.BadRequestError) as error:
        client.completions.create(model=MODEL, prompt=STORY, temperature=9)
    assert error.value.param == "temperature" and error.value.request_id
    with pytest.raises(openai.NotFoundError) as error:
        client.completions.create(model="nobody", prompt=STORY)
    assert error.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}])


def test_other_statuses(server):
    assert server.get("/nowhere").status_code == 404
    wrong = server.get("/v1/completions")
    assert wrong.status_code == 405 and wrong.headers["allow"] == "POST"
    assert httpx.post(server.url + "/v1/completions", content="x=1", headers={"content-type": "text/plain"}).status_code == 415
    assert httpx.post(server.url + "/v1/completions", content="{", headers={"content-type": "application/json"}).status_code == 400
    assert server.post("/v1/completions", {"prompt": "x" * (9 << 20)}).status_code == 413


def test_request_ids_go_in_and_out(server):
    assert server.get("/version", headers={"x-request-id": "mine-1"}).headers["x-request-id"] == "mine-1"
    assert server.get("/version").headers["x-request-id"].startswith("req-")
    assert server.get("/version", headers={"x-request-id": "bad id"}).headers["x-request-id"] != "bad id"


# Time


def test_a_timeout_of_the_request_ends_it_with_what_it_has(client):
    answer = client.completions.create(
        model=MODEL, prompt=STORY, max_tokens=900, n=1, extra_body={"ignore_eos": True, "timeout": 0.05})
    assert answer.choices[0].finish_reason == "length" and answer.usage.completion_tokens < 900
    assert answer.choices[0].stop_reason == "timeout"


def test_a_timeout_of_the_client_frees_the_blocks(client, server):
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.1).completions.create(
            model=MODEL, prompt=STORY, max_tokens=900, n=32, temperature=1, extra_body={"ignore_eos": True})
    assert server.idle(5)


def test_leaving_a_stream_frees_the_blocks(client, server):
    stream = client.completions.create(
        model=MODEL, prompt=STORY, max_tokens=900, n=16, temperature=1, stream=True, extra_body={"ignore_eos": True})
    next(iter(stream))
    assert server.metric("llmgen_kv_blocks_used") > 0
    stream.close()
    assert server.idle(5)


def test_64_streams_at_once_are_what_they_are_alone(server):
    """The asynchronous client, 64 mixed requests at once, each as `llmgen generate` says it."""
    cases = [
        dict(prompt=f"Once upon a time there was a {who}", max_tokens=10 + 3 * i % 40, temperature=0.9 * (i % 4 != 0), seed=i)
        for i, who in enumerate(["king", "wolf", "fisherman", "girl", "fox", "giant", "prince", "witch"] * 8)
    ]
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    path = ROOT / ".build" / "endpoint-cases.jsonl"
    path.write_text(lines)
    output = subprocess.run(
        [LLMGEN, "generate", "--prompt-file", str(path), "--jsonl", "--json"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    expected = [json.loads(line)["outputs"][0]["text"] for line in output.splitlines()]

    async def ask(client, case):
        text = ""
        async for chunk in await client.completions.create(model=MODEL, stream=True, **case):
            text += chunk.choices[0].text
        return text

    async def all_at_once():
        async with openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0, timeout=300) as client:
            return await asyncio.gather(*(ask(client, case) for case in cases))

    assert asyncio.run(all_at_once()) == expected


def test_a_stream_joined_is_the_whole_answer(server):
    found, requests = whole_stream.differences(server, 150, seed=20261127)
    assert not found and len(requests.fields) > 60 and requests.refused < 15
