"""Answers that have a form: what OpenAI's client, jsonschema and re make of them. The model knows nothing of forms."""

import json
import re
from typing import Literal

import jsonschema
from openai.lib._pydantic import to_strict_json_schema
import pydantic
import pytest
from conftest import MODEL

CHAT = [{"role": "user", "content": "Who lives in the castle?"}]
STORY = "Once upon a time there was a king who had three sons."


class Room(pydantic.BaseModel):
    name: str = pydantic.Field(pattern="^[A-Z][a-z]{1,19}$")
    floor: int = pydantic.Field(ge=-1, le=9)


class Castle(pydantic.BaseModel):
    """A castle."""

    owner: str = pydantic.Field(description="Who lives there.", pattern="^[A-Za-z ]{1,30}$")
    kind: Literal["ruin", "palace", "tower"]
    keep: Room
    rooms: list[Room] = pydantic.Field(max_length=3)
    age: int | None


def test_parse_gives_the_model_that_was_asked_for(client):
    for seed in range(6):
        answer = client.chat.completions.parse(
            model=MODEL, messages=CHAT, response_format=Castle, temperature=1.5, seed=seed, max_tokens=600
        )
        choice = answer.choices[0]
        assert choice.finish_reason == "stop"
        assert isinstance(choice.message.parsed, Castle)
        assert choice.message.parsed == Castle.model_validate_json(choice.message.content)


def test_parse_of_a_stream_gives_the_same(client):
    ask = dict(model=MODEL, messages=CHAT, response_format=Castle, temperature=1.5, seed=3, max_tokens=600)
    whole = client.chat.completions.parse(**ask).choices[0].message
    with client.chat.completions.stream(**ask) as stream:
        for _ in stream:
            pass
        streamed = stream.get_final_completion().choices[0].message
    assert streamed.parsed == whole.parsed
    assert streamed.content == whole.content


def test_responses_parse(client):
    answer = client.responses.parse(
        model=MODEL, input="Who lives in the castle?", text_format=Castle, temperature=1.5, max_output_tokens=600
    )
    assert isinstance(answer.output_parsed, Castle)
    assert answer.text.format.type == "json_schema"


SCHEMAS = [
    {"type": "array", "items": {"type": "integer", "minimum": -5, "maximum": 5}, "maxItems": 6, "uniqueItems": True},
    {"type": "object", "properties": {"when": {"type": "string", "format": "date"}}, "required": ["when"],
     "additionalProperties": False},
    {"oneOf": [{"type": "integer", "multipleOf": 3, "minimum": 0, "maximum": 99}, {"enum": ["three", None]}]},
    {"type": "object", "properties": {"a": {"type": "boolean"}, "b": {"type": "boolean"}}, "minProperties": 1,
     "additionalProperties": False, "not": {"required": ["a", "b"]}},
]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_answers_are_valid(client, schema):
    format_checker = jsonschema.FormatChecker()
    answer = client.completions.create(
        model=MODEL, prompt=STORY, n=8, temperature=2, seed=5, max_tokens=300,
        extra_body={"structured_outputs": {"json": schema}},
    )
    for choice in answer.choices:
        assert choice.finish_reason == "stop", choice.text
        jsonschema.validate(json.loads(choice.text), schema, format_checker=format_checker)


def test_json_mode_gives_an_object(client):
    answer = client.chat.completions.create(
        model=MODEL, messages=CHAT, response_format={"type": "json_object"}, temperature=0.7, seed=2, max_tokens=900
    )
    if answer.choices[0].finish_reason == "stop":
        assert isinstance(json.loads(answer.choices[0].message.content), dict)
    assert answer.choices[0].message.content.startswith("{")


@pytest.mark.parametrize(
    "form, has",
    [
        ({"regex": "(red|green) [0-9]{2,4}"}, lambda text: re.fullmatch("(red|green) [0-9]{2,4}", text)),
        ({"choice": ["yes", "no", "perhaps"]}, lambda text: text in ("yes", "no", "perhaps")),
        ({"grammar": 'root ::= "<" [a-f]{3} (" " [a-f]{3}){0,2} ">"'},
         lambda text: re.fullmatch("<[a-f]{3}( [a-f]{3}){0,2}>", text)),
        ({"json": '{"type": "array", "maxItems": 2, "items": {"const": 1}}', "disable_any_whitespace": True},
         lambda text: text in ("[]", "[1]", "[1,1]")),
    ],
)
def test_forms_of_vllm(client, form, has):
    answer = client.chat.completions.create(
        model=MODEL, messages=CHAT, n=6, temperature=2, seed=1, max_tokens=60, extra_body={"structured_outputs": form}
    )
    for choice in answer.choices:
        assert choice.finish_reason == "stop"
        assert has(choice.message.content), choice.message.content


