"""Random forms, and whether what a model of random weights wrote under them has them, by Python's own libraries.

    python random_forms.py make 2000 500 1 > forms.jsonl
    structured-output random-weights MODEL forms.jsonl > outputs.jsonl
    python random_forms.py check outputs.jsonl

`make` takes counts of schemas, and of patterns and grammars together, and a seed. `check` asks `jsonschema`, `re` and `lark`,
and ends with 1 where an output that ended by itself does not have its form.
"""

import json
import random
import re
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


def check(path):
    counts = {kind: dict(forms=0, refused=0, ended=0, cut=0, wrong=0) for kind in ["json", "regex", "grammar"]}
    leap = 0
    for line in open(path, encoding="utf-8"):
        entry = json.loads(line)
        kind = next(name for name in counts if name in entry)
        count = counts[kind]
        count["forms"] += 1
        if "error" in entry:
            count["refused"] += 1
            print(entry["error"], file=sys.stderr)
            continue
        for text, reason in zip(entry["outputs"], entry["reasons"]):
            if reason != "stop":
                count["cut"] += 1
                continue
            if kind == "json" and ":60" in text:
                leap += 1  # Python knows no leap seconds; the format does.
                continue
            count["ended"] += 1
            if not has(kind, entry[kind], text):
                count["wrong"] += 1
                print(kind, entry[kind], repr(text), file=sys.stderr)
    print(json.dumps({**counts, "leap": leap}))
    return 1 if any(count["wrong"] for count in counts.values()) else 0


if __name__ == "__main__":
    if sys.argv[1] == "make":
        r = random.Random(int(sys.argv[4]))
        for _ in range(int(sys.argv[2])):
            print(json.dumps({"json": json.dumps(make(r, 3))}))
        for index in range(int(sys.argv[3])):
            print(json.dumps({"regex": pattern(r)} if index % 2 else {"grammar": grammar(r)}))
    else:
        sys.exit(check(sys.argv[2]))
