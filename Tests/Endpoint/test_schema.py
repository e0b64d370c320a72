"""Requests made from the server's own description of itself: no 5xx, no answer that it does not describe."""

import pathlib
import subprocess
import sys

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"


def test_answers_are_as_described(server):
    tool = pathlib.Path(sys.executable).with_name("schemathesis")
    run = subprocess.run(
        [tool, "run", server.url + "/openapi.json", "--checks", CHECKS, "--max-examples", "150", "--seed", "1",
         "--request-timeout", "60", "--workers", "2", "--generation-database", "none"],
        capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
