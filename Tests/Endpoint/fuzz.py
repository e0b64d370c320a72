"""A hostile client for `llmgen serve`: python fuzz.py --requests 200000 --seed 1

Starts a server of its own, sends it the cases of hostile.py over many connections, and ends with 1 if the server
crashes, answers 5xx (503 apart, and 504 to embeddings), answers a request with 4xx that is not OpenAI's error, lets one
wait, keeps blocks or grows. A failed case is made as small as it still fails, and kept in a file for --send.
"""

import argparse
import asyncio
import collections
import json
import pathlib
import random
import re
import sys
import time

from conftest import TEMPLATE, Server
from hostile import Case, Cases

WAIT_S = 20
GOOD = b"GET /version HTTP/1.1\r\nHost: fuzz\r\n\r\n"
# A small cache, which is soon filled, so that memory tells of what else is kept.
OPTIONS = [
    "--chat-template", TEMPLATE, "--receive-timeout", "2s", "--request-timeout", "3s", "--kv-cache-memory", "64MiB"]


class Answer:
    """A response that has been read to its end."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class Closed(Exception):
    """The connection ended before an answer did."""


class Connection:
    """A connection that reads responses one after the other."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.before = None  # the case that was answered last

    @staticmethod
    async def open(port):
        return Connection(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 26))

    async def answer(self, method="GET"):
        try:
            while True:
                head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                match = re.fullmatch(r"HTTP/1\.[01] (\d{3})(?: .*)?", head[0])
                if not match:
                    raise ValueError(f"no status line: {head[0]!r}")
                status = int(match.group(1))
                if status >= 200:
                    break
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
            body = b""
            if method == "HEAD" or status in (204, 304):
                pass
            elif headers.get("transfer-encoding") == "chunked":
                while size := int(await self.reader.readuntil(b"\r\n"), 16):
                    body += await self.reader.readexactly(size)
                    await self.reader.readexactly(2)
                await self.reader.readuntil(b"\r\n")
            elif "content-length" in headers:
                body = await self.reader.readexactly(int(headers["content-length"]))
            else:
                body = await self.reader.read()
            return Answer(status, headers, body)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise Closed(str(error)) from None

    def close(self):
        self.writer.transport.abort()


def strict(text):
    """JSON without the words that Python takes besides."""
    def refuse(word):
        raise ValueError(f"{word} is no JSON")
    return json.loads(text, parse_constant=refuse)


def fault(case, answer):
    """What is wrong with the answer to a complete request; None if nothing is."""
    status, kind = answer.status, answer.headers.get("content-type", "")
    if status >= 500 and status != 503 and not (status == 504 and case.path == "/v1/embeddings"):
        return f"status {status}"
    if not (200 <= status < 300 or status >= 400):
        return f"status {status}"
    if case.method == "HEAD" or status == 204:
        return None
    try:
        if status >= 400:
            error = strict(answer.body)["error"] if kind == "application/json" else None
            if status == 503 and kind == "application/json" and "status" in strict(answer.body):
                return None
            if not error or set(error) != {"message", "type", "param", "code"}:
                return f"a {status} that is no error object"
            texts = [error["message"], error["type"], error["code"]]
            if not all(isinstance(text, str) and text for text in texts) or not isinstance(error["param"], str | None):
                return f"a {status} with an error object of wrong types"
        elif kind == "application/json":
            strict(answer.body)
        elif kind.startswith("text/event-stream"):
            for line in answer.body.decode().split("\n"):
                if line.startswith("data: ") and line != "data: [DONE]":
                    event = strict(line[6:])
                    if "server_error" in json.dumps(event.get("error") or ""):
                        return "a stream that ends with a server error"
    except (ValueError, KeyError, TypeError) as error:
        return f"a {status} that cannot be read: {type(error).__name__}"
    return None


