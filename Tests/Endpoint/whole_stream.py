"""Whole answers beside streams: python whole_stream.py --requests 2000 --seed 1

Each request is made at random from the fields of /openapi.json and sent twice, as it is and as a stream. The pieces of the
stream, joined, must be the whole answer, member by member; a refusal must be the same refusal.
"""

import argparse
import collections
import concurrent.futures
import itertools
import json
import random
import sys

from conftest import TEMPLATE, Server

ROUTES = {"/v1/completions": "max_tokens", "/v1/chat/completions": "max_completion_tokens",
          "/v1/responses": "max_output_tokens"}
TEXTS = ["Once upon a time", "é ü", "The king said: \"", "A", "x\n\n1 2 3", "日本 👩‍👩‍👧", "  ", "<s>Once</s>", "She" * 40]
STOPS = [" the", "a", ".", "\n", "king", " and she"]
# What makes two answers differ, has no stream, or is sent by `request` itself.
FIXED = {"model", "request_id", "timeout", "cache_salt", "stream", "stream_options", "use_beam_search", "seed", "best_of"}


class Requests:
    """Requests made from a seed and a number."""

    def __init__(self, seed, description):
        self.seed, self.description = seed, description
        self.fields, self.refused = collections.Counter(), 0

    def resolved(self, schema):
        while "$ref" in schema:
            schema = self.description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema

    def properties(self, path):
        body = self.description["paths"][path]["post"]["requestBody"]
        return self.resolved(body["content"]["application/json"]["schema"])["properties"]

    def request(self, number):
        rng = random.Random(f"{self.seed} {number}")
        path = rng.choice(list(ROUTES))
        # A stream's name for nothing generated is another than the whole's.
        body = {"seed": rng.randrange(1 << 40), ROUTES[path]: rng.randrange(1, 24)}
        share = rng.choice([0.02, 0.05, 0.1, 0.2])
        for name, schema in self.properties(path).items():
            if name not in FIXED and name not in body and (rng.random() < share or name in ("prompt", "messages", "input")):
                body[name] = self.value(rng, name, self.resolved(schema))
        if "allowed_token_ids" in body:
            # Together they may leave no token at some place: a status in the one, an event of the stream in the other.
            for name in ("structured_outputs", "response_format", "text"): body.pop(name, None)
        if "top_logprobs" in body and path == "/v1/chat/completions":
            body["logprobs"] = True
        if "top_logprobs" in body and path == "/v1/responses":
            body["include"] = ["message.output_text.logprobs"]
        self.fields.update(body.keys())
        return path, body

    def value(self, rng, name, schema):
        match name:
            case "prompt":
                one = lambda: rng.choice([rng.choice(TEXTS), [rng.randrange(3, 4096) for _ in range(rng.randrange(1, 9))]])
                return rng.choice([one(), [rng.choice(TEXTS) for _ in range(rng.randrange(1, 4))]])
            case "messages":
                return [{"role": role, "content": rng.choice(TEXTS)} for role in rng.choice(
                    [["user"], ["system", "user"], ["user", "assistant", "user"]])]
            case "input":
                return rng.choice([rng.choice(TEXTS), [{"role": "user", "content": rng.choice(TEXTS)}]])
            case "n": return rng.randrange(1, 4)
            case "logprobs" | "prompt_logprobs" | "top_logprobs" if schema["type"] == "integer": return rng.randrange(4)
            case "stop": return rng.choice([rng.choice(STOPS), rng.sample(STOPS, 2)])
            case "structured_outputs": return rng.choice(
                [{"regex": "[a-zé ]{1,40}[.]"}, {"choice": ["a king", "the wolf"]}, {"json": {"type": "array", "items": {"type": "integer"}}}])
            case "response_format": return {"type": rng.choice(["text", "json_object"])}
            case "bad_words": return rng.sample(["the", "king", " a"], rng.randrange(1, 3))
            case "logit_bias": return {str(rng.randrange(4096)): rng.uniform(-5, 5)}
            case "allowed_token_ids" | "stop_token_ids": return [rng.randrange(3, 4096) for _ in range(40)]
            case "min_tokens": return rng.randrange(4)
            case "truncate_prompt_tokens": return rng.randrange(1, 6)
            case "repetition_detection": return {"max_pattern_size": rng.randrange(1, 5), "min_count": 2}
            case "tools" | "functions" | "documents": return []
        kinds = schema.get("anyOf") or [schema]
        schema = {**schema, **self.resolved(kinds[0])}
        if "enum" in schema: return rng.choice(schema["enum"])
        match schema.get("type"):
            case "boolean": return rng.random() < 0.7
            case "integer": return rng.randrange(max(0, schema.get("minimum", 0)), min(50, schema.get("maximum", 50)) + 1)
            case "number":
                least = max(0, schema.get("minimum", schema.get("exclusiveMinimum", 0)))
                return round(rng.uniform(least + 0.01, min(2, schema.get("maximum", 2))), 3)
            case "string": return "text"
            case "array": return [self.value(rng, "", self.resolved(schema["items"]))]
            case "object": return {"type": "text"} if "type" in schema.get("properties", {}) else {}
        raise ValueError(f"no value for {name}: {schema}")


