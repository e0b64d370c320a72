"""A running `llmgen serve` for the tests: the built command, the bundled model, any free port.

LLMGEN names the command, .build/release/llmgen unless set; the test of HTTPS needs a build that has it (make build TLS=1).
"""

import os
import pathlib
import re
import signal
import subprocess
import threading

import httpx
import openai
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LLMGEN = os.environ.get("LLMGEN", str(ROOT / ".build/release/llmgen"))
TEMPLATE = str(pathlib.Path(__file__).with_name("chat.jinja"))
MODEL = "fairytale-6m"


class Server:
    """A server process; its log is kept."""

    def __init__(self, *options, environment=None):
        self.log = []
        self.process = subprocess.Popen(
            [LLMGEN, "serve", "--port", "0", *options],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self._ready = threading.Event()
        self.port = None
        threading.Thread(target=self._read, daemon=True).start()
        assert self._ready.wait(60), self.log

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))
            if match := re.search(r'listening.*port["=: ]+(\d+)', line):
                self.port = int(match.group(1))
            if re.search(r"info ready|\"message\":\"ready\"", line):
                self._ready.set()
        self._ready.set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def get(self, path, **options):
        return httpx.get(self.url + path, timeout=60, **options)

    def post(self, path, body=None, **options):
        return httpx.post(self.url + path, json=body, timeout=120, **options)

    def metric(self, name, **labels):
        """The sum of a metric's samples that have the labels."""
        total = 0.0
        for line in self.get("/metrics").text.splitlines():
            match = re.fullmatch(r"([^{ ]+)(?:\{(.*)\})? (\S+)", line)
            if match and match.group(1) == name:
                found = dict(re.findall(r'(\w+)="([^"]*)"', match.group(2) or ""))
                if all(found.get(key) == value for key, value in labels.items()):
                    total += float(match.group(3))
        return total

    def idle(self, seconds=30):
        """Waits until no block is in use."""
        import time

        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.metric("llmgen_kv_blocks_used") == 0 and self.metric("llmgen_num_requests_waiting") == 0:
                return True
            time.sleep(0.05)
        return False

    def stop(self, name=signal.SIGTERM, timeout=60):
        self.process.send_signal(name)
        return self.process.wait(timeout)


@pytest.fixture(scope="session")
def server():
    server = Server("--chat-template", TEMPLATE, "--log-format", "json")
    yield server
    assert server.idle(), "blocks are still in use"
    assert server.stop() == 0, server.log


@pytest.fixture(scope="session")
def client(server):
    return openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0, timeout=120)
