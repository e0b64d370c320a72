"""What the endpoint stands, with `llmgen bench serve` as the client: python stress.py [--json] [part ...]

Parts: streams, leaving, deaf, overload, idle, start; all unless some are named. LLMGEN names the command. Ends with 1
where a goal is missed. Server and client share the machine, so its load is told with the figures.
"""

import argparse
import contextlib
import json
import os
import pathlib
import resource
import socket
import statistics
import subprocess
import sys
import threading
import time

from conftest import LLMGEN, ROOT, Server
from fuzz import resident_bytes

# A cache that a warm-up fills: memory that has never been used is none that a process holds.
CACHE = ["--kv-cache-memory", "128MiB"]
SHORT = ["--input-len", "32", "--output-len", "64", "--ignore-eos"]


@contextlib.contextmanager
def serving(*options):
    server = Server("--log-level", "info", *options)
    try:
        yield server
    finally:
        server.process.terminate()
        server.process.wait(60)


def bench(server, *options):
    """The figures of a run of the load generator."""
    command = [LLMGEN, "bench", "serve", "--base-url", server.url, "--json", *map(str, options)]
    run = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    lines = run.stdout.splitlines()
    if not lines or not lines[-1].startswith("{"):
        sys.exit(f"{' '.join(command)} gave no figures: {run.stderr}")
    return json.loads(lines[-1])


class Resident:
    """The resident memory of a process while the block runs, twice a second."""

    def __init__(self, server):
        self.pid, self.samples, self.done = server.process.pid, [], threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self.sample)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()

    def sample(self):
        while True:
            self.samples.append(resident_bytes(self.pid))
            if self.done.wait(0.5):
                return

    @property
    def spread(self):
        """How far the samples are from the first, as a share of it."""
        return max(abs(sample - self.samples[0]) for sample in self.samples) / self.samples[0]


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def milliseconds(figures, name):
    return " / ".join(f"{figures[f'{quantile}_{name}_ms']:.1f}" for quantile in ("p50", "p99")) + " ms"


class Table:
    """Rows of a goal and a figure."""

    def __init__(self):
        self.rows = []

    def row(self, part, what, goal, figure, holds=None):
        """A figure; `holds` is None where it has no goal."""
        self.rows.append({"part": part, "what": what, "goal": goal, "figure": figure, "holds": holds})
        mark = {None: "", True: "yes", False: "NO"}[holds]
        print(f"{part:9} {what:48} {goal:18} {figure:30} {mark}", flush=True)

    def blocks(self, part, server):
        free = server.idle(30)
        self.row(part, "blocks in use at the end", "0", f"{server.metric('llmgen_kv_blocks_used'):.0f}", free)


def streams(table, seconds):
    """256 clients that stream."""
    with serving(*CACHE) as server:
        bench(server, *SHORT, "--max-concurrency", 256, "--duration", "30s")
        with Resident(server) as resident:
            figures = bench(server, *SHORT, "--max-concurrency", 256, "--duration", f"{seconds}s")
        wrong = figures["failed"] + figures["rejected"]
        table.row("streams", f"requests not completed of {figures['completed'] + wrong}", "0", f"{wrong}", wrong == 0)
        table.row("streams", "output throughput", "", f"{figures['output_throughput']:.0f} tokens/s")
        table.row("streams", "inter-token latency, p50 / p99", "", milliseconds(figures, "itl"))
        table.row("streams", "time to first token, p50 / p99", "", milliseconds(figures, "ttft"))
        table.row("streams", "client's share of a core", "", f"{100 * figures['client_cpu_share']:.0f} %")
        table.row(
            "streams", f"resident memory, about {resident.samples[0] >> 20} MiB, moves", "at most 5 %",
            f"{100 * resident.spread:.1f} %", resident.spread <= 0.05)
        table.blocks("streams", server)


def leaving(table, clients=2000):
    """Clients that leave at random moments."""
    with serving(*CACHE) as server:
        bench(server, *SHORT, "--max-concurrency", 256, "--duration", "30s")
        server.idle()
        time.sleep(2)
        before = (resident_bytes(server.process.pid), descriptors(server))
        figures = bench(
            server, *SHORT, "--num-prompts", clients, "--max-concurrency", 256, "--disconnect-probability", 1,
            "--no-reuse-connections")
        table.row("leaving", f"clients that left, of {clients}", f"{clients}", f"{figures['disconnected']}", figures["disconnected"] == clients)
        table.blocks("leaving", server)
        end = time.monotonic() + 10
        while descriptors(server) > before[1] and time.monotonic() < end:
            time.sleep(0.1)
        after = (resident_bytes(server.process.pid), descriptors(server))
        change = (after[0] - before[0]) / before[0]
        table.row("leaving", "resident memory grows", "at most 5 %", f"{100 * change:.1f} %", change <= 0.05)
        table.row("leaving", "open files before and after", "no more", f"{before[1]}, {after[1]}", after[1] <= before[1])


