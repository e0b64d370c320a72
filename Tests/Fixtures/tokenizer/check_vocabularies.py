"""Holds the command's tokenizers of GGUF vocabularies against given ids, and against tokenizers and sentencepiece.

    python3 -m venv venv && venv/bin/pip install gguf sentencepiece protobuf tokenizers
    venv/bin/python Tests/Fixtures/tokenizer/check_vocabularies.py FOLDER
    venv/bin/python Tests/Fixtures/tokenizer/check_vocabularies.py FOLDER --random 20000 --seed 7 --save OTHER

Run from the package's root after `make build`. FOLDER has vocabularies NAME.gguf, each with NAME.gguf.inp, texts each
with a line `__ggml_vocab_test__` behind it, and NAME.gguf.out, a line of ids for each, without BOS and EOS. Every text must get
these ids, and the ids the text. With `--random` so many random and adversarial texts must get the ids and the texts
that tokenizers or sentencepiece give with the same vocabulary; `--save` writes it as NAME.json or NAME.model.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import unicodedata

import gguf
import sentencepiece

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))

from gguf_reference import CONTROL, bpe, sentence_pieces
from texts import texts

SEPARATOR = "\n__ggml_vocab_test__\n"


class Vocabulary:
    def __init__(self, path):
        fields = gguf.GGUFReader(path).fields
        value = lambda name: fields[f"tokenizer.ggml.{name}"].contents()
        self.path = path
        self.model = value("model")
        self.pre = value("pre")
        self.tokens = value("tokens")
        self.types = value("token_type")
        if self.model == "llama":
            self.bytes = sentence_pieces(self.tokens, value("scores"), self.types)
            self.reference = sentencepiece.SentencePieceProcessor(model_proto=self.bytes)
        else:
            self.reference = bpe(self.pre, self.tokens, self.types, value("merges"))

    def save(self, folder):
        folder.mkdir(exist_ok=True)
        if self.model == "llama":
            (folder / f"{self.path.stem}.model").write_bytes(self.bytes)
        else:
            self.reference.save(str(folder / f"{self.path.stem}.json"), pretty=False)

    def random(self, seed, count):
        special = [token for token, kind in zip(self.tokens, self.types) if kind == CONTROL][:200]
        for text in texts(seed, count, [] if self.model == "llama" else special):
            if self.model != "llama":
                ids = self.reference.encode(text, add_special_tokens=False).ids
                yield text, ids, self.reference.decode(ids, skip_special_tokens=False)
            # sentencepiece does not look for the tokens that are spelled in a text.
            elif not any(token in text for token in ["<unk>", "<s>", "</s>"]):
                ids = self.reference.encode(text)
                yield text, ids, self.reference.decode(ids)


def tokenize(command, path, lines):
    arguments = [command, "tokenize", "--model", str(path), "--no-add-special-tokens", "--jsonl"]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    run = subprocess.run(arguments, input=text.encode(), stdout=subprocess.PIPE)
    return [json.loads(line) for line in run.stdout.splitlines()]


def check(command, path, cases, what):
    """Says how many of `cases` (text, ids, decoded text) are as they should be; the first few that are not."""
    encoded = tokenize(command, path, [{"text": text} for text, _, _ in cases])
    decoded = tokenize(command, path, [{"token_ids": ids} for _, ids, _ in cases])
    wrong = []
    for (text, ids, back), ours, theirs in zip(cases, encoded, decoded, strict=True):
        if ours.get("token_ids") != ids:
            wrong.append(f"{text!r}: {ours} for {ids}")
        elif theirs.get("text") != back:
            wrong.append(f"{ids}: {theirs} for {back!r}")
    print(f"{path.name}: {len(cases) - len(wrong)} of {len(cases)} {what}")
    for line in wrong[:5]:
        print(f"  {line}")
    return not wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--llmgen", default=".build/release/llmgen")
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", type=pathlib.Path)
    options = parser.parse_args()
    paths = sorted(options.folder.glob("*.gguf"))
    if not paths:
        sys.exit(f"error: {options.folder} has no vocabularies NAME.gguf")
    good = True
    for path in paths:
        inputs, outputs = (path.with_name(path.name + suffix) for suffix in [".inp", ".out"])
        if inputs.exists():
            given = inputs.read_text().removesuffix(SEPARATOR).split(SEPARATOR)
            ids = [[int(word) for word in line.split()] for line in outputs.read_text().splitlines()]
            if len(given) != len(ids):
                sys.exit(f"error: {inputs.name} has {len(given)} texts, {outputs.name} {len(ids)} lines")
            composes = gguf.GGUFReader(path).fields["tokenizer.ggml.pre"].contents() == "qwen2"
            back = [unicodedata.normalize("NFC", text) if composes else text for text in given]
            good &= check(options.llmgen, path, list(zip(given, ids, back)), "given texts")
        if options.random or options.save:
            vocabulary = Vocabulary(path)
            if options.save:
                vocabulary.save(options.save)
            if options.random:
                cases = list(vocabulary.random(options.seed, options.random))
                good &= check(options.llmgen, path, cases, f"random texts, seed {options.seed}")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
