"""Masks of llguidance on MaskBench's documents, and the same documents as tokens for `structured-output masks`.

    masks.py VOCABULARY FOLDER OUT [EVERY]

VOCABULARY is in tiktoken's form (lines of base64 and rank), such as Llama 3's `tokenizer.model`; FOLDER has MaskBench's
files, of which each EVERY-th is taken; OUT gets one JSON object a line. Needs llguidance and tiktoken.
"""

import base64
import json
import pathlib
import statistics
import sys
import time

import llguidance
import llguidance.numpy
import llguidance.tiktoken
import tiktoken

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def main():
    vocabulary, folder, out = sys.argv[1:4]
    every = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    ranks = {}
    for line in open(vocabulary, "rb"):
        token, rank = line.split()
        ranks[base64.b64decode(token)] = int(rank)
    special = {"<|begin_of_text|>": len(ranks), "<|end_of_text|>": len(ranks) + 1}
    encoding = tiktoken.Encoding("llama3", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=special)
    end = special["<|end_of_text|>"]
    tokenizer = llguidance.tiktoken.lltokenizer_from_encoding(encoding, eos_token=end)
    bitmask = llguidance.numpy.allocate_token_bitmask(1, tokenizer.vocab_size)
    masks, firsts, refused = [], [], 0
    with open(out, "w") as output:
        for path in sorted(pathlib.Path(folder).glob("*.json"))[::every]:
            case = json.loads(path.read_text())
            documents = [
                {"valid": test["valid"], "tokens": encoding.encode(json.dumps(test["data"], ensure_ascii=False), disallowed_special=())}
                for test in case.get("tests", [])
            ]
            output.write(json.dumps({"name": path.name, "schema": case["schema"], "documents": documents}) + "\n")
            start = time.perf_counter()
            matcher = llguidance.LLMatcher(tokenizer, llguidance.LLMatcher.grammar_from_json_schema(case["schema"]))
            if matcher.is_error():
                refused += 1
                continue
            llguidance.numpy.fill_next_token_bitmask(matcher, bitmask, 0)
            firsts.append((time.perf_counter() - start) * 1e6)
            for document in documents:
                matcher.reset()
                for token in document["tokens"] + [end]:
                    start = time.perf_counter()
                    llguidance.numpy.fill_next_token_bitmask(matcher, bitmask, 0)
                    is_allowed = bitmask[0, token // 32] >> (token % 32) & 1
                    if is_allowed and token != end:
                        matcher.consume_token(token)
                    masks.append((time.perf_counter() - start) * 1e6)
                    if not is_allowed:
                        break
    masks.sort()
    firsts.sort()
    at = lambda values, share: round(values[min(len(values) - 1, int(share * len(values)))], 1)
    print(json.dumps({
        "engine": "llguidance " + llguidance.__version__ if hasattr(llguidance, "__version__") else "llguidance",
        "schemas": len(firsts), "refused": refused, "masks": len(masks), "mask_us": round(statistics.mean(masks), 1),
        **{f"mask_p{p}_us": at(masks, p / 100) for p in (50, 90, 99, 99.9)}, "mask_max_us": round(masks[-1], 1),
        **{f"first_p{p}_us": at(firsts, p / 100) for p in (50, 90, 99)}, "first_max_us": round(firsts[-1], 1),
    }))


main()