def deaf(table):
    """Clients that never read."""
    with serving() as server:
        options = [*SHORT, "--max-concurrency", 32, "--num-prompts", 400, "--num-warmups", 32]
        alone = bench(server, *options)
        beside = bench(server, *options, "--no-read-clients", 32)
        table.row("deaf", "requests completed beside 32 deaf clients", "400", f"{beside['completed']}", beside["completed"] == 400)
        table.row("deaf", "inter-token latency without them, p50 / p99", "", milliseconds(alone, "itl"))
        table.row("deaf", "inter-token latency beside them, p50 / p99", "", milliseconds(beside, "itl"))
        table.row("deaf", "longest request beside them", "", f"{beside['max_e2el_ms']:.0f} ms")
        table.blocks("deaf", server)


def overload(table):
    """Ten times what can be served."""
    with serving("--max-num-seqs", "32", "--max-queued-requests", "32") as server:
        alone = bench(server, *SHORT, "--max-concurrency", 32, "--duration", "15s", "--num-warmups", 32)
        rate = 10 * alone["request_throughput"]
        figures = bench(server, *SHORT, "--request-rate", f"{rate:.0f}", "--duration", "30s")
        sent = figures["completed"] + figures["rejected"] + figures["failed"]
        table.row("overload", "served without it", "", f"{alone['request_throughput']:.0f} requests/s")
        table.row("overload", "sent in 30 s", "", f"{sent}, {sent / 30:.0f} a second")
        table.row("overload", "served under it", "", f"{figures['request_throughput']:.0f} requests/s")
        table.row("overload", "answers other than 200, 429 and 503", "0", f"{figures['failed']}", figures["failed"] == 0)
        table.row(
            "overload", f"refusals with Retry-After, of {figures['rejected']}", "all", f"{figures['rejected_with_retry_after']}",
            figures["rejected"] == figures["rejected_with_retry_after"] > 0)
        table.row(
            "overload", "time to a refusal, p50 / p99", "p99 below 50 ms", milliseconds(figures, "rejection"),
            figures["p99_rejection_ms"] < 50)
        table.row("overload", "inter-token latency without it, p50 / p99", "", milliseconds(alone, "itl"))
        table.row("overload", "inter-token latency of the admitted, p50 / p99", "", milliseconds(figures, "itl"))
        table.row("overload", "client's share of a core", "", f"{100 * figures['client_cpu_share']:.0f} %")
        table.blocks("overload", server)


def idle(table):
    with serving() as server:
        bench(server, *SHORT, "--num-prompts", 8)
        time.sleep(3)
        begin = (time.monotonic(), processor_seconds(server.process.pid))
        time.sleep(20)
        share = (processor_seconds(server.process.pid) - begin[1]) / (time.monotonic() - begin[0])
        table.row("idle", "share of a core", "below 1 %", f"{100 * share:.2f} %", share < 0.01)


def start(table):
    """From the command to the first 200 of /ready."""

    def once():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        begin = time.monotonic()
        process = subprocess.Popen([LLMGEN, "serve", "--port", str(port)], cwd=ROOT, stderr=subprocess.DEVNULL)
        try:
            while time.monotonic() - begin < 60:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as connection:
                    connection.sendall(b"GET /ready HTTP/1.1\r\nHost: stress\r\n\r\n")
                    if b" 200 " in connection.recv(100):
                        return time.monotonic() - begin
                time.sleep(0.002)
            sys.exit("the server was not ready in 60 s")
        finally:
            process.kill()
            process.wait()

    seconds = [once() for _ in range(5)]
    median = statistics.median(seconds)
    table.row(
        "start", "start to ready, median of 5 (all)", "at most 0.3 s",
        f"{median:.2f} s ({', '.join(f'{one:.2f}' for one in seconds)})", median <= 0.3)


def main():
    parts = {"streams": None, "leaving": leaving, "deaf": deaf, "overload": overload, "idle": idle, "start": start}
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[*parts, []], metavar="part")
    parser.add_argument("--seconds", type=int, default=60, help="of the part streams")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    # Overload has more connections at once than most shells allow; the server inherits the limit.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    table, load = Table(), [os.getloadavg()[0]]
    print(f"{os.cpu_count()} cores, load {load[0]:.1f} before")
    print(f"{'part':9} {'what':48} {'goal':18} {'figure':30} holds")
    for name, part in parts.items():
        if not arguments.parts or name in arguments.parts:
            streams(table, arguments.seconds) if name == "streams" else part(table)
            load.append(os.getloadavg()[0])
    print(f"load after each part: {', '.join(f'{one:.1f}' for one in load[1:])}")
    if arguments.json:
        print(json.dumps({"cores": os.cpu_count(), "load": load, "rows": table.rows}))
    return 1 if any(row["holds"] is False for row in table.rows) else 0


if __name__ == "__main__":
    sys.exit(main())
