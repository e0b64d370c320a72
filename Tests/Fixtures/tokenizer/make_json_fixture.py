"""Trains small tokenizers of each kind with Hugging Face's tokenizers, and writes what they give.

    python3 -m venv venv && venv/bin/pip install tokenizers sentencepiece protobuf
    venv/bin/python Tests/Fixtures/tokenizer/make_json_fixture.py            # cases.jsonl of each
    venv/bin/python Tests/Fixtures/tokenizer/make_json_fixture.py --train    # and the tokenizer.json of each

Run from the package's root. For a larger comparison, of any tokenizer.json, or of any tokenizer.model with
sentencepiece in place of tokenizers:

    venv/bin/python Tests/Fixtures/tokenizer/make_json_fixture.py --cases 20000 --seed 7 tokenizer.json > cases.jsonl
    LLMGEN_TOKENIZER=tokenizer.json LLMGEN_TOKENIZER_CASES=cases.jsonl \\
        swift test -c release --disable-testable-imports --filter TokenizerJSONTests

The normalizer Precompiled has the character map of unigram/tokenizer.model, which make_fixture.py trains; another
sentencepiece Unigram model becomes a tokenizer.json by

    venv/bin/python Tests/Fixtures/tokenizer/make_json_fixture.py --convert tokenizer.model > tokenizer.json
"""

import argparse
import json
import pathlib
import random
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from texts import CODE, EMOJI, WORDS, texts

HERE = pathlib.Path(__file__).parent
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
ADDED = [
    AddedToken("<|end|>", special=True, normalized=False),
    AddedToken("<|start|>", special=True, normalized=False),
    AddedToken("<left>", special=False, normalized=False, lstrip=True),
    AddedToken("<right>", special=True, normalized=False, rstrip=True),
    AddedToken("<both>", special=False, normalized=True, lstrip=True, rstrip=True),
    AddedToken("word", special=False, normalized=True, single_word=True),
    AddedToken("wor", special=False, normalized=False, single_word=True),
    AddedToken("Éa", special=False, normalized=True),
    AddedToken("  ", special=False, normalized=False),
]


def corpus():
    rng = random.Random(1)
    text = pathlib.Path("Benchmarks/data/validation.txt").read_text()[:150_000].splitlines()
    for _ in range(400):
        text.append(" ".join(rng.choice(WORDS) for _ in range(12)) + rng.choice(CODE) + rng.choice(EMOJI))
    return text


def byte_level_llama():
    t = Tokenizer(models.BPE(ignore_merges=True))
    split = pre_tokenizers.Split(Regex(LLAMA3), "isolated")
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=700, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.add_tokens(ADDED)
    start = ("<|start|>", t.token_to_id("<|start|>"))
    t.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<|start|> $A", special_tokens=[start])])
    return t


def byte_level_gpt2():
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=True)])
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.ByteLevel()
    t.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=700, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.add_tokens(ADDED)
    return t


