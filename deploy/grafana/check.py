#!/usr/bin/env python3
"""Whether a server has every metric that llmgen.json asks for.

    python3 deploy/grafana/check.py [URL]     # http://127.0.0.1:8000/metrics unless given

Names are compared without their prefix, so a server with --metrics-prefix vllm: will do as well.
"""

import json
import pathlib
import re
import sys
import urllib.request

PREFIX = "${prefix:raw}"
DASHBOARD = pathlib.Path(__file__).with_name("llmgen.json")


def queries(dashboard):
    """Every PromQL text of a dashboard."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield f"variable {variable['name']}", variable["query"]["query"]


def samples(text):
    """The metrics of an answer, each with the names of its labels."""
    found = {}
    for line in text.splitlines():
        if match := re.match(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ", line):
            found.setdefault(match[1], set()).update(re.findall(r'(\w+)="', match[2] or ""))
    return found


def main():
    url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/metrics"
    # The first answer is the HTTP request that a fresh server counts in the second.
    for _ in range(2):
        with urllib.request.urlopen(url, timeout=10) as answer:
            found = samples(answer.read().decode())
    running = [name for name in found if name.endswith("num_requests_running")]
    if len(running) != 1:
        sys.exit(f"error: {url} has no num_requests_running; give the /metrics of an llmgen that is ready")
    prefix = running[0].removesuffix("num_requests_running")
    asked, wrong = set(), []
    for place, query in queries(json.loads(DASHBOARD.read_text())):
        names = re.findall(re.escape(PREFIX) + r"(\w+)", query)
        if not names:
            wrong.append(f"{place}: a query without a metric: {query}")
        for name in names:
            asked.add(name)
            if prefix + name not in found:
                wrong.append(f"{place}: there is no {prefix + name}")
        for name in names:
            labels = set(re.findall(r"\{(\w+)=~", query)) | set(re.findall(r"model_name|finished_reason|status", query))
            if missing := labels - found.get(prefix + name, labels):
                wrong.append(f"{place}: {prefix + name} has no label {', '.join(sorted(missing))}")
    print("\n".join(wrong) or f"{len(asked)} metrics, all there")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
