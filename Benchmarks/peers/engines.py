"""The engines: how each is started, measured and served. A figure that an engine cannot give is a text, its reason.

The figures, in tokens a second but for the last ones:

- prompt 512, prompt 4096: until the first token of one prompt.
- decode 1, 8, 32: of as many sequences together, 24 tokens after 32 of prompt.
- load: 32 sequences at once with 128 tokens of prompt and 64 of output, both counted.
- start: seconds from the start of the process to the end of a first request of one token.
- memory: MiB of the process at most, over all of these.
- served: requests a second within their goals, from the engine's own server.
"""

import json
import os
import pathlib
import random
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

PROMPTS, BATCHES = (512, 4096), (1, 8, 32)
SHORT, MORE = 32, 24
LOAD = {"count": 32, "input": 128, "output": 64}
CONTEXT = 8192
PORT = 18931


class Tools:
    """Where things lie."""

    def __init__(self, llmgen, folder, model, shape, threads):
        self.llmgen, self.folder, self.model, self.shape, self.threads = llmgen, folder, model, shape, threads

    def python(self, environment, engine):
        """A run of this file in a peer's own environment."""
        arguments = [self.model, self.shape, str(self.threads)]
        return [f"{self.folder}/{environment}/bin/python", __file__, engine, *arguments]


class Failed(Exception):
    pass