def joined_choices(events, message):
    """The choices that the events of a stream make."""
    choices = {}
    for event in events:
        for piece in event["choices"]:
            choice = choices.setdefault(piece["index"], {"index": piece["index"], "logprobs": None})
            if message:
                whole = choice.setdefault("message", {"content": ""})
                for name, value in piece["delta"].items():
                    whole[name] = whole["content"] + value if name == "content" else value
            else:
                choice["text"] = choice.get("text", "") + piece["text"]
            if table := piece["logprobs"]:
                whole = choice["logprobs"] = choice["logprobs"] or {name: value and [] for name, value in table.items()}
                for name, values in table.items():
                    whole[name] = values if values is None else (whole[name] or []) + values
            if "token_ids" in piece:
                choice["token_ids"] = choice.get("token_ids", []) + piece["token_ids"]
            for name in set(piece) - {"index", "text", "delta", "logprobs", "token_ids"}:
                if piece[name] is not None or name not in choice:
                    choice[name] = piece[name]
    return [choices[index] for index in sorted(choices)]


def joined(path, events):
    """The whole answer that the events of a stream make."""
    if path == "/v1/responses":
        text = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
        logprobs = [entry for event in events for entry in event.get("logprobs", []) if event["type"].endswith("delta")]
        answer = events[-1]["response"]
        content = answer["output"][0]["content"][0]
        assert (content["text"], content["logprobs"]) == (text, logprobs), "the deltas are not the text"
        return answer
    answer = {}
    for event in events:
        for name in set(event) - {"choices"}:
            if event[name] is not None:
                answer[name] = event[name]
    answer["choices"] = joined_choices(events, "chat" in path)
    return answer


def compared(answer):
    """An answer without what is its own: names and times."""
    if isinstance(answer, dict):
        return {name: compared(value) for name, value in answer.items()
                if name not in ("id", "created", "created_at", "object", "item_id")}
    return [compared(value) for value in answer] if isinstance(answer, list) else answer


def difference(server, requests, path, body, salts):
    """What is wrong with the two answers to a request; None if nothing is."""
    # Salts keep the second from finding the prefix of the first.
    whole = server.post(path, {**body, "cache_salt": f"{next(salts)}"})
    options = {} if path == "/v1/responses" else {"stream_options": {"include_usage": True}}
    stream = server.post(path, {**body, **options, "stream": True, "cache_salt": f"{next(salts)}"})
    if whole.status_code != 200 or stream.status_code != 200:
        requests.refused += 1
        return None if whole.text == stream.text else f"{whole.text} and {stream.text}"
    lines = [line[6:] for line in stream.text.split("\n") if line.startswith("data: ") and line != "data: [DONE]"]
    got, wanted = compared(joined(path, [json.loads(line) for line in lines])), compared(whole.json())
    return None if got == wanted else f"whole {json.dumps(wanted)}\njoined {json.dumps(got)}"


def differences(server, count, seed):
    """The requests whose two answers differ, with how, and the requests that were made."""
    requests = Requests(seed, server.get("/openapi.json").json())
    salts = itertools.count()
    made = [requests.request(number) for number in range(count)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda request: difference(server, requests, *request, salts), made)
        return [(request, what) for request, what in zip(made, found) if what], requests


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    server = Server("--chat-template", TEMPLATE)
    try:
        found, requests = differences(server, options.requests, options.seed)
    finally:
        server.stop()
    for (path, body), what in found[:10]:
        print(f"{path} {json.dumps(body)}\n{what}\n")
    print(f"{options.requests} requests, {len(requests.fields)} fields, {requests.refused} refused, {len(found)} differences")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
