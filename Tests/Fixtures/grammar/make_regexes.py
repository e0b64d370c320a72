"""Random regular expressions and texts, with what Python's re says: writes regexes.txt beside itself.

A line is a pattern, then for each text its hexadecimal UTF-8 with 1 or 0 before it, all parted by tabs.
"""

import pathlib
import random
import re

random.seed(7)
ATOMS = ["a", "b", "c", "é", "[ab]", "[^a]", "[a-c]", "\\d", "\\w", "[^\\w]", ".", "ab", "\\.", "\\n", "[é-ü]", "1"]


def pattern(depth):
    kind = random.random()
    if depth == 0 or kind < 0.3:
        return random.choice(ATOMS)
    if kind < 0.6:
        return "".join(pattern(depth - 1) for _ in range(random.randint(1, 3)))
    if kind < 0.75:
        return "(?:" + "|".join(pattern(depth - 1) for _ in range(random.randint(2, 3))) + ")"
    inner = "(?:" + pattern(depth - 1) + ")"
    low = random.randint(0, 3)
    return inner + random.choice(["*", "+", "?", "{%d}" % low, "{%d,}" % low, "{%d,%d}" % (low, low + random.randint(0, 4))])


def text():
    return "".join(random.choice("aaabbbcc1é.\n ü") for _ in range(random.randint(0, 9)))


lines = []
while len(lines) < 400:
    source = pattern(3)
    if len(source) > 80:
        continue
    try:
        compiled = re.compile(source, re.ASCII)
    except re.error:
        continue
    texts = {text() for _ in range(200)}
    yes = sorted(t for t in texts if compiled.fullmatch(t))[:8]
    no = sorted(t for t in texts if not compiled.fullmatch(t))[:8]
    cells = [f"{int(t in yes)}{t.encode().hex()}" for t in yes + no]
    lines.append("\t".join([source] + cells))
pathlib.Path(__file__).with_name("regexes.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
