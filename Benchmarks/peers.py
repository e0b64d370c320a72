"""Speed beside llama.cpp and OpenVINO GenAI: the shape of Llama 3.2 1B, random weights, in turns.

    python3 -m venv venv && venv/bin/pip install numpy gguf xllamacpp openvino-genai openvino-tokenizers
    venv/bin/python Benchmarks/peers.py --quantization q8_0 --turns 3

Run from the package's root after `make build`, with nothing else running. The peers read a GGUF file that is made here,
in --work, with an invented vocabulary; llmgen makes weights of the same shape and packing itself. Each engine is a
process of its own in every turn; the medians of the turns are printed.

- prompt: tokens a second until the first token of a prompt of 512.
- decode 1, 8, 32: tokens a second of as many sequences together, each of 32 tokens of prompt: what 24 more tokens
  take, which is the time of a run with 25 less that of a run with one.
"""

import argparse
import itertools
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

LLMGEN = ".build/release/llmgen"
SHAPE = "Benchmarks/shapes/Llama-3.2-1B"
ENGINES = ("llmgen", "llama.cpp", "openvino")
PROMPT, SHORT, MORE, BATCHES = 512, 32, 24, (1, 8, 32)


def vocabulary(size):
    """Byte-level tokens of one, two and three bytes, with the merges that make them."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    letters = [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]
    special = ["<s>", "</s>"]
    pairs = [(a, b) for a in letters for b in letters]
    triples = (("".join(pair), c) for pair in pairs for c in letters)
    merges = pairs + list(itertools.islice(triples, size - len(letters) - len(pairs) - len(special)))
    return letters + ["".join(merge) for merge in merges] + special, [" ".join(merge) for merge in merges]


def write_gguf(path, kind):
    import gguf
    import numpy as np

    config = json.loads(pathlib.Path(SHAPE, "config.json").read_text())
    hidden, inner, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    heads, kv_heads, size = config["num_attention_heads"], config["num_key_value_heads"], config["vocab_size"]
    head = config.get("head_dim") or hidden // heads
    tokens, merges = vocabulary(size)

    writer = gguf.GGUFWriter(path, arch="llama")
    writer.add_context_length(8192)
    writer.add_embedding_length(hidden)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_rope_dimension_count(head)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0 if kind == "q8_0" else gguf.LlamaFileType.MOSTLY_Q4_0)
    writer.add_vocab_size(size)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * (size - 2) + [gguf.TokenType.CONTROL] * 2)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(size - 2)
    writer.add_eos_token_id(size - 1)

    rng = np.random.default_rng(7)

    def matrix(name, rows, columns, deviation=None):
        deviation = deviation or columns**-0.5
        blocks = rows * columns // 32
        if kind == "q8_0":
            scale = deviation / 42
            values = np.clip(rng.standard_normal((blocks, 32), dtype=np.float32) * 42, -127, 127)
            values = values.astype(np.int8).view(np.uint8)
        else:
            scale = deviation / 4.6
            values = rng.integers(0, 256, (blocks, 16), dtype=np.uint8)
        scales = np.full((blocks, 1), scale, np.float16).view(np.uint8)
        packed = np.concatenate([scales, values], 1).reshape(rows, -1)
        writer.add_tensor(name, packed, raw_dtype=gguf.GGMLQuantizationType[kind.upper()])

    norm = np.ones(hidden, np.float32)
    matrix("token_embd.weight", size, hidden, 0.02)
    writer.add_tensor("output_norm.weight", norm)
    for layer in range(layers):
        block = f"blk.{layer}."
        matrix(block + "attn_q.weight", heads * head, hidden)
        matrix(block + "attn_k.weight", kv_heads * head, hidden)
        matrix(block + "attn_v.weight", kv_heads * head, hidden)
        matrix(block + "attn_output.weight", hidden, heads * head)
        matrix(block + "ffn_gate.weight", inner, hidden)
        matrix(block + "ffn_up.weight", inner, hidden)
        matrix(block + "ffn_down.weight", hidden, inner)
        writer.add_tensor(block + "attn_norm.weight", norm)
        writer.add_tensor(block + "ffn_norm.weight", norm)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def prompt(length):
    return [random.randrange(1000, 100_000) for _ in range(length)]


def measured(run):
    """The figures of an engine, from a function that runs `batch` prompts and takes as many tokens of each."""

    def seconds(*arguments):
        start = time.perf_counter()
        run(*arguments)
        return time.perf_counter() - start

    seconds(1, SHORT, 2)
    figures = {"prompt": PROMPT / seconds(1, PROMPT, 1)}
    for batch in BATCHES:
        first = seconds(batch, SHORT, 1)
        figures[f"decode {batch}"] = batch * MORE / (seconds(batch, SHORT, 1 + MORE) - first)
    return figures


def llama_cpp(path, threads):
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = path
    parameters.n_ctx = 4096  # for all sequences together
    parameters.n_parallel = max(BATCHES)
    parameters.kv_unified = True
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
    parameters.fit_params = False
    parameters.cache_ram_mib = 0
    parameters.verbosity = -1
    server = xllamacpp.Server(parameters)

    def one(length, count):
        answer = server.handle_completions(
            {"prompt": prompt(length), "n_predict": count, "temperature": 0, "ignore_eos": True, "cache_prompt": False}
        )
        answer = json.loads(answer) if isinstance(answer, str) else answer
        assert answer["tokens_predicted"] == count, answer

    def run(batch, length, count):
        clients = [threading.Thread(target=one, args=(length, count)) for _ in range(batch)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()

    return measured(run)


def openvino(path, threads):
    import numpy as np
    import openvino
    import openvino_genai

    scheduler = openvino_genai.SchedulerConfig()
    scheduler.max_num_batched_tokens = SHORT * max(BATCHES)
    scheduler.cache_size = 2
    scheduler.enable_prefix_caching = False
    pipeline = openvino_genai.ContinuousBatchingPipeline(path, scheduler, "CPU", {"INFERENCE_NUM_THREADS": threads})

    def run(batch, length, count):
        config = openvino_genai.GenerationConfig()
        config.max_new_tokens = config.min_new_tokens = count
        config.ignore_eos = True
        config.do_sample = False
        prompts = [openvino.Tensor(np.array([prompt(length)], dtype=np.int64)) for _ in range(batch)]
        answers = pipeline.generate(prompts, [config] * batch)
        assert all(len(answer.m_generation_ids[0]) == count for answer in answers)

    return measured(run)


def llmgen(kind, threads):
    """Of `bench latency`, whose runs are the same; it times each step by itself."""

    def bench(batch, length, count):
        output = subprocess.run(
            [LLMGEN, "bench", "latency", "--json", "--model", SHAPE, "--load-format", "dummy", "--quantization", kind]
            + ["--batch-size", str(batch), "--input-len", str(length), "--output-len", str(count)]
            + ["--threads", str(threads), "--repeat", "1"],
            capture_output=True, text=True, check=True,
        ).stdout
        return json.loads(output.splitlines()[-1])

    figures = {"prompt": bench(1, PROMPT, 2)["prefill_tokens_per_s"]}
    for batch in BATCHES:
        figures[f"decode {batch}"] = bench(batch, SHORT, 1 + MORE)["decode_tokens_per_s"]
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quantization", choices=["q8_0", "q4_0"], default="q8_0")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--work", default=tempfile.gettempdir(), help="where the model's file goes (1.3 GB)")
    parser.add_argument("--engine", choices=ENGINES, help="one turn of one engine, as JSON")
    arguments = parser.parse_args()
    path = str(pathlib.Path(arguments.work, f"llama-1b-{arguments.quantization}.gguf"))

    if arguments.engine:
        if arguments.engine == "llmgen":
            figures = llmgen(arguments.quantization, arguments.threads)
        else:
            figures = {"llama.cpp": llama_cpp, "openvino": openvino}[arguments.engine](path, arguments.threads)
        print(json.dumps(figures), flush=True)
        os._exit(0)  # A peer's threads may outlive its work.

    if not os.path.exists(path):
        write_gguf(path, arguments.quantization)
    turns = {engine: [] for engine in ENGINES}
    for _ in range(arguments.turns):
        for engine in ENGINES:
            command = [sys.executable, *sys.argv, "--engine", engine]
            output = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
            turns[engine].append(json.loads(output.splitlines()[-1]))

    print(f"{arguments.quantization}, {arguments.threads} threads, medians of {arguments.turns} turns, tokens/s")
    print(f"{'':12}" + "".join(f"{engine:>12}" for engine in ENGINES))
    for figure in turns["llmgen"][0]:
        medians = [statistics.median(turn[figure] for turn in turns[engine]) for engine in ENGINES]
        print(f"{figure:12}" + "".join(f"{median:12.1f}" for median in medians))


if __name__ == "__main__":
    main()