OPEN = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.mark.parametrize(
    "form, param, word",
    [
        ({"response_format": {"type": "xml"}}, "response_format.type", "xml"),
        ({"response_format": {}}, "response_format.type", "missing"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema", "missing"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a b", "schema": {}}}},
         "response_format.json_schema.name", "a b"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": OPEN, "strict": True}}},
         "response_format.json_schema.schema", "additionalProperties"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "strin"}}}},
         "response_format.json_schema.schema", "#/type"),
        ({"structured_outputs": {}}, "structured_outputs", "exactly one"),
        ({"structured_outputs": {"regex": "a", "choice": ["b"]}}, "structured_outputs", "exactly one"),
        ({"structured_outputs": {"regex": "(a"}}, "structured_outputs.regex", "(a"),
        ({"structured_outputs": {"choice": []}}, "structured_outputs.choice", "at least one"),
        ({"structured_outputs": {"json_object": False}}, "structured_outputs.json_object", "true"),
        ({"structured_outputs": {"grammar": "root ::= king"}}, "structured_outputs.grammar", "king"),
        ({"structured_outputs": {"json": {"$ref": "http://example.com/a"}}}, "structured_outputs.json", "#"),
        ({"structured_outputs": {"regex": "a", "whitespace_pattern": " "}}, "structured_outputs", "white space"),
        ({"structured_outputs": {"regex": "a"}, "response_format": {"type": "json_object"}}, "structured_outputs", "both"),
        ({"structured_outputs": {"regex": "a"}, "use_beam_search": True, "n": 2}, "structured_outputs.regex", "beam"),
        ({"guided_json": {}}, "guided_json", "structured_outputs.json"),
        ({"guided_regex": "a"}, "guided_regex", "structured_outputs.regex"),
    ],
)
def test_forms_that_cannot_be_kept_are_refused_with_their_place(server, form, param, word):
    answer = server.post("/v1/chat/completions", {"messages": CHAT, "max_tokens": 4, **form})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == param
    assert word in answer.json()["error"]["message"]


def test_strict_takes_keywords_that_are_kept_and_names_each_place_that_breaks_its_rules(server):
    def ask(schema):
        form = {"type": "json_schema", "json_schema": {"name": "a", "strict": True, "schema": schema}}
        return server.post(
            "/v1/chat/completions", {"messages": CHAT, "max_tokens": 40, "temperature": 1, "response_format": form})

    word = {"type": "string", "minLength": 2, "maxLength": 3, "not": {"const": "no"}}
    closed = {"type": "object", "properties": {"a": word}, "required": ["a"], "additionalProperties": False}
    assert ask(closed).status_code == 200
    message = ask({**closed, "required": [], "additionalProperties": True}).json()["error"]["message"]
    assert "additionalProperties" in message and "#/properties/a" in message


def test_a_lenient_schema_says_what_it_leaves_out(server):
    ask = {"messages": CHAT, "max_tokens": 8}
    schema = {"type": "object", "properties": {"a": {"$ref": "http://example.com/a"}}}
    answer = server.post("/v1/chat/completions", {**ask, "structured_outputs": {"json": schema, "lenient": True}})
    assert answer.status_code == 200
    assert "#/properties/a" in answer.headers["x-format-notes"]
    exact = server.post("/v1/chat/completions", {**ask, "structured_outputs": {"json": True}})
    assert exact.status_code == 200 and "x-format-notes" not in exact.headers


def test_a_strict_schema_of_the_client_is_taken(client):
    answer = client.chat.completions.create(
        model=MODEL, messages=CHAT, seed=4, max_tokens=400,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "room", "strict": True, "schema": to_strict_json_schema(Room)},
        },
    )
    Room.model_validate_json(answer.choices[0].message.content)
