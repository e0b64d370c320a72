"""Random forms, and whether what a model of random weights writes under them has them, by Python's own libraries.

    python random_forms.py LLMGEN MODEL 2000 500 1

The counts are of schemas, and of patterns and grammars together; the last is a seed. `llmgen generate --jsonl` runs every form
with two samples in a batch, then one alone, and one in a batch with little memory, so that requests are preempted. `jsonschema`,
`re` and `lark` judge each output that ended by itself. It ends with 1 where one does not have its form, or where the tokens are
not the same in all of these.
"""

import collections
import json
import pathlib
import random
import re
import subprocess
import sys
from decimal import Decimal

import lark

from random_schemas import Draft202012Validator, Validator, make

ATOMS = ["[a-z]", "[0-9]", "[A-F0-9]", "x", "ab", "é", " ", "-", r"\d", r"\w", r"\.", "[^a-z\n]", "(red|green|blue)"]
REPEATS = ["", "", "?", "{2}", "{1,3}", "{0,4}", "*", "+"]

def pattern(r, depth=2):
    def part():
        if depth and r.random() < 0.3:
            return f"({pattern(r, depth - 1)})"
        return r.choice(ATOMS)

    def branch():
        parts = []
        for _ in range(r.randrange(1, 5)):
            text = part()
            repeat = r.choice(REPEATS)
            parts.append((f"({text})" if repeat and len(text) > 1 else text) + repeat)
        return "".join(parts)

    return "|".join(branch() for _ in range(r.choice([1, 1, 2])))

def grammar(r):
    """Rules that call those after them, so that every one ends, and one that may hold itself between brackets."""
    count = r.randrange(2, 5)
    names = ["start"] + [f"r{index}" for index in range(1, count)]
    lines = []
    for index, name in enumerate(names):
        branches = []
        for _ in range(r.randrange(1, 4)):
            items = []
            for _ in range(r.randrange(1, 4)):
                later = names[index + 1:]
                item = r.choice(later) if later and r.random() < 0.5 else json.dumps(r.choice(["a", "b", "cd", ", ", "="]))
                items.append(item + r.choice(["", "", "", "?"]))
            branches.append(" ".join(items))
        if r.random() < 0.3:
            branches.append(f'"(" {name} ")"')
        lines.append(f"{name}: " + " | ".join(branches))
    return "\n".join(lines) + "\n"

def has(kind, form, text):
    if kind == "json":
        validator = Validator(
            json.loads(form, parse_float=Decimal), format_checker=Draft202012Validator.FORMAT_CHECKER)
        return validator.is_valid(json.loads(text, parse_float=Decimal))
    if kind == "regex":
        return re.fullmatch(form, text, re.ASCII) is not None
    try:
        lark.Lark(form, parser="earley", lexer="dynamic_complete").parse(text)
        return True
    except lark.exceptions.LarkError:
        return False

def tokens_of_ends(llmgen, model):
    """Tokens with which strings, arrays, objects and texts end; random weights come upon one seldom."""
    ids = {json.loads((pathlib.Path(model) / "config.json").read_text())["eos_token_id"]}
    for text in ['"', ']', '}', 'a"', 'a]', '"]', '"}', ']}', '}}']:
        said = subprocess.run(
            [llmgen, "tokenize", "--model", model, "--json", text], capture_output=True, text=True, check=True)
        ids.update(id for id in json.loads(said.stdout)["token_ids"][1:])
    return ids

def generate(llmgen, model, forms, bias, n, *options):
    """The answers to the forms."""
    lines = [
        json.dumps({
            "id": index, "prompt": "Once", "structured_outputs": form, "n": n, "seed": index, "temperature": 1,
            "max_tokens": 160, "logit_bias": bias})
        for index, form in enumerate(forms)
    ]
    said = subprocess.run(
        [llmgen, "generate", "--model", model, "--load-format", "dummy", "--jsonl", *options],
        input="\n".join(lines) + "\n", capture_output=True, text=True)
    return [json.loads(line) for line in said.stdout.split("\n") if line]

def told(answer):
    """What an answer says of its first sample."""
    return str(answer["outputs"][0]["token_ids"]) if "outputs" in answer else answer["error"]


def main(llmgen, model, schemas, others, seed):
    r = random.Random(seed)
    forms = [{"json": json.dumps(make(r, 3))} for _ in range(schemas)]
    forms += [{"regex": pattern(r)} if index % 2 else {"grammar": grammar(r)} for index in range(others)]
    bias = {str(id): 4 for id in tokens_of_ends(llmgen, model)}
    batch = generate(llmgen, model, forms, bias, 2, "--max-num-seqs", "64")
    alone = generate(llmgen, model, forms, bias, 1, "--max-num-seqs", "1")
    scarce = generate(
        llmgen, model, forms, bias, 1, "--max-num-seqs", "64", "--kv-blocks", "24", "--block-size", "16",
        "--max-model-len", "200")
    counts = {kind: dict(forms=0, refused=0, ended=0, cut=0, wrong=0) for kind in ["json", "regex", "grammar"]}
    refusals = collections.Counter()
    leap = different = 0
    for form, answer, *single in zip(forms, batch, alone, scarce, strict=True):
        [(kind, text)] = form.items()
        count = counts[kind]
        count["forms"] += 1
        # An error of the second sample ends the first too, which says nothing of its tokens.
        compared = [answer, *single] if "outputs" in answer else single
        if len({told(each) for each in compared}) > 1:
            different += 1
            print("different:", text, *map(told, compared), sep="\n  ", file=sys.stderr)
        if "outputs" not in answer:
            count["refused"] += 1
            refusals[re.sub(r"#\S*: ", "", answer["error"])] += 1
            continue
        for output in answer["outputs"]:
            if output["finish_reason"] != "stop":
                count["cut"] += 1
            elif kind == "json" and ":60" in output["text"]:
                leap += 1  # Python knows no leap seconds; the format does.
            else:
                count["ended"] += 1
                if not has(kind, text, output["text"]):
                    count["wrong"] += 1
                    print(kind, text, repr(output["text"]), file=sys.stderr)
    for error, times in refusals.most_common():
        print(f"{times} refused: {error}", file=sys.stderr)
    print(json.dumps({**counts, "leap": leap, "different": different}))
    return 1 if different or any(count["wrong"] for count in counts.values()) else 0

if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])))
