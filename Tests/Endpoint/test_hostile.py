"""Hostile clients: a small share of fuzz.py, and what must hold by name. No crash, no 5xx, nothing kept."""

import asyncio
import contextlib
import json
import os
import random
import socket
import threading
import time

import pytest
from conftest import TEMPLATE, Server
from fuzz import OPTIONS, Connection, Fuzzer, fault, resident_bytes, strict
from hostile import MARKS, ROUTES, VALUES, Case, Cases, chunked, encode, floods, nested, request, smuggled

JSON = [("Content-Type", "application/json")]


@pytest.fixture(scope="module")
def hostile():
    server = Server("--chat-template", TEMPLATE, "--receive-timeout", "2s", "--keep-alive-timeout", "2s")
    try:
        yield server
        assert server.process.poll() is None, f"the server crashed: {server.log[-20:]}"
        assert server.idle(), "blocks are still in use"
        for status in ("500", "501", "502"):
            failed = [line for line in server.log if " error " in line]
            assert server.metric("llmgen_http_requests_total", status=status) == 0, failed
        assert server.stop() == 0
    finally:
        server.process.kill()
        server.process.wait()


@contextlib.contextmanager
def connected(server, data=b"", seconds=20):
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.settimeout(seconds)
        connection.sendall(data)
        yield connection


def answers(server, data, methods=("POST",), seconds=20):
    """The answers to requests sent at once on one connection: status, headers, body."""

    async def run():
        connection = await Connection.open(server.port)
        connection.writer.write(data)
        try:
            return [await asyncio.wait_for(connection.answer(method), seconds) for method in methods]
        finally:
            connection.close()

    return asyncio.run(run())


def post(server, path, body, headers=()):
    answer = answers(server, request("POST", path, body, JSON + list(headers)))[0]
    assert fault(Case("request", b"", path=path), answer) is None, (answer.status, answer.body[:300])
    return answer


def until_end(connection):
    """All that a connection sends until the server closes it."""
    data = b""
    try:
        while part := connection.recv(1 << 16):
            data += part
    except ConnectionError:
        pass
    return data


def test_three_thousand_cases_of_a_fixed_seed():
    server = Server(*OPTIONS)
    try:
        fuzzer = Fuzzer(server, seed=20260101)
        asyncio.run(fuzzer.run(range(3000)))
        failures = [(what, case and case.data[:500]) for what, case in fuzzer.failures]
        assert not failures and not fuzzer.closing()
        assert sum(fuzzer.kinds.values()) == 3000 and fuzzer.statuses[200] > 300 and fuzzer.statuses[400] > 1000
        assert server.stop() == 0
    finally:
        server.process.kill()
        server.process.wait()


@pytest.mark.parametrize("path", ROUTES)
def test_every_field_with_every_kind_of_value(hostile, path):
    """A field at a time; answers are 200, or errors of the client."""
    fields = [name for name, _ in Cases(0, hostile.get("/openapi.json").json()).fields[path]]
    values = [value for value in VALUES if len(value) < 3000][::7]
    bodies = [encode({**dict(ROUTES[path]), field: value}.items()) for field in fields for value in values]

    async def run():
        connection = await Connection.open(hostile.port)
        try:
            for body in bodies:
                connection.writer.write(request("POST", path, body, JSON))
                answer = await asyncio.wait_for(connection.answer("POST"), 20)
                wrong = fault(Case("request", b"", path=path), answer)
                assert wrong is None and answer.status in (200, 400, 404), (wrong, answer.status, body[:300])
        finally:
            connection.close()

    asyncio.run(run())


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_ten_thousand_levels(hostile, path, opening):
    body = opening * 10_000 if opening == b'[{"a":' else nested(opening, 10_000)
    assert post(hostile, path, body).status == 400
    name, _ = ROUTES[path][0]
    assert post(hostile, path, b'{"%s":%s}' % (name.encode(), body)).status == 400


@pytest.mark.parametrize("path", ROUTES)
def test_every_cut_of_a_body(hostile, path):
    body = encode(ROUTES[path])
    for length in range(len(body)):
        assert post(hostile, path, body[:length]).status == 400


