"""Writes the tokenizer fixtures: what Python's sentencepiece and transformers give.

    python3 -m venv venv && venv/bin/pip install sentencepiece protobuf "transformers<5"
    venv/bin/python Tests/Fixtures/tokenizer/make_fixture.py            # reference.json
    venv/bin/python Tests/Fixtures/tokenizer/make_fixture.py --train    # and the small models

Run from the package's root. The transformers tokenizer is the Python LlamaTokenizer of version 4, which keeps
SentencePiece's own treatment of leading spaces.
"""

import json
import logging
import pathlib
import random
import sys
import tempfile

import sentencepiece
from transformers import LlamaTokenizer

logging.disable(logging.WARNING)

HERE = pathlib.Path(__file__).parent
FAIRYTALE = pathlib.Path("models/fairytale-6m")

TEXTS = [
    "",
    " ",
    "   ",
    "Once upon a time",
    " Once upon a time",
    "  two spaces  between   words and after  ",
    "there lived a king, who had three sons.",
    "line one\nline two\n\nline four\n",
    "\n",
    "\ttab\tand\r\nreturn",
    "UPPER lower MiXeD 0123456789 3.14159",
    "naïve café, Ångström, e\u0301 decomposed",
    "日本語のテキスト 中文 한국어",
    "Привет, мир! שלום עולם مرحبا",
    "😀 🧙‍♂️ 🇩🇪 family 👨‍👩‍👧‍👦 end",
    "\u2581 already \u2581\u2581 marked",
    "nul \u0000 inside \u0000",
    "\u0000",
    "replacement \ufffd and \ufeffbom and \u200bzero width",
    "\U0010ffff \U00010000 \ue000 \uffff",
    "ﬁne Ⅷ ½ ＡＢＣ ﷺ",
    "don't -- \"quoted\" (brackets) [x] {y} <z> & more; a/b\\c",
    "<0x41> <0xE2> is not a byte",
    "a" * 200,
    "ab " * 60,
    "<sep> and <sep>x <ctl> here",
]

SPECIAL_TEXTS = [
    "<s>",
    "</s>",
    "<s>hello",
    "<s> hello",
    "hello</s>",
    "hello </s> world",
    "a<s>b</s> c",
    "<s><s>  twice",
    "<unk>x",
    "a <unk> b",
    "<s",
    "s> </s",
]

CORPUS = """
Once upon a time there lived a king who had three sons, and the youngest was called the fool.
The king said to his sons: go out into the world, and bring me the finest ring that you can find!
So they went out; the eldest went to the east, the second to the west, and the fool stayed where he was.
"What shall I do?" he asked, and an old toad that sat under the stone answered: take this box and be quiet.
In the box lay a ring, and there was no smith in the whole world who could have made a finer one.
When the year was over the sons came home, and the rings were laid before the king upon a white cloth.
The fool's ring was the best, and so the kingdom was to be his; but the other two gave the king no peace.
naïve café 3.14 and 42, 2024; a-b_c (d) [e] {f} "g" 'h' — i … j
""".strip().splitlines()

# Replaced before encoding: one to one, one to many, many to one, one to none; a prefix of another rule.
RULES = {"Ａ": "A", "ﬁ": "fi", "…": "...", "e\u0301": "é", "a\u0308": "ä", "a\u0308\u0323": "ạ̈", "\u200b": "",
         "\t": " ", "\n": " ", "\u3000": " "}

MODELS = {
    # Rules, folded spaces, symbols of both kinds, a name for the unknown token.
    "unigram": dict(model_type="unigram", vocab_size=160, user_defined_symbols=["<sep>", "<sep>x"],
                    control_symbols=["<ctl>"], unk_surface="??", rules=RULES),
    # No prefix space, no bytes, no BOS.
    "bpe-plain": dict(model_type="bpe", vocab_size=140, add_dummy_prefix=False, remove_extra_whitespaces=False,
                      bos_id=-1, user_defined_symbols=["<sep>"]),
    # The space behind the word; bytes for what is unknown.
    "char-suffix": dict(model_type="char", vocab_size=320, treat_whitespace_as_suffix=True, byte_fallback=True,
                        remove_extra_whitespaces=False),
}


