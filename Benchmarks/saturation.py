"""The rate that `llmgen bench serve --saturation` finds, beside a brute-force sweep.

    python3 Benchmarks/saturation.py

Run from the package's root after `make build`. The server is one of this script that takes requests one after the other,
each for the same time, so that its queue grows as a real server's does and its knee does not depend on what else the
machine does. The sweep tries every rate from 8 % below what was found to 8 % above it, in steps of 1 %, with the same
number of requests; a rate that misses its goals is tried twice more, as a machine that is disturbed only adds misses. The
knee is the highest rate below the first that misses them each time. The run fails where the two differ by more than 3 %,
or the search takes more than 10 minutes.
"""

import argparse
import asyncio
import json
import pathlib
import subprocess
import sys
import tempfile

from client import LLMGEN, Scripted


class Queue(Scripted):
    """One request at a time, each for `seconds`."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.free = 0.0  # when the server has done what came so far

    async def answer(self, reader, writer):
        loop = asyncio.get_running_loop()
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                fields = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
                await reader.readexactly(int(fields[0].split(b":")[1]))
                self.free = max(self.free, loop.time()) + self.seconds
                await asyncio.sleep(self.free - loop.time())
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
                self.event(writer, {"choices": [{"index": 0, "text": "a", "finish_reason": "length"}]})
                writer.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def serve(seconds):
    server = await asyncio.start_server(Queue(seconds).answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--service-ms", type=float, default=30)
    parser.add_argument("--ttft-ms", type=float, default=600)
    parser.add_argument("--num-prompts", type=int, default=300)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        return asyncio.run(serve(arguments.service_ms / 1000))

    command = [sys.executable, __file__, "--serve", "--service-ms", str(arguments.service_ms)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    base = f"http://127.0.0.1:{server.stdout.readline().strip()}"

    def run(*more):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "report.json")
            subprocess.run(
                [LLMGEN, "bench", "serve", "--base-url", base, "--model", "queue", "--input-len", "4"]
                + ["--output-len", "1", "--num-prompts", str(arguments.num_prompts)]
                + ["--goodput", f"ttft:{arguments.ttft_ms}", "--save", str(path), *more],
                check=True, stdout=subprocess.DEVNULL,
            )
            return json.loads(path.read_text())

    try:
        search = run("--saturation", "--request-rate", "8")
        found = search["saturation_rate"]
        print(f"search: {found:.2f} requests/s in {search['search_s']:.0f} s, {len(search['probes'])} probes")
        knee = None
        for step in range(-8, 9):
            rate = found * (1 + step / 100)
            share = 0
            for _ in range(3):
                share = max(share, run("--request-rate", str(rate))["attainment"])
                if share >= 0.99:
                    break
            print(f"{rate:8.2f} requests/s: {share:.1%} within the goal", flush=True)
            if share < 0.99:
                break
            knee = rate
    finally:
        server.terminate()
        server.wait()
    if knee is None:
        raise SystemExit("every rate of the sweep missed its goals")
    print(f"sweep: {knee:.2f} requests/s; the search's rate over it {found / knee:.3f}")
    if abs(found / knee - 1) > 0.03 or search["search_s"] > 600:
        raise SystemExit("the search is off")


if __name__ == "__main__":
    main()
