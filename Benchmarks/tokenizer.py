"""Encoding speed beside Hugging Face's tokenizers: 10 MB of mixed text, one thread each, in turns.

    python3 -m venv venv && venv/bin/pip install tokenizers
    venv/bin/python Benchmarks/tokenizer.py path/to/tokenizer.json

Run from the package's root after `make build`. The text is prose, a few words of many scripts, code and numbers, the
same every time. llmgen's time is that of `tokenize --count` less that for an empty text, so it has no loading in it;
tokenizers is given the text whole and in documents of 10,000 characters, and its better time counts.
"""

import json
import os
import pathlib
import platform
import random
import subprocess
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import tokenizers

sys.path.insert(0, "Tests/Fixtures/tokenizer")
from texts import CODE, EMOJI, WORDS

LLMGEN = ".build/release/llmgen"


def mixed(size):
    rng = random.Random(1)
    prose = pathlib.Path("Benchmarks/data/validation.txt").read_text().split("\n\n")
    parts, length = [], 0
    while length < size:
        kind = rng.randrange(10)
        if kind < 5:
            part = rng.choice(prose)
        elif kind < 7:
            part = "".join(rng.choice(CODE) for _ in range(8))
        elif kind < 9:
            part = " ".join(rng.choice(WORDS) for _ in range(60))
        else:
            part = " ".join(str(rng.randrange(10**9)) + rng.choice(EMOJI) for _ in range(20))
        parts.append(part + "\n")
        length += len(parts[-1].encode())
    return "".join(parts)


def seconds(action):
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def main():
    path = sys.argv[1]
    text = mixed(10_000_000)
    size = len(text.encode())
    reference = tokenizers.Tokenizer.from_file(path)
    documents = [text[i:i + 10_000] for i in range(0, len(text), 10_000)]

    def llmgen(text):
        command = [LLMGEN, "tokenize", "--model", path, "--no-add-special-tokens", "--count"]
        return int(subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, check=True).stdout)

    times = {"llmgen": [], "tokenizers": []}
    for _ in range(3):
        empty, _ = seconds(lambda: llmgen(" "))
        whole, count = seconds(lambda: llmgen(text))
        times["llmgen"].append(whole - empty)
        one, encoding = seconds(lambda: reference.encode(text, add_special_tokens=False))
        many, _ = seconds(lambda: reference.encode_batch_fast(documents, add_special_tokens=False))
        times["tokenizers"].append(min(one, many))
        if len(encoding.ids) != count:
            sys.exit(f"error: {count} tokens, tokenizers has {len(encoding.ids)}")
    best = {name: min(values) for name, values in times.items()}
    print(f"{platform.processor() or platform.machine()}, tokenizers {tokenizers.__version__}, {size} bytes, {count} tokens")
    for name, value in best.items():
        print(f"{name:12}{value:8.2f} s{size / value / 1e6:8.1f} MB/s")
    print(json.dumps({
        "bytes": size, "tokens": count, **{f"{name}_s": round(value, 3) for name, value in best.items()},
        "ratio": round(best["tokenizers"] / best["llmgen"], 2)}))


if __name__ == "__main__":
    main()