def run(command, environment=None):
    """What a command printed."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
    ) as process:
        output, errors = process.communicate()
        if process.returncode:
            lines = errors.strip().splitlines() or ["no message"]
            raise Failed(f"{pathlib.Path(command[0]).name}: {lines[-1][:160]}")
    return output


def lines_of_json(output):
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


class Server:
    """An engine's own server, while it is asked."""

    def __init__(self, command, environment=None):
        self.start = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **(environment or {})}
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def first_answer(self):
        """Seconds until one token was answered."""
        body = {"prompt": "Once", "max_tokens": 1}
        deadline = self.start + 600
        while time.perf_counter() < deadline and self.process.poll() is None:
            try:
                if "model" not in body:
                    body["model"] = self.get("/v1/models")["data"][0]["id"]
                self.get("/v1/completions", body)
                return time.perf_counter() - self.start
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.02)
        raise Failed("the server did not answer")

    def get(self, path, body=None):
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(
            f"http://127.0.0.1:{PORT}{path}", data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.load(answer)

    def memory(self):
        """MiB at most, of the server and what it started."""
        processes = subprocess.run(
            ["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
        ).stdout.split()
        parents = dict(zip(processes[::2], processes[1::2]))
        own, total = str(self.process.pid), 0
        for process in parents:
            ancestor = process
            while ancestor in parents and ancestor != own:
                ancestor = parents[ancestor]
            if ancestor != own:
                continue
            try:
                status = pathlib.Path(f"/proc/{process}/status").read_text()
            except OSError:
                continue
            peak = re.search(r"VmHWM:\s+(\d+)", status)
            total += int(peak[1]) / 1024 if peak else 0
        return total


def served(tools, server):
    """Mixed lengths and shared beginnings, 16 requests at once: those within 4 s to the first token and 0.4 s each."""
    output = run(
        [tools.llmgen, "bench", "serve", "--base-url", f"http://127.0.0.1:{PORT}", "--json", "--num-prompts", "64"]
        + ["--max-concurrency", "16", "--input-len", "64", "--output-len", "32", "--range-ratio", "0.5"]
        + ["--shared-prefix-len", "192", "--num-prefixes", "4", "--goodput", "ttft:4000", "tpot:400"]
    )
    result = lines_of_json(output)[-1]
    if result["failed"]:
        raise Failed(f"{result['failed']} of 64 requests failed")
    return result["request_goodput"]


def from_server(tools, command, environment=None):
    with Server(command, environment) as server:
        figures = {"start": server.first_answer()}
        try:
            figures["served"] = served(tools, server)
        except Failed as failure:
            figures["served"] = str(failure)
        figures["memory"] = server.memory()
        return figures


def llmgen(tools, weights):
    model = ["--model", tools.model]
    if weights == "bf16":
        model = ["--model", tools.shape, "--load-format", "dummy"]
    threads = ["--threads", str(tools.threads)]

    def latency(batch, length, count):
        output = run(
            [tools.llmgen, "bench", "latency", "--json", "--repeat", "1", *model, *threads]
            + ["--batch-size", str(batch), "--input-len", str(length), "--output-len", str(count)]
        )
        return lines_of_json(output)[-1]

    figures = {f"prompt {length}": latency(1, length, 2)["prefill_tokens_per_s"] for length in PROMPTS}
    for batch in BATCHES:
        figures[f"decode {batch}"] = latency(batch, SHORT, 1 + MORE)["decode_tokens_per_s"]
    output = run(
        [tools.llmgen, "bench", "throughput", "--json", *model, *threads, "--max-model-len", str(CONTEXT)]
        + ["--num-prompts", str(LOAD["count"]), "--input-len", str(LOAD["input"])]
        + ["--output-len", str(LOAD["output"]), "--num-warmups", "1"]
    )
    figures["load"] = lines_of_json(output)[-1]["total_tokens_per_s"]
    if weights == "bf16":  # The shape's folder has no tokenizer to serve texts with.
        return figures
    serve = [tools.llmgen, "serve", "--port", str(PORT), "--max-model-len", str(CONTEXT), *model, *threads]
    return figures | from_server(tools, serve)


def llama_cpp(tools, weights):
    folder, threads = f"{tools.folder}/llama.cpp/bin", ["-t", str(tools.threads)]
    lengths = ",".join(map(str, PROMPTS))
    output = run([f"{folder}/llama-bench", "-m", tools.model, *threads, "-p", lengths, "-n", "0", "-r", "1", "-o", "json"])
    figures = {f"prompt {test['n_prompt']}": test["avg_ts"] for test in json.loads(output)}

    def batched(length, count, batches):
        output = run(
            [f"{folder}/llama-batched-bench", "-m", tools.model, *threads, "-c", str(CONTEXT), "-b", "2048"]
            + ["-npp", str(length), "-ntg", str(count), "-npl", ",".join(map(str, batches))]
            + ["--output-format", "jsonl"]
        )
        return lines_of_json(output)

    for test in batched(SHORT, MORE, BATCHES):
        figures[f"decode {test['pl']}"] = test["speed_tg"]
    figures["load"] = batched(LOAD["input"], LOAD["output"], [LOAD["count"]])[-1]["speed"]
    serve = [f"{folder}/llama-server", "-m", tools.model, *threads, "--port", str(PORT), "-c", str(CONTEXT), "-np", "16"]
    return figures | from_server(tools, [*serve, "--kv-unified"])


def openvino(tools, weights):
    figures = lines_of_json(run(tools.python("venv", "openvino")))[-1]
    return figures | {"served": "its server is not on PyPI"}


def vllm(tools, weights):
    environment = {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": str(tools.threads)}
    environment |= {"VLLM_CPU_KVCACHE_SPACE": "2"}
    figures = lines_of_json(run(tools.python("vllm", "vllm"), environment))[-1]
    return figures | {"served": "random weights have no tokenizer"}


ENGINES = {
    "llmgen": (llmgen, ("q8_0", "q4_0", "bf16")),
    "llama.cpp": (llama_cpp, ("q8_0", "q4_0")),
    "OpenVINO GenAI": (openvino, ("q8_0", "q4_0")),
    "vLLM": (vllm, ("bf16",)),
}


def measured(start, generate):
    """The figures of an engine in this process, from a function that runs prompts and takes `count` tokens of each."""

    def seconds(batch, length, count):
        prompts = [[random.randrange(1000, 100_000) for _ in range(length)] for _ in range(batch)]
        start = time.perf_counter()
        generate(prompts, count)
        return time.perf_counter() - start

    seconds(1, 1, 1)
    figures = {"start": time.perf_counter() - start}
    for length in PROMPTS:
        figures[f"prompt {length}"] = length / seconds(1, length, 1)
    for batch in BATCHES:
        first = seconds(batch, SHORT, 1)
        figures[f"decode {batch}"] = batch * MORE / (seconds(batch, SHORT, 1 + MORE) - first)
    tokens = LOAD["count"] * (LOAD["input"] + LOAD["output"])
    figures["load"] = tokens / seconds(LOAD["count"], LOAD["input"], LOAD["output"])
    figures["memory"] = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path("/proc/self/status").read_text())[1]) / 1024
    return figures


def measure_openvino(model, shape, threads):
    start = time.perf_counter()
    import numpy as np
    import openvino
    import openvino_genai

    scheduler = openvino_genai.SchedulerConfig()
    scheduler.max_num_batched_tokens = max(PROMPTS)
    scheduler.cache_size = 2
    scheduler.enable_prefix_caching = False
    pipeline = openvino_genai.ContinuousBatchingPipeline(model, scheduler, "CPU", {"INFERENCE_NUM_THREADS": threads})

    def generate(prompts, count):
        config = openvino_genai.GenerationConfig()
        config.max_new_tokens = config.min_new_tokens = count
        config.ignore_eos = True
        config.do_sample = False
        inputs = [openvino.Tensor(np.array([prompt], dtype=np.int64)) for prompt in prompts]
        answers = pipeline.generate(inputs, [config] * len(prompts))
        assert all(len(answer.m_generation_ids[0]) == count for answer in answers)

    return measured(start, generate)


def measure_vllm(model, shape, threads):
    start = time.perf_counter()
    from vllm import LLM, SamplingParams

    engine = LLM(
        model=shape, load_format="dummy", dtype="bfloat16", skip_tokenizer_init=True, max_model_len=CONTEXT,
        enable_prefix_caching=False, max_num_batched_tokens=CONTEXT,
    )

    def generate(prompts, count):
        sampling = SamplingParams(temperature=0, max_tokens=count, min_tokens=0, ignore_eos=True, detokenize=False)
        answers = engine.generate([{"prompt_token_ids": prompt} for prompt in prompts], sampling, use_tqdm=False)
        assert all(len(answer.outputs[0].token_ids) == count for answer in answers)

    return measured(start, generate)


if __name__ == "__main__":
    name, model, shape, threads = sys.argv[1:]
    measure = {"openvino": measure_openvino, "vllm": measure_vllm}[name]
    print(json.dumps(measure(model, shape, int(threads))), flush=True)
    os._exit(0)  # A peer's threads may outlive its work.
