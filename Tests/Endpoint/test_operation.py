"""Keys, limits, signals, configuration and several models, on servers of their own."""

import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import threading
import time

import httpx
import pytest
from conftest import LLMGEN, MODEL, ROOT, TEMPLATE, Server

STORY = "Once upon a time there was a king who had three sons."
LONG = {"prompt": STORY, "max_tokens": 900, "ignore_eos": True, "temperature": 1}


@pytest.fixture
def start():
    servers = []

    def start(*options, **more):
        servers.append(Server(*options, **more))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


def bearer(key):
    return {"authorization": f"Bearer {key}"}


def test_keys_are_asked_for_and_read_again(start, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("# who may ask\nalice:secret-a\nsecret-b\n")
    server = start("--api-key-file", str(keys), "--api-key", "flag:secret-f")
    assert server.get("/v1/models").status_code == 401
    assert server.get("/v1/models").json()["error"]["code"] == "invalid_api_key"
    assert server.get("/v1/models", headers=bearer("secret")).status_code == 401
    for key in ["secret-a", "secret-b", "secret-f"]:
        assert server.get("/v1/models", headers=bearer(key)).status_code == 200
    for path in ["/health", "/ready", "/metrics", "/version", "/openapi.json"]:
        assert server.get(path).status_code == 200
    keys.write_text("bob:secret-c\n")
    server.process.send_signal(signal.SIGHUP)
    end = time.monotonic() + 10
    while server.get("/v1/models", headers=bearer("secret-c")).status_code != 200 and time.monotonic() < end:
        time.sleep(0.05)
    assert server.get("/v1/models", headers=bearer("secret-c")).status_code == 200
    assert server.get("/v1/models", headers=bearer("secret-a")).status_code == 401
    assert server.stop() == 0
    assert not any("secret" in line for line in server.log), "a key is in the log"
    assert any("key=alice" in line for line in server.log)


def test_keys_share_no_prefixes(start):
    server = start("--api-key", "a:1", "--api-key", "b:2")
    body = {"prompt": STORY * 6, "max_tokens": 1}

    def cached(key):
        usage = server.post("/v1/completions", body, headers=bearer(key)).json()["usage"]
        return usage["prompt_tokens_details"]["cached_tokens"]

    assert cached("1") == 0 and cached("1") > 0 and cached("2") == 0


def test_a_key_has_so_many_requests_at_once(start):
    server = start("--api-key", "a:1", "--api-key", "b:2", "--max-concurrent-requests-per-key", "1")
    with httpx.stream("POST", server.url + "/v1/completions", json={**LONG, "stream": True, "n": 8}, headers=bearer("1")) as answer:
        lines = answer.iter_lines()
        next(lines)
        refused = server.post("/v1/completions", {"prompt": "x", "max_tokens": 1}, headers=bearer("1"))
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1
        assert server.post("/v1/completions", {"prompt": "x", "max_tokens": 1}, headers=bearer("2")).status_code == 200
    end = time.monotonic() + 5
    while server.post("/v1/completions", {"prompt": "x", "max_tokens": 1}, headers=bearer("1")).status_code != 200:
        assert time.monotonic() < end


def test_a_full_server_says_when_to_come_back(start):
    server = start("--max-num-seqs", "2", "--max-queued-requests", "2")
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(server.post("/v1/completions", LONG))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 429} and statuses.count(200) >= 4
    for answer in answers:
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) >= 1 and answer.json()["error"]["code"] == "overloaded"


def test_sigterm_finishes_what_runs(start):
    server = start()
    lines = []
    with httpx.stream("POST", server.url + "/v1/completions", json={**LONG, "stream": True}, timeout=60) as answer:
        for line in answer.iter_lines():
            lines.append(line)
            if len(lines) == 4:
                server.process.send_signal(signal.SIGTERM)
    assert lines[-2] == "data: [DONE]" or lines[-1] == "data: [DONE]"
    assert sum(line.startswith("data: {") for line in lines) == 900
    assert server.process.wait(30) == 0
    with pytest.raises(httpx.ConnectError):
        server.get("/health")


