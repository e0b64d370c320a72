"""The figures of `llmgen bench serve` beside those of another client: OpenAI's own Python package.

    python3 -m venv venv && venv/bin/pip install openai
    venv/bin/python Benchmarks/client.py

Run from the package's root after `make build`. A server of the bundled model computes on one thread, which leaves a core
to the clients. Both make the same load in turns: as many requests of as many random token ids, at most so many under way
at once. Percentiles are taken over the requests of all turns together, each by its client's own clock, as vLLM defines
them, and the run fails where one differs by more than --tolerance. A client in Python has about 0.2 ms of its own on
every event, so that the outputs should be some milliseconds apart.

With --scripted the server is one of this script, which waits a random time before each event and computes nothing: what
differs then is the clients alone.
"""

import argparse
import asyncio
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

LLMGEN = ".build/release/llmgen"
PERCENTILES = (50, 90, 95, 99)


def percentile(values, percent):
    """Linear interpolation between the two nearest, numpy's default."""
    values = sorted(values)
    place = percent / 100 * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)


async def openai_turn(base, arguments):
    """One load by the openai package; a record of each request, in milliseconds."""
    import openai

    client = openai.AsyncOpenAI(base_url=f"{base}/v1", api_key="none", max_retries=0, timeout=600)
    model = (await client.models.list()).data[0].id
    places = asyncio.Semaphore(arguments.concurrency)

    async def one():
        async with places:
            prompt = [random.randrange(1000) for _ in range(arguments.input_len)]
            start = time.perf_counter()
            stream = await client.completions.create(
                model=model, prompt=prompt, max_tokens=arguments.output_len, stream=True,
                stream_options={"include_usage": True}, extra_body={"ignore_eos": True},
            )
            times, tokens = [], 0
            async for event in stream:
                if event.choices:
                    times.append(time.perf_counter())
                if event.usage:
                    tokens = event.usage.completion_tokens
            ttft, e2el = times[0] - start, times[-1] - start
            return {
                "ttft_ms": ttft * 1000, "e2el_ms": e2el * 1000, "tpot_ms": (e2el - ttft) / (tokens - 1) * 1000,
                "itl_ms": [(b - a) * 1000 for a, b in zip(times, times[1:])],
            }

    records = await asyncio.gather(*(one() for _ in range(arguments.num_prompts)))
    await client.close()
    return records


def llmgen_turn(base, arguments, seed):
    """The same by `llmgen bench serve`."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "report.json")
        subprocess.run(
            [LLMGEN, "bench", "serve", "--base-url", base, "--num-prompts", str(arguments.num_prompts)]
            + ["--max-concurrency", str(arguments.concurrency), "--input-len", str(arguments.input_len)]
            + ["--output-len", str(arguments.output_len), "--ignore-eos", "--seed", str(seed), "--save", str(path)],
            check=True, stdout=subprocess.DEVNULL,
        )
        return json.loads(path.read_text())["records"][0]


class Scripted:
    """A server whose events come after random times."""

    def __init__(self):
        self.random = random.Random(5)

    async def answer(self, reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")),
                    0,
                )
                body = await reader.readexactly(length)
                if head.startswith(b"GET"):
                    data = b'{"object":"list","data":[{"id":"scripted","object":"model"}]}'
                    writer.write(
                        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data)
                        + data
                    )
                    await writer.drain()
                    continue
                count = json.loads(body)["max_tokens"]
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
                # Waits count from the beginning, so that a late wake-up does not add up.
                due = asyncio.get_running_loop().time() + self.random.uniform(0.05, 0.3)
                for number in range(count):
                    await asyncio.sleep(max(0, due - asyncio.get_running_loop().time()))
                    due += self.random.gammavariate(8, 0.005)
                    self.event(writer, {"choices": [{"index": 0, "text": f" {number}", "finish_reason": None}]})
                    await writer.drain()
                self.event(writer, {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": count}})
                writer.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @staticmethod
    def event(writer, fields):
        whole = {"id": "c", "object": "text_completion", "created": 0, "model": "scripted"} | fields
        data = b"data: " + json.dumps(whole).encode() + b"\n\n"
        writer.write(b"%x\r\n%s\r\n" % (len(data), data))


def start(arguments):
    """A server of its own; its process and its address."""
    if arguments.scripted:
        server = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
        return server, f"http://127.0.0.1:{server.stdout.readline().strip()}"
    server = subprocess.Popen(
        [LLMGEN, "serve", "--port", "0", "--threads", "1", "--no-prefix-caching", "--log-format", "json"],
        stderr=subprocess.PIPE, text=True,
    )
    for line in server.stderr:
        if "http://" in line:
            address = line[line.index("http://"):].split('"')[0].split()[0]
            return server, address.replace("\\/", "/").rstrip("/")
    raise SystemExit("the server ended")


async def serve():
    server = await asyncio.start_server(Scripted().answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-prompts", type=int, default=64)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--input-len", type=int, default=128)
    parser.add_argument("--output-len", type=int, default=48)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--tolerance", type=float, default=0.05)
    parser.add_argument("--scripted", action="store_true", help="a server that only waits")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        return asyncio.run(serve())

    server, base = start(arguments)
    records = {"openai": [], "llmgen": []}
    try:
        asyncio.run(openai_turn(base, arguments))  # a warm-up
        for turn in range(arguments.turns):
            records["openai"] += asyncio.run(openai_turn(base, arguments))
            records["llmgen"] += llmgen_turn(base, arguments, turn)
    finally:
        server.terminate()
        server.wait()

    print(f"{'':16}{'openai':>12}{'llmgen':>12}{'ratio':>10}")
    worst = 0
    for measure in ("ttft_ms", "tpot_ms", "itl_ms", "e2el_ms"):
        values = {
            client: [v for r in rows for v in (r[measure] if isinstance(r[measure], list) else [r[measure]])]
            for client, rows in records.items()
        }
        for percent in PERCENTILES:
            one, other = (percentile(values[client], percent) for client in ("openai", "llmgen"))
            worst = max(worst, abs(other / one - 1))
            print(f"p{percent} {measure:12}{one:12.2f}{other:12.2f}{other / one:10.3f}")
    print(f"largest difference {worst:.1%}")
    if worst > arguments.tolerance:
        raise SystemExit(f"more than {arguments.tolerance:.0%}")


if __name__ == "__main__":
    main()
