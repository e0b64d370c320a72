"""What a hostile client sends: cases made from a seed and a number, so that each can be made again.

A `Case` of kind "request" is one complete request of valid HTTP, whatever its body says: it must be answered, and may
share its connection with others. Every other kind has a connection of its own and is only told to come to an end.
"""

import dataclasses
import json
import random

ROUTES = {
    "/v1/completions": [("prompt", '"Once upon a time"'), ("max_tokens", "2")],
    "/v1/chat/completions": [("messages", '[{"role":"user","content":"Hello"}]'), ("max_tokens", "2")],
    "/v1/responses": [("input", '"Hello"'), ("max_output_tokens", "2")],
    "/v1/embeddings": [("input", '["Once","upon a time"]')],
    "/v1/rerank": [("query", '"Once"'), ("documents", '["upon a time",{"text":"a king"}]')],
    "/v1/score": [("text_1", '"Once"'), ("text_2", '["upon a time"]')],
    "/tokenize": [("prompt", '"Once upon a time"')],
    "/detokenize": [("tokens", "[1,2,3]")],
}
READ_ONLY = ["/v1/models", "/v1/models/fairytale-6m", "/health", "/ready", "/metrics", "/version", "/openapi.json"]

MARKS = "e" + "\u0301" * 100

# JSON values of every type, and words that look like some; as they are written.
VALUES = """
null true false 0 -0 1 -1 2 3 0.0 -0.0 0.5 1.5 -2 20 21 128 129 1024 4095 4096 1e308 -1e308 1e400 -1e400 1e-400 5e-324
2147483647 2147483648 -2147483648 -2147483649 9007199254740993 9223372036854775807 9223372036854775808
-9223372036854775808 -9223372036854775809 18446744073709551615 18446744073709551616 1e18 1E+2 1e-7
NaN nan Infinity -Infinity inf undefined None True 01 +1 .5 1. 0x10 1e 1_000 - '' '1'
"" " " "a" "1" "NaN" "true" "null" "auto" "none" "text" "fairytale-6m" "\\u0000" "a\\u0000b" "\\ud800" "\\udc00\\ud800"
"\\uD83D\\uDE00" "\\x" "\\u12" "\\u2028" "<unk>" "<s>" "</s>" "<0x00>"
[] [[]] [null] [true] [0] [1] [-1] [4096] [2147483648] [1.5] [1e30] ["a"] ["",""] [""] [{}] [1,"a"] [[1],[2]] [[1],"a"]
{} {"":null} {"a":1} {"1":1} {"1":1e308} {"1":-1e308} {"-1":1} {"4095":-100} {"99999999999":1} {"1":null} {"type":"text"}
{"include_usage":true} {"include_usage":1} {"max_pattern_size":3,"min_count":2}
{"max_pattern_size":9223372036854775807,"min_count":9223372036854775807,"min_pattern_size":9223372036854775807}
[{"role":"user"}] [{"role":"user","content":[]}] [{"role":"user","content":[{"type":"text","text":"a"}]}]
[{"role":"user","content":{}}] [{"role":1,"content":"a"}] [{"role":"","content":""}] [{"role":"assistant","content":"a"}]
[{"role":"user","content":[{"type":"image_url","image_url":{"url":"file:///etc/passwd"}}]}]
""".split("\n")
VALUES = [value for line in VALUES for value in line.split(" ") if value] + [
    '" "', json.dumps(MARKS, ensure_ascii=False), json.dumps("\u202e\u0627\ufeff\U0010ffff"), '"' + "a" * 70_000 + '"',
    '"' + "ab " * 500 + '"', '"' + "\U0001f600" * 300 + '"', "9" * 400, "-" + "9" * 400, "0." + "0" * 400 + "1",
    "[" * 100 + "]" * 100, '{"a":' * 100 + "1" + "}" * 100, "[" + ",".join(["1"] * 2000) + "]",
    "[" + ",".join(['"a"'] * 40) + "]", "{" + ",".join(f'"{i}":1' for i in range(2000)) + "}",
]