def byte_fallback():
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trained.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]
    trained.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=900, special_tokens=special, limit_alphabet=120, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in model["merges"]]
    t = Tokenizer(models.BPE(model["vocab"], merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = trained.normalizer
    t.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    t.add_special_tokens([AddedToken(x, special=True, normalized=False) for x in special[:3]])
    t.add_tokens(ADDED)
    t.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return t


def unigram():
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([
        normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " "), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    t.decoder = decoders.Metaspace(prepend_scheme="first")
    t.train_from_iterator(corpus(), trainers.UnigramTrainer(
        vocab_size=700, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False))
    t.add_tokens(ADDED)
    t.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return t


def word_piece():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    t.train_from_iterator(corpus(), trainers.WordPieceTrainer(
        vocab_size=700, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"], limit_alphabet=200, show_progress=False))
    t.add_tokens(ADDED)
    t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return t


def steps():
    """Splitters, normalizers and decoders that the others do not have."""
    t = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    t.normalizer = normalizers.Sequence([
        normalizers.NFKD(), normalizers.StripAccents(), normalizers.Strip(left=True, right=False),
        normalizers.Replace("ß", "ss")])
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("merged_with_previous"),
        pre_tokenizers.Split(Regex(r"\d{2}|[[:upper:]]+\b"), "merged_with_next"),
        pre_tokenizers.Split(Regex(r"\w+"), "contiguous", invert=True), pre_tokenizers.Digits()])
    t.decoder = decoders.BPEDecoder()
    t.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=600, special_tokens=["<unk>"], end_of_word_suffix="</w>", limit_alphabet=100, show_progress=False))
    return t


def precompiled(path=HERE / "unigram" / "tokenizer.model"):
    """A sentencepiece Unigram model, its character map and all."""
    from sentencepiece import sentencepiece_model_pb2
    proto = sentencepiece_model_pb2.ModelProto.FromString(pathlib.Path(path).read_bytes())
    pieces = [(piece.piece, piece.score) for piece in proto.pieces]
    unknown = next(index for index, piece in enumerate(proto.pieces) if piece.type == piece.UNKNOWN)
    t = Tokenizer(models.Unigram(pieces, unknown, proto.trainer_spec.byte_fallback))
    t.normalizer = normalizers.Sequence([
        normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap), normalizers.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    t.decoder = decoders.Metaspace(prepend_scheme="always")
    t.add_special_tokens([
        AddedToken(piece.piece, special=True, normalized=False) for piece in proto.pieces if piece.type == piece.CONTROL])
    return t


KINDS = [byte_level_llama, byte_level_gpt2, byte_fallback, unigram, word_piece, steps, precompiled]


# Sets of characters, and pieces of Oniguruma's syntax, each to be matched in a text.
SETS = [
    r"\p{L}", r"\p{N}", r"\p{P}", r"\p{S}", r"\p{M}", r"\p{Lu}", r"\p{Lo}", r"\p{Cn}", r"\p{Han}", r"\p{^Latin}", r"\s",
    r"\w", r"[\w]", r"\d", r"\h", "[[:punct:]]", "[[:^alpha:]]", "[^\\p{L}\\s]", r"[\p{L}&&[^a-z]&&\P{Han}]", "(?i:k)",
    "(?i:[sé])", "[^]a]", "[a-]", "[]-b]",
]
PATTERNS = [
    r"a+", r"a+?b", r"a++b", r"a{2}+", r"a{2}?b", r"a{,2}b", r"a{1,2}?", r"(?:ab|a)(?:c|bcd)", r"a**", r"(?i)AB|x", r"x(?i)a|b",
    r"(?m:.+)", r".+", r"^a", r"a$", r"\Aa|b\z|\Z", r"\bab\b", r"\Ba", r"(?<=a)b", r"(?<!a)b", r"(?=b)", r"(?!a).", r"(?>a+)b",
    "(?x: a b  # comment\n )", r"(?#note)b", r"(?<name>a)b", r"\R", r"\x41|\x{62}|\u0063", r"[\]\-a]+", r"a{", r"a{x}", r"\{a\}", r"\t|\n|\r", r"a|",
    r"", r"b*", r"\p{Alphabetic}+", r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*",
]
SUBJECTS = [
    "aaab abab AB ab. a\nb\na", "", "xab Xb a{ a{x} {a}\r\n\t-]", "don't I'LL 12a½² é\u0301字 \u3000!?", "abcd aabbcc ABC\n", "\na\n",
]


def regex():
    everything = "".join(chr(i) for i in range(0x110000) if not 0xD800 <= i < 0xE000)

    def spans(pattern, text):
        split = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
        return [[start, end] for _, (start, end) in split.pre_tokenize_str(text)]

    sets = []
    for pattern in SETS:
        found = spans(f"(?:{pattern})+", everything)
        scalar = lambda index: ord(everything[index])
        sets.append({"pattern": pattern, "ranges": [[scalar(a), scalar(b - 1)] for a, b in found]})
    matches = []
    for pattern in PATTERNS:
        for text in SUBJECTS:
            matches.append({"pattern": pattern, "text": text, "spans": spans(pattern, text)})
    (HERE / "json" / "regex.json").write_text(json.dumps({"sets": sets, "matches": matches}) + "\n")


def pairs():
    """Pairs of texts under each fixture's own post-processor and under those of BERT, RoBERTa and XLM-RoBERTa."""
    named = lambda *tokens: list(zip(tokens, range(2, 2 + len(tokens))))
    bert = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=named("[CLS]", "[SEP]"))
    xlm = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=named("<s>", "</s>"))
    own = [(kind.__name__.replace("_", "-"), None) for kind in KINDS]
    others = [("word-piece", bert), ("byte-level-gpt2", processors.RobertaProcessing(("word", 2), ("wor", 3))),
              ("unigram", xlm)]
    rows = []
    for name, post_processor in own + others:
        path = HERE / "json" / name / "tokenizer.json"
        t = Tokenizer.from_file(str(path))
        if post_processor is not None:
            t.post_processor = post_processor
        row = {"name": name, "post_processor": json.loads(t.to_str())["post_processor"], "cases": []}
        some = list(texts(3, 24, ["word"]))
        for first, second in zip(some[::2], some[1::2]):
            encoding = t.encode(first, second)
            row["cases"].append({"first": first, "second": second, "ids": encoding.ids, "types": encoding.type_ids})
        rows.append(row)
    (HERE / "json" / "pairs.json").write_text(json.dumps(rows) + "\n")


