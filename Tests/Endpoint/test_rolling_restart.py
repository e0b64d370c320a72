"""Two servers behind nginx, restarted in turn under load: no request fails, no answer is cut."""

import getpass
import grp
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time

import httpx
import pytest
from conftest import Server

ROUNDS = 2
STREAMING, PLAIN = 6, 6
ASKS = [
    {"prompt": prompt, "max_tokens": length, "seed": 11, "temperature": 0.8, "ignore_eos": True}
    for prompt, length in [("Once upon a time", 1), ("The wolf", 20), ("In the forest", 90), ("The king's daughter", 300)]
]

CONFIGURATION = """
daemon off;
user {user} {group};
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream llmgen {{
        server 127.0.0.1:{first} max_fails=0;
        server 127.0.0.1:{second} max_fails=0;
        keepalive 32;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://llmgen;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_read_timeout 300s;
            # A server that is not there, or still loads its model, has not begun to answer.
            proxy_next_upstream error timeout http_503 non_idempotent;
        }}
    }}
}}
"""


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    """The path of nginx: the system's, else Debian's package unpacked into a temporary folder."""
    if installed := shutil.which("nginx", path=os.environ["PATH"] + os.pathsep + "/usr/sbin"):
        return installed
    folder = tmp_path_factory.mktemp("nginx")
    try:
        subprocess.run(["apt-get", "download", "nginx"], cwd=folder, check=True, capture_output=True)
        subprocess.run(["dpkg-deb", "-x", next(folder.glob("nginx_*.deb")), folder], check=True, capture_output=True)
        subprocess.run([folder / "usr/sbin/nginx", "-v"], check=True, capture_output=True)
    except (OSError, StopIteration, subprocess.CalledProcessError) as error:
        pytest.skip(f"nginx is not installed and cannot be: {error}")
    return str(folder / "usr/sbin/nginx")


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start(port):
    return Server("--port", str(port), "--drain-delay", "1s", "--threads", "1", "--kv-cache-memory", "96MiB")


def whole(client, ask):
    """The text of an answer as a whole."""
    answer = client.post("/v1/completions", json=ask)
    assert answer.status_code == 200, answer.text
    assert answer.json()["usage"]["completion_tokens"] == ask["max_tokens"]
    return answer.json()["choices"][0]["text"]


def streamed(client, ask):
    """The text of a streamed answer, which must have an event for each token, and its end."""
    with client.stream("POST", "/v1/completions", json={**ask, "stream": True}) as answer:
        lines = [line for line in answer.iter_lines() if line.startswith("data: ")]
    assert answer.status_code == 200 and lines[-1] == "data: [DONE]", lines[-1:]
    choices = [json.loads(line[6:])["choices"][0] for line in lines[:-1]]
    assert len(choices) == ask["max_tokens"] and choices[-1]["finish_reason"] == "length"
    return "".join(choice["text"] for choice in choices)


def load(url, way, texts, seed, stop, done, failures):
    """Asks one thing after the other until told to stop."""
    chance = random.Random(seed)
    with httpx.Client(base_url=url, timeout=120) as client:
        while not stop.is_set():
            number = chance.randrange(len(ASKS))
            try:
                text = way(client, ASKS[number])
                assert text == texts[number]
                done.append(number)
            except Exception as error:
                failures.append(f"{way.__name__}: {error!r}")


def test_a_rolling_restart_behind_nginx_drops_no_request(nginx, tmp_path):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    *ports, port = free_ports(3)
    group = grp.getgrgid(os.getgid()).gr_name
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(
            user=getpass.getuser(), group=group, folder=tmp_path, first=ports[0], second=ports[1], port=port))
    servers = [start(each) for each in ports]
    ended = []
    proxy = subprocess.Popen([nginx, "-p", tmp_path, "-e", tmp_path / "error.log", "-c", configuration])
    try:
        url = f"http://127.0.0.1:{port}"
        end = time.monotonic() + 10
        while proxy.poll() is None and time.monotonic() < end:
            try:
                if httpx.get(url + "/ready").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.05)
        assert proxy.poll() is None, (tmp_path / "error.log").read_text()
        with httpx.Client(base_url=url, timeout=120) as client:
            texts = [whole(client, ask) for ask in ASKS]
        stop, done, failures = threading.Event(), [], []
        threads = [
            threading.Thread(target=load, args=(url, way, texts, seed + index, stop, done, failures))
            for index, way in enumerate([streamed] * STREAMING + [whole] * PLAIN)
        ]
        for thread in threads:
            thread.start()
        for _ in range(ROUNDS):
            for index, each in enumerate(ports):
                before = len(done)
                while len(done) < before + 20 and not failures:
                    time.sleep(0.05)
                assert servers[index].stop() == 0, servers[index].log
                ended.append(servers[index])
                servers[index] = start(each)
        stop.set()
        for thread in threads:
            thread.join()
        assert not failures, (len(failures), failures[:3], (tmp_path / "error.log").read_text()[-2000:])
        for server in ended:
            assert any("draining" in line for line in server.log)
            assert sum("path=/v1/completions" in line and "status=200" in line for line in server.log) > 0
            assert not any("status=499" in line or "abort" in line for line in server.log)
    finally:
        proxy.send_signal(signal.SIGTERM)
        proxy.wait(10)
        for server in servers:
            if server.process.poll() is None:
                server.stop()