TYPES = [
    "application/json", "application/json; charset=utf-8", "application/json;charset=utf-16", "APPLICATION/JSON",
    "application/problem+json", "text/plain", "text/json", "multipart/form-data; boundary=x", "application/xml",
    "application/x-www-form-urlencoded", "", ";", "application/", "/json", "a" * 2000,
]
METHODS = [
    "GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "MKCOL", "REPORT", "SEARCH",
    "PURGE", "LINK", "M-SEARCH",
]
TARGETS = [
    "/", "//", "/..", "/../../etc/passwd", "/v1/../v1/models", "/v1/models/", "/v1/models//", "/v1/models/%00",
    "/v1/models/%2e%2e%2f", "/v1/models/%", "/v1/models/%zz", "/v1/models/%ff%fe", "/v1/models/a/b/c/d", "/v1//models",
    "/v1/models/" + "a" * 4000, "/" + "a/" * 2000, "/%00", "/v1/completions/", "/V1/COMPLETIONS", "/v1/completions?a=b&a=b",
    "/v1/completions?" + "a=b&" * 1000, "/v1/models/{id}", "/v1/models/**", "/*", "/:id", "http://127.0.0.1/version",
    "http://example.com/v1/models", "http:///version", "/version#x", "/metrics?x=%00", "/v1/models/fairytale-6m%20",
    "/v1/models/\\", "/v1/models/'\"<script>", "/health?" + "x" * 4000,
]
HEADERS = [
    ("X-Request-Id", "a b"), ("X-Request-Id", "a" * 129), ("X-Request-Id", "r\u00e9"), ("X-Request-Id", "'\"{}"),
    ("X-Request-Timeout", "nan"), ("X-Request-Timeout", "inf"), ("X-Request-Timeout", "-1"), ("X-Request-Timeout", "1e400"),
    ("X-Request-Timeout", "1e-320"), ("X-Request-Timeout", "0x1p3"), ("X-Request-Timeout", "1"), ("X-Request-Timeout", ""),
    ("traceparent", "00-" + "a" * 32 + "-" + "b" * 16 + "-01"), ("traceparent", "-" * 300), ("traceparent", ""),
    ("Authorization", "Bearer " + "x" * 4000), ("Authorization", "Bearer"), ("Authorization", "Basic Og=="),
    ("Origin", "null"), ("Accept", "text/event-stream"), ("Accept-Encoding", "gzip, br"), ("Content-Encoding", "gzip"),
    ("Cookie", "a=" + "b" * 4000), ("X-Forwarded-For", "1.1.1.1"), ("Range", "bytes=0-1"), ("If-None-Match", "*"),
    ("Connection", "keep-alive, X-Request-Id"), ("Te", "trailers"), ("X-HTTP-Method-Override", "DELETE"), ("A", "\t b \t"),
]


@dataclasses.dataclass
class Case:
    """Bytes to send, and what is to be expected."""

    kind: str
    data: bytes
    # Of kind "request": what the answer depends on.
    method: str = "POST"
    path: str = "/"
    # How a connection of its own goes on: "read" to the end, "close" after sending, "half" closes its sending side,
    # "leave" after the first bytes of the answer, "wait" without sending more, "next" with a good request.
    then: str = "read"


def request(method, path, body=b"", headers=(), host=True, version="1.1"):
    """A request as bytes; a length is given unless the headers say how the body is framed."""
    lines = [f"{method} {path} HTTP/{version}"] + (["Host: fuzz"] if host else [])
    lines += [f"{name}: {value}" for name, value in headers]
    framed = any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers)
    if not framed and (body or method in ("POST", "PUT", "PATCH")):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def chunked(body, sizes, extension=""):
    """A body in chunks of those sizes in turn."""
    parts, index = [], 0
    while body:
        size = sizes[index % len(sizes)]
        parts.append(b"%x%s\r\n%s\r\n" % (len(body[:size]), extension.encode(), body[:size]))
        body, index = body[size:], index + 1
    return b"".join(parts) + b"0\r\n\r\n"


def encode(members):
    """An object whose names and values are written as they are, names twice included."""
    return ("{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in members) + "}").encode("utf-8", "surrogatepass")