def cases(path, seed, count):
    if str(path).endswith(".model"):
        yield from sentencepiece_cases(path, seed, count)
        return
    t = Tokenizer.from_file(str(path))
    special = [token.content for token in t.get_added_tokens_decoder().values()][:200]
    for text in texts(seed, count, special):
        ids = t.encode(text).ids
        yield json.dumps({
            "text": text, "ids": ids, "plain": t.encode(text, add_special_tokens=False).ids,
            "skipped": t.decode(ids, skip_special_tokens=True), "full": t.decode(ids, skip_special_tokens=False),
        }, ensure_ascii=True)


def sentencepiece_cases(path, seed, count):
    from sentencepiece import SentencePieceProcessor
    t = SentencePieceProcessor(model_file=str(path))
    size = range(t.vocab_size())
    # Tokens that are spelled in a text are found by their tokenizers, not by sentencepiece.
    named = [t.id_to_piece(i) for i in size if t.is_control(i) or t.is_unknown(i)]
    bos = [t.bos_id()] if t.bos_id() >= 0 else []
    name = t.id_to_piece(bos[0]) if bos else ""
    # Behind a token that is shown, a text keeps its space: as behind a letter.
    letter = next(i for i in size if t.id_to_piece(i).isalpha() and t.id_to_piece(i).isascii())
    for text in texts(seed, count):
        if any(token in text for token in named):
            continue
        plain = t.encode(text)
        back = t.decode(plain)
        full = name + t.decode([letter] + plain)[len(t.id_to_piece(letter)):] if bos else back
        yield json.dumps({"text": text, "ids": bos + plain, "plain": plain, "skipped": back, "full": full})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--convert", metavar="MODEL")
    parser.add_argument("--cases", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("file", nargs="?")
    options = parser.parse_args()
    if options.convert:
        print(precompiled(options.convert).to_str(pretty=False))
        return
    if options.file:
        for line in cases(options.file, options.seed, options.cases):
            print(line)
        return
    regex()
    pairs()
    for kind in KINDS:
        folder = HERE / "json" / kind.__name__.replace("_", "-")
        folder.mkdir(parents=True, exist_ok=True)
        if options.train:
            kind().save(str(folder / "tokenizer.json"), pretty=False)
        lines = list(cases(folder / "tokenizer.json", options.seed, options.cases))
        (folder / "cases.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    main()
