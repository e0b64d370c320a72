"""Random and adversarial texts, the same ones for the same seed."""

import random

WORDS = (
    "the king had three sons and the youngest was called fool it's don't I'LL we'Ve they're he'd I'm naïve café "
    "Ångström Straße größer État façade Привет мир Здравствуйте שלום עולם مرحبا بالعالم 日本語のテキスト 中文测试 한국어 "
    "नमस्ते दुनिया สวัสดีชาวโลก Γειά σου Κόσμε ქართული Հայերեն አማርኛ 12345 3.14159 1,000,000 0x1F 2024-11-25 ½ Ⅷ ²³ "
    "ﬁne ＡＢＣ ﷺ hello_world snake_case camelCase HTTPServer don’t “quoted” e\u0301 a\u030a\u0323 ẛ̣ ſt K"
).split()
CODE = [
    "def f(x):\n    return x + 1\n", "for (int i = 0; i < n; ++i) {\n\ta[i] *= 2;\n}\n", "#include <stdio.h>\r\n",
    "if (a && b || !c) { return -1; }", "SELECT * FROM t WHERE a >= 'x';\n", "<div class=\"a\">&nbsp;</div>",
    "\\frac{a}{b} $x^2$", "let x: [Int?] = []  // TODO\n", "https://example.org/a?b=c&d=%20#e", "\"\\n\\t\\\"",
]
EMOJI = ["😀", "🧙‍♂️", "🇩🇪", "👨‍👩‍👧‍👦", "👍🏽", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "☃", "1️⃣", "\u200d", "\ufe0f", "🏽"]
SPACES = list(" \t\n\r\x0b\x0c\x85\xa0\u1680\u2000\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000") + [
    "  ", "   ", "\n\n", "\r\n", " \n", "\n ", "\t\t", "    ", "        ", "\u200b", "\ufeff", "\u180e",
]
SCRIPTS = [
    (0x20, 0x7E), (0x80, 0x24F), (0x250, 0x2FF), (0x300, 0x36F), (0x370, 0x52F), (0x530, 0x5FF), (0x600, 0x7FF),
    (0x900, 0xDFF), (0xE00, 0xEFF), (0xF00, 0x109F), (0x10A0, 0x139F), (0x1680, 0x17FF), (0x1E00, 0x1FFF),
    (0x2000, 0x20CF), (0x20D0, 0x2BFF), (0x2C00, 0x2E7F), (0x2E80, 0x30FF), (0x3100, 0x33FF), (0x3400, 0x9FFF),
    (0xA000, 0xABFF), (0xAC00, 0xD7FF), (0xE000, 0xFAFF), (0xFB00, 0xFFFF), (0x10000, 0x10FFF), (0x11000, 0x16FFF),
    (0x1B000, 0x1D3FF), (0x1D400, 0x1EFFF), (0x1F000, 0x1FBFF), (0x20000, 0x323AF), (0xE0000, 0xE01FF),
    (0xF0000, 0x10FFFF),
]


def scalar(rng):
    low, high = rng.choice(SCRIPTS)
    while True:
        value = rng.randint(low, high)
        if not 0xD800 <= value < 0xE000:
            return chr(value)


def part(rng, special):
    kind = rng.randrange(14)
    if kind < 4:
        return rng.choice(["", " ", " "]) + rng.choice(WORDS)
    if kind == 4:
        return rng.choice(CODE)
    if kind == 5:
        return "".join(rng.choice(EMOJI) for _ in range(rng.randint(1, 4)))
    if kind == 6:
        return "".join(rng.choice(SPACES) for _ in range(rng.randint(1, 6)))
    if kind == 7:
        return "".join(scalar(rng) for _ in range(rng.randint(1, 8)))
    if kind == 8:
        low, high = rng.choice(SCRIPTS[:-2])
        values = [v for v in (rng.randint(low, high) for _ in range(12)) if not 0xD800 <= v < 0xE000]
        return "".join(map(chr, values))
    if kind == 9:
        return rng.choice([scalar(rng), " ", "a", "=", "\n", "字", "é", "🙂", "1"]) * rng.randint(2, 70)
    if kind == 10:
        return "".join(rng.choice("0123456789.,-+eE ") for _ in range(rng.randint(1, 12)))
    if kind == 11:
        return "".join(chr(rng.randrange(0x20)) for _ in range(rng.randint(1, 4))) + "\x7f" * rng.randrange(2)
    if kind == 12:
        return rng.choice(special) if special else "▁" * rng.randint(1, 3)
    base = rng.choice(["a", "e", "o", "ก", "क", "한", "ᄒ", " "])
    return base + "".join(chr(rng.randint(0x300, 0x36F)) for _ in range(rng.randint(1, 5)))


def texts(seed, count, special=()):
    rng = random.Random(seed)
    special = list(special) + ["<0x41>", "<unk>", "<s", "▁", "</s", "##", "Ġ"]
    for _ in range(count):
        yield "".join(part(rng, special) for _ in range(rng.randint(1, 6)))