def test_invalid_utf8_is_no_json(hostile):
    for text in [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"]:
        assert post(hostile, "/v1/completions", b'{"prompt":"%s","max_tokens":1}' % text).status == 400


def test_a_member_twice_is_refused(hostile):
    assert post(hostile, "/v1/completions", b'{"prompt":"a","prompt":"b","max_tokens":1}').status == 400


@pytest.mark.parametrize("text", ["\u0000", "a\u0000b", MARKS, "\u202e", "\U0010ffff", "<unk></s>", "\ufeff"])
def test_odd_texts_are_answered(hostile, text):
    for path, name in [("/v1/completions", "prompt"), ("/v1/responses", "input"), ("/v1/embeddings", "input"), ("/tokenize", "prompt")]:
        body = json.dumps({name: text, **({"max_tokens": 1} if name == "prompt" and path != "/tokenize" else {})}).encode()
        answer = post(hostile, path, body)
        assert answer.status in (200, 400)
    tokens = strict(post(hostile, "/tokenize", json.dumps({"prompt": text}).encode()).body)["tokens"]
    assert post(hostile, "/detokenize", json.dumps({"tokens": tokens}).encode()).status == 200


@pytest.mark.parametrize("path", ["/tokenize", "/v1/completions"])
def test_long_texts_hold_up_nobody(hostile, path):
    """To find the tokens of a megabyte takes its time; others are answered before eight of these are."""
    body = b'{"prompt":"' + b"a" * 1_000_000 + b'"}'
    done = []
    ask = lambda: done.append(answers(hostile, request("POST", path, body, JSON), seconds=120)[0].status)
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    for _ in range(5):
        assert hostile.get("/health").status_code == 200
        assert post(hostile, "/v1/completions", b'{"prompt":"a","max_tokens":1}').status == 200
    assert len(done) < 8
    for thread in threads:
        thread.join()
    assert done == [200 if path == "/tokenize" else 400] * 8


@pytest.mark.parametrize("path", [*ROUTES, "/version", "/nothing"])
def test_a_hundred_megabytes_are_refused_and_not_kept(hostile, path):
    before = resident_bytes(hostile.process.pid)
    part, count = b"a" * (1 << 20), 100
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
    framings = [
        (b"Content-Length: %d\r\n\r\n" % (count << 20), part),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n%s\r\n" % (len(part), part)),
    ]
    for framing, piece in framings:
        with connected(hostile, head + framing) as connection:
            # What is sent after the refusal may or may not be taken.
            with contextlib.suppress(ConnectionError):
                for _ in range(count):
                    connection.sendall(piece)
            with contextlib.suppress(ConnectionError):
                assert connection.recv(12)[9:] in (b"413", b"404", b"405")
    assert hostile.get("/health").status_code == 200
    assert resident_bytes(hostile.process.pid) - before < 64 << 20


def test_chunks_of_wrong_sizes_are_refused(hostile):
    head = request("POST", "/v1/completions", b"", JSON + [("Transfer-Encoding", "chunked")])
    for size in [b"g", b"-1", b"", b"0x5", b"fffffffffffffffff", b"5\r\nhelloX"]:
        with connected(hostile, head + size + b"\r\nhello\r\n0\r\n\r\n") as connection:
            assert b"HTTP/1.1 400" in connection.recv(100), size


def test_a_body_that_ends_too_early_is_no_failure_of_the_server(hostile):
    data = request("POST", "/v1/completions", b'{"prompt"', JSON + [("Content-Length", "100")])
    with connected(hostile, data) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert b" 500 " not in until_end(connection)


def test_no_request_is_hidden_in_another(hostile):
    """Requests of two lengths (RFC 9112, 11.2) are refused, or end their connection."""
    inner = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"
    head = b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    for framing in [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\n{}",
        b"Content-Length: +2\r\n\r\n{}",
        b"Content-Length : 2\r\n\r\n{}",
    ]:
        with connected(hostile, head + framing + inner) as connection:
            connection.shutdown(socket.SHUT_WR)
            data = until_end(connection)
            assert b"version" not in data and b"HTTP/1.1 5" not in data, (framing, data)


def test_smuggling_makes_no_failure(hostile):
    random_ = random.Random(1)
    for _ in range(100):
        with connected(hostile, smuggled(random_, "/v1/completions", encode(ROUTES["/v1/completions"]))) as connection:
            connection.shutdown(socket.SHUT_WR)
            assert b"HTTP/1.1 5" not in until_end(connection)


@pytest.mark.parametrize("name", floods())
def test_heads_have_a_limit(hostile, name):
    with socket.create_connection(("127.0.0.1", hostile.port)) as connection:
        connection.settimeout(20)
        with contextlib.suppress(ConnectionError):
            connection.sendall(floods()[name])
        data = until_end(connection)
        assert data == b"" or data.startswith(b"HTTP/1.1 4"), data[:200]


@pytest.mark.parametrize("path", [*ROUTES, "/version", "/v1/models", "/nothing", "/v1/models/none"])
def test_an_answer_to_head_has_no_body(hostile, path):
    good = request("GET", "/version")
    first, second = answers(hostile, request("HEAD", path) + good, ("HEAD", "GET"))
    assert second.status == 200 and b"version" in second.body
    assert first.status in (200, 404, 405)


def test_a_body_held_back_is_asked_for(hostile):
    body = b'{"prompt":"a","max_tokens":1}'
    headers = JSON + [("Expect", "100-continue"), ("Content-Length", str(len(body)))]
    with connected(hostile, request("POST", "/v1/completions", b"", headers)) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        connection.sendall(body)
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


def test_pipelined_requests_are_answered_in_order(hostile):
    body = b'{"prompt":"a","max_tokens":2}'
    data = (request("GET", "/version") + request("POST", "/v1/completions", body, JSON)) * 20
    found = answers(hostile, data, ["GET", "POST"] * 20)
    assert all(answer.status == 200 for answer in found)
    assert all((b"version" in answer.body) == (index % 2 == 0) for index, answer in enumerate(found))


def test_a_pipelined_stream_outlives_the_keep_alive_time(hostile):
    """The time without a request does not run while one is served."""
    body = json.dumps({"prompt": "a", "max_tokens": 1000, "n": 48, "ignore_eos": True, "stream": True}).encode()
    begin = time.monotonic()
    data = request("GET", "/version") + request("POST", "/v1/completions", body, JSON)
    _, answer = answers(hostile, data, ["GET", "POST"], 120)
    assert answer.body.rstrip().endswith(b"data: [DONE]"), f"cut after {time.monotonic() - begin:.1f} s"


def test_a_connection_whose_body_came_after_the_answer_is_closed(hostile):
    with connected(hostile, request("POST", "/nothing", b"", [("Content-Length", "5")])) as connection:
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 404")
        connection.sendall(b"hello")
        assert until_end(connection) == b""


@pytest.mark.parametrize("start", [b"", b"P", b"POST /v1/completions HTTP/1.1\r\n", b"GET /version HTTP/1.1\r\nHost: x\r\nX"])
def test_a_head_that_drips_is_closed(hostile, start):
    with connected(hostile, start) as connection:
        connection.settimeout(0.2)
        begin = time.monotonic()
        while time.monotonic() - begin < 20:
            try:
                if not connection.recv(1000):
                    return
            except TimeoutError:
                pass
            except ConnectionError:
                return
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"a")
        pytest.fail("still open")


def test_garbage_ends_the_connection(hostile):
    for data in [b"\x16\x03\x01\x02\x00\x01", b"\x00" * 100, b"GET /version\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", os.urandom(1000)]:
        with connected(hostile, data) as connection:
            assert b"HTTP/1.1 5" not in until_end(connection)


def test_clients_that_leave_free_their_blocks(hostile):
    body = json.dumps({"prompt": "a", "max_tokens": 900, "n": 8, "ignore_eos": True, "stream": True}).encode()
    for number in range(50):
        with connected(hostile, request("POST", "/v1/completions", body, JSON)) as connection:
            if number % 2:
                connection.recv(500)
    assert hostile.idle(20)


def test_a_good_chunked_body_is_taken(hostile):
    body = b'{"prompt":"a","max_tokens":1}'
    data = request("POST", "/v1/completions", chunked(body, [1, 5], ";a=b"), JSON + [("Transfer-Encoding", "chunked")])
    assert answers(hostile, data)[0].status == 200