def test_after_the_drain_timeout_a_stream_ends_with_abort(start):
    server = start("--drain-timeout", "100ms", "--max-num-batched-tokens", "16")
    reasons = []
    body = {**LONG, "stream": True, "n": 16}
    with httpx.stream("POST", server.url + "/v1/completions", json=body, timeout=60) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: {"):
                if not reasons:
                    server.process.send_signal(signal.SIGTERM)
                choice = json.loads(line[6:])["choices"][0]
                reasons.append(choice["finish_reason"] and (choice["finish_reason"], choice["stop_reason"]))
    assert [reason for reason in reasons if reason] == [("stop", "abort")] * 16
    assert server.process.wait(30) == 0


def test_draining_is_told_before_connections_are_refused(start):
    server = start("--drain-delay", "2s")
    assert server.get("/ready").status_code == 200
    server.process.send_signal(signal.SIGTERM)
    end = time.monotonic() + 1.5
    while server.get("/ready").status_code == 200:
        assert time.monotonic() < end
    assert server.get("/health").status_code == 200
    assert server.post("/v1/completions", {"prompt": "x", "max_tokens": 1}).status_code == 200
    assert server.process.wait(30) == 0


def test_several_models_have_names_and_aliases(start):
    server = start(
        "--model", "one=fairytale-6m,threads=1", "--model", "two=fairytale-6m,kv-cache-memory=64MiB", "--alias", "gpt=two")
    assert [model["id"] for model in server.get("/v1/models").json()["data"]] == ["one", "two"]
    ask = {"prompt": STORY, "max_tokens": 8, "temperature": 0}
    texts = set()
    for name in ["one", "two", "gpt", None]:
        answer = server.post("/v1/completions", {**ask, "model": name}).json()
        texts.add(answer["choices"][0]["text"])
        assert answer["model"] == {"gpt": "two", None: "one"}.get(name, name)
    assert len(texts) == 1
    assert server.metric("llmgen_generation_tokens_total", model_name="two") == 16


def test_flags_go_before_environment_and_that_before_the_file(tmp_path):
    file = tmp_path / "llmgen.yaml"
    file.write_text("port: 1001\nmax_num_seqs: 7\nblock-size: 64\nmodel:\n  - a=x\n  - b=y\nno-prefix-caching: true\napi-key: hush\n")

    def config(*options, **environment):
        return subprocess.run(
            [LLMGEN, "serve", "--print-config", "--config", str(file), *options], cwd=ROOT, text=True,
            capture_output=True, env={**os.environ, **environment})

    output = config("--port", "1003", LLMGEN_PORT="1002", LLMGEN_MAX_NUM_SEQS="8").stdout
    lines = output.splitlines()
    assert "port: 1003  # flag" in lines and "max-num-seqs: 8  # environment" in lines
    assert "block-size: 64  # file" in lines and "no-prefix-caching: true  # file" in lines
    assert "  - 'a=x'" in lines and "  - 'b=y'" in lines and "hush" not in output
    assert "host: 127.0.0.1  # default" in lines and "drain-timeout: 30s  # default" in lines
    again = tmp_path / "again.yaml"
    again.write_text("\n".join(line for line in lines if "hidden" not in line and "api-key" not in line))
    assert subprocess.run([LLMGEN, "serve", "--print-config", "--config", str(again)], cwd=ROOT).returncode == 0
    file.write_text("wings: 2\n")
    failed = config()
    assert failed.returncode == 65 and failed.stderr.startswith("error: ") and "wings" in failed.stderr
    file.write_text("port: many\n")
    assert config().returncode == 64


def test_metrics_have_vllm_names(start):
    server = start("--metrics-prefix", "vllm:")
    server.post("/v1/completions", {"prompt": STORY, "max_tokens": 4})
    text = server.get("/metrics").text
    for name in ["vllm:num_requests_running", "vllm:kv_cache_usage_perc", "vllm:time_to_first_token_seconds_bucket",
                 "vllm:generation_tokens_total", "vllm:request_success_total", "vllm:prefix_cache_hits_total"]:
        assert any(line.startswith(name + "{") for line in text.splitlines()), name
    assert server.metric("vllm:generation_tokens_total") == 4


def test_https(start, tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"], check=True, capture_output=True)
    server = start("--tls-certificate", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    context.check_hostname = False
    answer = httpx.get(f"https://127.0.0.1:{server.port}/health", verify=context)
    assert answer.status_code == 200


def test_origins_are_allowed_only_where_asked(start):
    server = start("--cors-origin", "https://example.com")
    allowed = server.get("/version", headers={"origin": "https://example.com"})
    assert allowed.headers["access-control-allow-origin"] == "https://example.com"
    assert "access-control-allow-origin" not in server.get("/version", headers={"origin": "https://evil.example"}).headers
    preflight = httpx.options(
        server.url + "/v1/completions",
        headers={"origin": "https://example.com", "access-control-request-method": "POST"})
    assert preflight.status_code == 204 and "POST" in preflight.headers["access-control-allow-methods"]


def test_slow_clients_are_closed(start):
    server = start("--receive-timeout", "500ms")
    for text in [b"", b"POST /v1/completions HTTP/1.1\r\nHo", b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"]:
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.settimeout(10)
            connection.sendall(text)
            begin = time.monotonic()
            while connection.recv(1000):
                pass
            assert time.monotonic() - begin < 5


def test_a_client_that_never_reads_holds_up_nobody(start):
    server = start("--send-timeout", "2s")
    deaf = socket.create_connection(("127.0.0.1", server.port))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    body = json.dumps({**LONG, "stream": True, "n": 64, "logprobs": 20}).encode()
    deaf.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    for _ in range(5):
        assert server.post("/v1/completions", {"prompt": "x", "max_tokens": 4}).status_code == 200
    assert server.idle(60), "the deaf client's request still has blocks"
    end = time.monotonic() + 20
    while server.metric("llmgen_http_requests_total", path="/v1/completions", status="499") == 0:
        assert time.monotonic() < end, "the deaf client's connection is still open"
        time.sleep(0.1)
    deaf.close()


def test_logs_are_json_and_carry_the_trace(start):
    server = start("--log-format", "json")
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    server.post("/v1/completions", {"prompt": STORY, "max_tokens": 3},
                headers={"traceparent": f"00-{trace}-{span}-01", "x-request-id": "r1"})
    assert server.stop() == 0
    entries = [json.loads(line) for line in server.log if line.startswith("{")]
    entry = next(entry for entry in entries if entry["message"] == "request")
    assert entry["trace_id"] == trace and entry["span_id"] == span and entry["request_id"] == "r1"
    assert entry["completion_tokens"] == 3 and entry["status"] == 200 and entry["path"] == "/v1/completions"