def train(name, rules=None, **options):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        if rules:
            tsv = pathlib.Path(work) / "rules.tsv"
            lines = (" ".join(f"{ord(c):X}" for c in key) + "\t" + " ".join(f"{ord(c):X}" for c in value)
                     for key, value in rules.items())
            tsv.write_text("\n".join(lines) + "\n")
            options["normalization_rule_tsv"] = str(tsv)
        else:
            options["normalization_rule_name"] = "identity"
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS), model_prefix=f"{work}/m", hard_vocab_limit=False, minloglevel=2, **options)
        model = (pathlib.Path(work) / "m.model").read_bytes()
    # The trainer notes its files' paths; they are no part of the vocabulary.
    from sentencepiece import sentencepiece_model_pb2
    proto = sentencepiece_model_pb2.ModelProto.FromString(model)
    proto.trainer_spec.ClearField("input")
    proto.trainer_spec.ClearField("model_prefix")
    proto.normalizer_spec.ClearField("normalization_rule_tsv")
    (folder / "tokenizer.model").write_bytes(proto.SerializeToString())


def random_ids(processor, generator):
    """Ids in runs of kinds, so that bytes meet each other, text and control pieces."""
    everything = range(processor.vocab_size())
    kinds = [list(everything), [i for i in everything if processor.is_byte(i)],
             [i for i in everything if processor.is_control(i) or processor.is_unknown(i)],
             [i for i in everything if processor.id_to_piece(i).startswith("▁")]]
    kinds = [kind for kind in kinds if kind]
    ids = []
    for _ in range(generator.randint(1, 6)):
        kind = generator.choice(kinds)
        ids += [generator.choice(kind) for _ in range(generator.randint(1, 5))]
    return ids


def sentencepiece_cases(path, generator):
    processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    byte = {processor.id_to_piece(i): i for i in range(processor.vocab_size()) if processor.is_byte(i)}
    sequences = [random_ids(processor, generator) for _ in range(150)]
    sequences += [processor.encode(text) for text in TEXTS]
    if byte:
        runs = ["E2 96 81", "E2 96", "E2", "F0 9F 98 80", "F0 9F 98", "F0 9F 41", "C0 80", "ED A0 80", "F4 90 80 80",
                "80 80", "E2 E2 96 81", "FF FE", "EF BF BD", "00", "E0 80 80", "F5 80 80 80", "C3 A9 C3"]
        sequences += [[byte[f"<0x{b}>"] for b in run.split()] for run in runs]
    return {
        "vocabulary_size": processor.vocab_size(),
        "bos": processor.bos_id(),
        "eos": processor.eos_id(),
        "pieces": [processor.id_to_piece(i) for i in range(0, processor.vocab_size(), 7)],
        "encode": [{"text": text, "ids": processor.encode(text)} for text in TEXTS],
        "decode": [{"ids": ids, "text": processor.decode(ids)} for ids in sequences],
    }


def llama_cases(legacy):
    tokenizer = LlamaTokenizer.from_pretrained(str(FAIRYTALE), legacy=legacy)
    encode = [{"text": text, "ids": tokenizer.encode(text)} for text in TEXTS[3:] + SPECIAL_TEXTS]
    sequences = [[1, 442, 1143], [442, 2, 442], [2, 442], [1], [1, 2428, 700, 261, 529, 2], [2, 2, 4045]]
    decode = [
        {"ids": ids, "skip": skip,
         "text": tokenizer.decode(ids, skip_special_tokens=skip, spaces_between_special_tokens=False)}
        for ids in sequences for skip in (True, False)
    ]
    return {"encode": encode, "decode": decode}


def main():
    if "--train" in sys.argv:
        for name, options in MODELS.items():
            train(name, **options)
    generator = random.Random(20)
    paths = {"fairytale-6m": FAIRYTALE / "tokenizer.model"}
    paths |= {name: HERE / name / "tokenizer.model" for name in MODELS}
    reference = {
        "sentencepiece": {name: sentencepiece_cases(path, generator) for name, path in paths.items()},
        "llama": llama_cases(legacy=False),
        "llama_legacy": llama_cases(legacy=True),
    }
    text = json.dumps(reference, ensure_ascii=True, separators=(",", ":"))
    (HERE / "reference.json").write_text(text.replace('{"text"', '\n{"text"').replace('{"ids"', '\n{"ids"') + "\n")


main()