class Cases:
    """The cases of a seed. `schemas` are the routes' fields, from the server's own /openapi.json."""

    def __init__(self, seed, openapi):
        self.seed = seed
        self.schemas = openapi["components"]["schemas"]
        self.fields = {}
        for path in ROUTES:
            content = openapi["paths"][path]["post"]["requestBody"]["content"]
            self.fields[path] = list(self._properties(content["application/json"]["schema"]).items())

    def _properties(self, schema):
        schema = self._resolved(schema)
        properties = dict(schema.get("properties", {}))
        for part in schema.get("anyOf", []) + schema.get("oneOf", []) + schema.get("allOf", []):
            properties.update(self._properties(part))
        return properties

    def _resolved(self, schema):
        return self.schemas[schema["$ref"].split("/")[-1]] if "$ref" in schema else schema

    def case(self, number):
        random_ = random.Random(f"{self.seed}:{number}")
        makers = [self.fielded, self.mutated, self.framed, self.strange, self.wire]
        return random_.choices(makers, [52, 20, 8, 12, 8])[0](random_)

    # MARK: Complete requests

    def members(self, random_, path):
        """A good body, some of its fields replaced by others and by other values."""
        members = dict(ROUTES[path])
        for _ in range(random_.choice([0, 1, 1, 1, 2, 3, 5])):
            name, schema = random_.choice(self.fields[path])
            members[name] = self.near(random_, schema) if random_.random() < 0.6 else random_.choice(VALUES)
        if random_.random() < 0.1:
            members["stream"] = "true"
        return list(members.items())

    def near(self, random_, schema):
        """A value of the schema, or one just beyond it."""
        schema = self._resolved(schema)
        if "anyOf" in schema or "oneOf" in schema:
            return self.near(random_, random_.choice(schema.get("anyOf") or schema["oneOf"]))
        if "enum" in schema:
            return json.dumps(random_.choice(schema["enum"]))
        kind = schema.get("type")
        if kind == "boolean":
            return random_.choice(["true", "false"])
        if kind in ("integer", "number"):
            edges = [schema[name] for name in ("minimum", "maximum", "exclusiveMinimum") if name in schema] or [0, 1, 7]
            edge = random_.choice(edges)
            near = [edge, edge, edge + 1, edge - 1, edge + 2] + ([edge + 1e-9, edge - 1e-9, edge + 0.5] if kind == "number" else [])
            return json.dumps(random_.choice(near))
        if kind == "string":
            return json.dumps(random_.choice(["a", "the", "", " ", ".", MARKS, "fairytale-6m", "\u0000", "x" * 100]))
        if kind == "array":
            count = random_.choice([0, 1, 2, 3, 17, 40])
            return "[" + ",".join(self.near(random_, schema.get("items", {})) for _ in range(count)) + "]"
        if kind == "object":
            members = [
                (name, self.near(random_, value))
                for name, value in schema.get("properties", {}).items() if random_.random() < 0.7
            ]
            if isinstance(schema.get("additionalProperties"), dict):
                members += [(str(random_.choice([0, 1, 5, 4095, 4096, -1])), random_.choice(["1", "-100", "1e308", "-1e308"]))]
            return encode(members).decode()
        return random_.choice(VALUES)

    def headers(self, random_):
        headers = [("Content-Type", "application/json")]
        if random_.random() < 0.08:
            headers[0] = ("Content-Type", random_.choice(TYPES))
        if random_.random() < 0.15:
            headers.append(random_.choice(HEADERS))
        if random_.random() < 0.01:
            headers.append(("Expect", "100-continue"))
        return headers

    def fielded(self, random_):
        """Fields with wrong types and edges of their ranges."""
        path = random_.choices(list(ROUTES), [8, 6, 5, 3, 2, 1, 2, 2])[0]
        members = self.members(random_, path)
        if random_.random() < 0.05:
            members.insert(random_.randrange(len(members) + 1), random_.choice(members))
        if random_.random() < 0.05:
            members.append((random_.choice(["", "x", "prompt\u0000", "__proto__", "n" * 5000, "error"]), random_.choice(VALUES)))
        random_.shuffle(members)
        return Case("request", request("POST", path, encode(members), self.headers(random_)), path=path)

    def mutated(self, random_):
        """Bodies with bytes gone, changed and added."""
        path = random_.choice(list(ROUTES))
        body = bytearray(encode(self.members(random_, path)))
        for _ in range(random_.choice([1, 1, 2, 5])):
            at = random_.randrange(len(body) + 1)
            match random_.randrange(8):
                case 0: del body[at:]
                case 1: del body[:at]
                case 2 if at < len(body): body[at] ^= 1 << random_.randrange(8)
                case 3 if at < len(body): body[at] = random_.randrange(256)
                case 4: body[at:at] = random_.choice([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x00", b"\xef\xbb\xbf", b"\xe2\x80"])
                case 5: body[at:at] = random_.choice([b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"//", b"/**/", b"\n", b"'"])
                case 6: body[at:at] = body[: random_.randrange(min(len(body), 200) + 1)]
                case 7: body[at:at] = random_.choice([b"[", b'{"a":', b'{"messages":[', b"-"]) * random_.choice([2, 60, 200, 1000])
                case _: pass
        if random_.random() < 0.02:
            body = bytearray(bytes(body).decode("utf-8", "replace").encode("utf-16"))
        if random_.random() < 0.005:
            body = bytearray(nested(random_.choice([b"[", b'{"a":']), 10_000))
        return Case("request", request("POST", path, bytes(body), self.headers(random_)), path=path)

    def framed(self, random_):
        """Good and bad bodies in chunks."""
        path = random_.choice(list(ROUTES))
        body = encode(self.members(random_, path))
        sizes = random_.choice([[1], [7], [1, 100], [100_000]])
        extension = random_.choice(["", "", ";a=b", ";" + "x" * 100, ';a="b"'])
        data = request(
            "POST", path, chunked(body[:2000], sizes, extension), self.headers(random_) + [("Transfer-Encoding", "chunked")])
        return Case("request", data, path=path)

    def strange(self, random_):
        """Methods, targets and headers that are not for this server."""
        method = random_.choice(METHODS)
        path = random_.choice(TARGETS) if random_.random() < 0.6 else random_.choice(READ_ONLY + list(ROUTES))
        headers = [random_.choice(HEADERS) for _ in range(random_.choice([0, 1, 3, 8]))]
        body = b"{}" if random_.random() < 0.3 else b""
        return Case("request", request(method, path, body, headers), method=method, path=path)

    # MARK: Connections

    def wire(self, random_):
        """A connection of its own: framing that is wrong, requests that stop, clients that leave."""
        path = random_.choice(list(ROUTES)[:4])
        body = encode(ROUTES[path])
        good = request("POST", path, body, [("Content-Type", "application/json")])
        kind = random_.choice(
            ["cut", "cut", "half", "leave", "leave", "leave", "garbage", "smuggle", "smuggle", "chunk", "upgrade", "expect", "mix"])
        if kind == "cut":
            return Case(kind, good[: random_.randrange(1, len(good))], then="close")
        if kind == "half":
            return Case(kind, good[: random_.choice([len(good), random_.randrange(1, len(good))])], then="half")
        if kind == "leave":
            members = ROUTES["/v1/completions"][:1] + [
                ("max_tokens", "50"), ("ignore_eos", "true"), ("n", str(random_.choice([1, 1, 4]))), ("stream", random_.choice(["true", "true", "false"]))]
            data = request("POST", "/v1/completions", encode(members), [("Content-Type", "application/json")])
            return Case(kind, data, then=random_.choice(["leave", "leave", "close"]))
        if kind == "garbage":
            data = random_.choice([
                random_.randbytes(random_.choice([1, 10, 1000])), b"GET /version\r\n\r\n", b"\r\n" * 50 + b"\x00", b"\x16\x03\x01\x02\x00\x01",
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET  / HTTP/1.1\r\n\r\n", b"get /version HTTP/1.1\r\nHost: x\r\n\r\n",
                b"\x00" * 100, b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /%00\x00 HTTP/1.1\r\n\r\n",
                b"GET /version HTTP/1.0\r\n\r\n", b"A" * 5000, b"GET " + b"/a" * 50_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"])
            return Case(kind, data, then="half")
        if kind == "smuggle":
            return Case(kind, smuggled(random_, path, body), then="half")
        if kind == "chunk":
            size = random_.choice([b"-1", b"g", b"", b"ffffffffffffffff", b"10000000000000000", b"0x5", b" 5", b"5 ", b"7fffffffffffffff", b"5;" + b"a" * 40_000, b"00000000000000000000000005"])
            data = request("POST", path, size + b"\r\nhello\r\n0\r\n\r\n", [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")])
            return Case(kind, data, then="half")
        if kind == "upgrade":
            to = random_.choice(["websocket", "h2c", "TLS/1.0", "x" * 1000])
            data = request("POST", path, body, [("Content-Type", "application/json"), ("Connection", "Upgrade"), ("Upgrade", to), ("HTTP2-Settings", "AAMAAABkAAQAAP__")])
            return Case(kind, data, then="half")
        if kind == "expect":
            value = random_.choice(["100-continue", "100-Continue", "200-ok", ""])
            data = request("POST", path, b"", [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Expect", value)])
            return Case(kind, data + random_.choice([b"", body]), then="half")
        return Case(kind, good * random_.choice([1, 3]) + random_.choice([b"\xff\x00", b"GARBAGE\r\n\r\n", good[:20]]), then="half")


def smuggled(random_, path, body):
    """Requests whose length two readers could take to be different (RFC 9112, 11.2)."""
    length = len(body)
    inner = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
    return random_.choice([
        head + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%s" % (length, inner),
        head + b"Content-Length: %d\r\nContent-Length: %d\r\n\r\n%s" % (length, length + 5, body + inner),
        head + b"Content-Length: %d\r\nContent-Length: %d\r\n\r\n%s" % (length, length, body),
        head + b"Content-Length: %d, %d\r\n\r\n%s" % (length, length, body),
        head + b"Content-Length: +%d\r\n\r\n%s" % (length, body),
        head + b"Content-Length: -1\r\n\r\n" + body,
        head + b"Content-Length: 99999999999999999999\r\n\r\n" + body,
        head + b"Content-Length : %d\r\n\r\n%s" % (length, body),
        head + b"Content-Length:\r\n %d\r\n\r\n%s" % (length, body),
        head + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + inner,
        head + b"Transfer-Encoding:\tchunked \r\n\r\n0\r\n\r\n",
        head + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + inner,
        head + b"Transfer-Encoding: xchunked\r\nContent-Length: %d\r\n\r\n%s" % (length, body),
        head + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
        head + b"Transfer-Encoding: identity\r\n\r\n" + inner,
        head + b"X: a\r\n b\r\nContent-Length: %d\r\n\r\n%s" % (length, body),
        head.replace(b"\r\n", b"\n") + b"Content-Length: %d\n\n%s" % (length, body),
        head + b"X: a\rb\r\nContent-Length: %d\r\n\r\n%s" % (length, body),
        head + b"X: a\x00b\r\nContent-Length: %d\r\n\r\n%s" % (length, body),
        head + b": empty\r\nContent-Length: %d\r\n\r\n%s" % (length, body),
        head + b"no colon\r\nContent-Length: %d\r\n\r\n%s" % (length, body),
        head.replace(b"Host: x\r\n", b"") + b"Content-Length: %d\r\n\r\n%s" % (length, body),
        head + b"Host: y\r\nContent-Length: %d\r\n\r\n%s" % (length, body),
    ])


def nested(opening, depth):
    """Arrays or objects within each other."""
    return opening * depth + b"1" + (b"]" if opening == b"[" else b"}") * depth


def floods():
    """Heads beyond any limit, by name."""
    return {
        "10,000 headers": request("GET", "/version", headers=[(f"X-{i}", "a") for i in range(10_000)]),
        "a header of 1 MB": request("GET", "/version", headers=[("X", "a" * 1_000_000)]),
        "a target of 1 MB": request("GET", "/" + "a" * 1_000_000),
        "a method of 1 MB": request("A" * 1_000_000, "/"),
        "10,000 equal headers": request("GET", "/version", headers=[("X-Request-Id", "a")] * 10_000),
    }