class Fuzzer:
    """Sends cases to a server and notes what is wrong."""

    def __init__(self, server, seed, connections=16):
        self.server, self.connections = server, connections
        self.cases = Cases(seed, server.get("/openapi.json").json())
        self.statuses = collections.Counter()
        self.kinds = collections.Counter()
        self.failures = []  # (what, case)
        self.slowest = 0.0
        self.resident = []

    def fail(self, what, case):
        self.failures.append((what, case))

    async def run(self, numbers):
        """Sends the cases of those numbers; ends early when the server is gone."""
        numbers = iter(numbers)
        await asyncio.gather(*(self.work(numbers) for _ in range(self.connections)))

    async def work(self, numbers):
        connection, batch = None, []
        try:
            for number in numbers:
                case = self.cases.case(number)
                if case.kind != "request":
                    await self.alone(case)
                    continue
                batch.append(case)
                if len(batch) > number % 8:
                    connection = await self.pipelined(connection, batch)
                    batch = []
                if number % 2000 == 0:
                    self.resident.append(resident_bytes(self.server.process.pid))
                if self.server.process.poll() is not None:
                    return
            if batch:
                connection = await self.pipelined(connection, batch)
        except OSError as error:
            if self.server.process.poll() is None:
                self.fail(f"no connection: {error}", batch[0] if batch else None)
        finally:
            if connection:
                connection.close()

    async def pipelined(self, connection, batch):
        """Sends requests at once and reads their answers; those that a closing connection leaves are sent again."""
        connection = connection or await Connection.open(self.server.port)
        rest, fresh = list(batch), False
        while rest:
            connection.writer.write(b"".join(case.data for case in rest))
            while rest:
                begin = time.monotonic()
                try:
                    answer = await asyncio.wait_for(connection.answer(rest[0].method), WAIT_S)
                except (Closed, ValueError, TimeoutError) as error:
                    connection.close()
                    # A connection that was open before may have been closed for its own reasons.
                    if isinstance(error, ValueError) and connection.before and connection.before.method == "HEAD":
                        self.fail("an answer to HEAD that has a body", connection.before)
                    elif fresh or not isinstance(error, Closed):
                        self.fail(f"no answer: {type(error).__name__}", rest.pop(0))
                    elif len(rest) > 1:
                        for case in rest:
                            await self.pipelined_alone(case)
                        rest = []
                    connection, fresh = None, True
                    break
                fresh, connection.before = False, rest.pop(0)
                self.note(connection.before, answer, time.monotonic() - begin)
                if answer.headers.get("connection", "").lower() == "close":
                    connection.close()
                    connection = None
                    break
            if connection is None:
                if self.server.process.poll() is not None:
                    return None
                connection = await Connection.open(self.server.port)
        return connection

    async def pipelined_alone(self, case):
        """One request on a connection of its own, with a good one behind it."""
        connection = await Connection.open(self.server.port)
        begin = time.monotonic()
        try:
            connection.writer.write(case.data + GOOD)
            answer = await asyncio.wait_for(connection.answer(case.method), WAIT_S)
            self.note(case, answer, time.monotonic() - begin)
            try:
                await asyncio.wait_for(connection.answer(), WAIT_S)
            except Closed:
                pass  # after an error the server may close
            except ValueError:
                self.fail("an answer to HEAD that has a body" if case.method == "HEAD" else "an answer that goes on", case)
        except (Closed, ValueError, TimeoutError) as error:
            self.fail(f"no answer: {type(error).__name__}", case)
        finally:
            connection.close()

    def note(self, case, answer, seconds):
        self.kinds[case.kind] += 1
        self.statuses[answer.status] += 1
        self.slowest = max(self.slowest, seconds)
        if what := fault(case, answer):
            self.fail(what, case)

    async def alone(self, case):
        """A connection that goes its own way; the server must end it or answer, with no 5xx."""
        self.kinds[case.kind] += 1
        connection = await Connection.open(self.server.port)
        writer, reader = connection.writer, connection.reader
        begin = time.monotonic()
        try:
            writer.write(case.data)
            if case.then == "close":
                await asyncio.wait_for(writer.drain(), WAIT_S)
                return
            if case.then == "leave":
                await asyncio.wait_for(reader.read(200), WAIT_S)
                return
            if case.then == "half":
                await asyncio.wait_for(writer.drain(), WAIT_S)
                await asyncio.sleep(0.01)
                if writer.can_write_eof():
                    writer.write_eof()
            data = await asyncio.wait_for(reader.read(1 << 16), WAIT_S)
            if match := re.match(rb"HTTP/1\.[01] (\d{3})", data):
                status = int(match.group(1))
                self.statuses[status] += 1
                if status >= 500 and status != 503:
                    self.fail(f"status {status}", case)
            while data:
                data = await asyncio.wait_for(reader.read(1 << 16), WAIT_S)
        except TimeoutError:
            self.fail("no end", case)
        except (ConnectionError, OSError):
            pass
        finally:
            self.slowest = max(self.slowest, time.monotonic() - begin)
            connection.close()

    def closing(self):
        """What is wrong with the server after the last case."""
        server = self.server
        if server.process.poll() is not None:
            return [f"the server crashed with {server.process.returncode}: {server.log[-20:]}"]
        wrong = []
        if not server.idle():
            wrong.append(f"{server.metric('llmgen_kv_blocks_used'):.0f} blocks are still in use")
        for status in (500, 501, 502):
            if count := server.metric("llmgen_http_requests_total", status=str(status)):
                causes = collections.Counter(re.findall(r'error failed error=("[^"]*"|\S+)', "\n".join(server.log)))
                wrong.append(f"the server counts {count:.0f} answers of {status}: {dict(causes)}")
        if self.resident:
            warm, last = max(self.resident[: len(self.resident) // 2 + 1]), resident_bytes(server.process.pid)
            if last > warm * 1.2 + (32 << 20):
                wrong.append(f"resident memory grew from {warm >> 20} to {last >> 20} MiB")
        return wrong


def resident_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) << 10


# MARK: Smaller cases


def fails(case):
    """What is wrong with a case sent to a new server, alone; None if nothing is."""
    server = Server(*OPTIONS)
    try:
        fuzzer = Fuzzer(server, 0, connections=1)
        asyncio.run(fuzzer.pipelined_alone(case) if case.kind == "request" else fuzzer.alone(case))
        time.sleep(0.05)
        wrong = [what for what, _ in fuzzer.failures] + [what.split(":")[0] for what in fuzzer.closing()]
        return wrong[0] if wrong else None
    finally:
        server.process.kill()
        server.process.wait()


def shrunk(case, what, tries=60):
    """The case with as many bytes of its body gone as go without its failure; the length is kept right."""
    head, separator, body = case.data.partition(b"\r\n\r\n")

    def rebuilt(body):
        length = b"Content-Length: %d" % len(body)
        return Case(case.kind, re.sub(rb"(?i)content-length: \d+", length, head) + separator + body, case.method, case.path, case.then)

    def parts():
        try:
            members = strict(body)
        except ValueError:
            members = None
        if isinstance(members, dict):
            for name in members:
                yield json.dumps({key: value for key, value in members.items() if key != name}).encode()
        step = len(body) // 2
        while step:
            for at in range(0, len(body), step):
                yield body[:at] + body[at + step :]
            step //= 2

    best, smaller = case, b"chunked" not in head.lower()
    while smaller and tries > 0:
        smaller = False
        for candidate in parts():
            tries -= 1
            if tries < 0:
                break
            if fails(rebuilt(candidate)) == what:
                body, best, smaller = candidate, rebuilt(candidate), True
                break
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--failures", type=pathlib.Path, default=pathlib.Path("."), help="where failed cases are kept")
    parser.add_argument("--send", type=pathlib.Path, help="send one kept case instead, and tell what is wrong")
    arguments = parser.parse_args()
    if arguments.send:
        kept = json.loads(arguments.send.read_text())
        what = fails(Case(**{**kept, "data": kept["data"].encode("latin-1")}))
        print(what or "nothing is wrong")
        return 1 if what else 0

    print(f"seed {arguments.seed}", flush=True)
    server = Server(*OPTIONS)
    fuzzer = Fuzzer(server, arguments.seed, arguments.connections)
    begin = time.monotonic()
    asyncio.run(fuzzer.run(range(arguments.requests)))
    seconds = time.monotonic() - begin
    wrong = fuzzer.closing()
    resident = fuzzer.resident or [0]
    if server.process.poll() is None and server.stop() != 0:
        wrong.append(f"the server ended with {server.process.returncode}")

    for number, (what, group) in enumerate(grouped(fuzzer.failures)):
        print(f"{len(group)} times: {what}")
        case = min((case for case in group if case), key=lambda case: len(case.data), default=None)
        if case:
            again = fails(case)
            case = shrunk(case, again) if again else case
            file = arguments.failures / f"fuzz-failure-{number}.json"
            file.write_text(json.dumps({**vars(case), "data": case.data.decode("latin-1")}))
            print(f"  {'again alone: ' + again if again else 'not again when sent alone'}; kept in {file}: {case.data[:600]!r}")
    for what in wrong:
        print(what)
    print("statuses", dict(sorted(fuzzer.statuses.items())))
    print("kinds", dict(fuzzer.kinds.most_common()))
    print(
        f"{sum(fuzzer.kinds.values())} requests in {seconds:.0f} s, {len(fuzzer.failures) + len(wrong)} failures, slowest "
        f"{fuzzer.slowest:.1f} s, resident memory {resident[0] >> 20} to {resident[-1] >> 20} MiB, at most {max(resident) >> 20}; "
        f"seed {arguments.seed}")
    return 1 if fuzzer.failures or wrong else 0


def grouped(failures):
    groups = collections.defaultdict(list)
    for what, case in failures:
        groups[what].append(case)
    return groups.items()


if __name__ == "__main__":
    sys.exit(main())
