"""Requests made from the server's own description of itself: no 5xx, no answer that it does not describe."""

import pathlib
import subprocess
import sys

from conftest import TEMPLATE, Server

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"


def test_answers_are_as_described():
    server = Server("--chat-template", TEMPLATE, "--max-model-len", "64", "--max-samples", "16")
    tool = pathlib.Path(sys.executable).with_name("schemathesis")
    # One worker: in CPython 3.11 two threads that parse Python at once disturb each other (python/cpython#106905).
    run = subprocess.run(
        [tool, "run", server.url + "/openapi.json", "--checks", CHECKS, "--max-examples", "40", "--seed", "1",
         "--request-timeout", "60", "--workers", "1", "--generation-database", "none"],
        capture_output=True, text=True)
    assert server.idle(), "blocks are still in use"
    assert server.stop() == 0
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
