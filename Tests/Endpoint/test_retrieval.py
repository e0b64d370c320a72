"""Models that embed and rerank, behind the endpoint: small random ones, so that only what is done with them is of interest."""

import json

import openai
import pytest

from conftest import ROOT, Server

FIXTURES = ROOT / "Tests/Fixtures/embeddings"
PAIRS = json.loads((FIXTURES / "qwen3-reranker/reference.json").read_text())["entries"]
EMBEDDED = json.loads((FIXTURES / "qwen3-embedding/reference.json").read_text())


@pytest.fixture(scope="module")
def served():
    server = Server(
        *(option for name in ("qwen3-reranker", "qwen3-embedding") for option in ("--model", str(FIXTURES / name))),
        "--compute-dtype", "float32")
    yield server
    assert server.idle(), "blocks are still in use"
    assert server.stop() == 0, server.log


def embeddings(served, **body):
    client = openai.OpenAI(base_url=served.url + "/v1", api_key="none", max_retries=0, timeout=120)
    answer = client.embeddings.create(model="qwen3-embedding", input=EMBEDDED["texts"], **body)
    return [item.embedding for item in answer.data]


@pytest.mark.parametrize("case", [case for case in EMBEDDED["cases"] if case["normalizes"] and not case["dense"]])
def test_vectors_are_those_of_sentence_transformers(served, case):
    body = {name: case[name] for name in ("prompt_name", "prompt") if case[name] is not None}
    dimensions = {"dimensions": case["dimensions"]} if case["dimensions"] else {}
    for one, other in zip(embeddings(served, extra_body=body, **dimensions), case["vectors"], strict=True):
        assert one == pytest.approx(other, abs=2e-5)


@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank", "/rerank"])
def test_documents_come_best_first(served, path):
    documents = [pair["document"] for pair in PAIRS[:2]]
    body = {"model": "qwen3-reranker", "query": PAIRS[0]["query"], "documents": [documents[0], {"text": documents[1]}]}
    answer = served.post(path, body).json()
    scores = sorted(((pair["score"], index) for index, pair in enumerate(PAIRS[:2])), reverse=True)
    assert [result["index"] for result in answer["results"]] == [index for _, index in scores]
    assert [result["relevance_score"] for result in answer["results"]] == pytest.approx(
        [score for score, _ in scores], abs=1e-5)
    assert [result["document"]["text"] for result in answer["results"]] == [documents[index] for _, index in scores]
    assert answer["usage"]["prompt_tokens"] == sum(len(pair["tokens"]) for pair in PAIRS[:2])
    short = served.post(path, {**body, "top_n": 1, "return_documents": False}).json()["results"]
    assert short == [{name: answer["results"][0][name] for name in ("index", "relevance_score")}]


@pytest.mark.parametrize("path", ["/v1/score", "/score"])
@pytest.mark.parametrize("names", [("text_1", "text_2"), ("queries", "documents"), ("queries", "items"), ("data_1", "data_2")])
def test_pairs_are_scored(served, path, names):
    one, other = names
    body = {one: [pair["query"] for pair in PAIRS], other: [pair["document"] for pair in PAIRS]}
    answer = served.post(path, body).json()
    assert [item["index"] for item in answer["data"]] == list(range(len(PAIRS)))
    assert [item["score"] for item in answer["data"]] == pytest.approx([pair["score"] for pair in PAIRS], abs=1e-5)
    single = served.post(path, {one: PAIRS[0]["query"], other: [pair["document"] for pair in PAIRS[:2]]}).json()["data"]
    assert single == answer["data"][:2]


def test_a_model_that_embeds_scores_by_cosine(served):
    texts, vectors = EMBEDDED["texts"], EMBEDDED["cases"][0]["vectors"]  # of length 1
    cosines = [sum(x * y for x, y in zip(vectors[0], vector)) for vector in vectors]
    answer = served.post("/v1/score", {"model": "qwen3-embedding", "text_1": texts[0], "text_2": texts}).json()
    assert [item["score"] for item in answer["data"]] == pytest.approx(cosines, abs=1e-4)
    ranked = served.post("/v1/rerank", {"model": "qwen3-embedding", "query": texts[0], "documents": texts}).json()["results"]
    assert ranked[0]["index"] == 0 and len(ranked) == len(texts)


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1/rerank", {"query": "a"}, "documents"),
        ("/v1/rerank", {"query": "a", "documents": []}, "documents"),
        ("/v1/rerank", {"query": ["a", "b"], "documents": ["c"]}, "query"),
        ("/v1/rerank", {"query": "a", "documents": ["b", 1]}, "documents[1]"),
        ("/v1/rerank", {"query": "a", "documents": [{"title": "b"}]}, "documents[0].text"),
        ("/v1/rerank", {"query": "a", "documents": ["b"], "top_n": -1}, "top_n"),
        ("/v1/rerank", {"query": "a", "documents": ["b"], "stream": True}, "stream"),
        ("/v1/rerank", {"query": "a", "documents": ["b"], "rank_fields": ["c"]}, "rank_fields"),
        ("/v1/rerank", {"query": "a", "documents": ["b" * 2000]}, "documents"),
        ("/v1/rerank", {"query": "a", "documents": ["b"], "model": "qwen3-embedding", "instruction": "c"}, "instruction"),
        ("/v1/score", {"text_1": ["a", "b"], "text_2": ["c", "d", "e"]}, "text_1"),
        ("/v1/score", {"text_1": "a"}, "text_2"),
        ("/v1/score", {"text_1": "a", "text_2": "b", "truncate_prompt_tokens": 3}, "truncate_prompt_tokens"),
        ("/v1/completions", {"prompt": "a", "model": "qwen3-embedding"}, "model"),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a"}], "model": "qwen3-embedding"}, "model"),
        ("/v1/embeddings", {"input": "a", "model": "qwen3-embedding", "prompt_name": "x"}, "prompt_name"),
        ("/v1/embeddings", {"input": "a", "model": "qwen3-embedding", "prompt_name": "query", "prompt": "a"}, "prompt_name"),
    ],
)
def test_what_is_wrong_is_named(served, path, body, param):
    answer = served.post(path, body)
    assert answer.status_code == 400 and answer.json()["error"]["param"] == param, answer.text
