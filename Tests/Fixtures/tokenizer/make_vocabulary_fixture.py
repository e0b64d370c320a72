"""Writes folders with a vocab.txt and no tokenizer.json, and what transformers' classes give for texts.

    python3 -m venv venv && venv/bin/pip install transformers==5.24
    venv/bin/python Tests/Fixtures/tokenizer/make_vocabulary_fixture.py

Run from the package's root. The vocabulary is that of json/word-piece; each folder of Tests/Fixtures/tokenizer/vocabulary
has settings of its own.
"""

import json
import pathlib
import shutil

import transformers

from texts import texts

HERE = pathlib.Path(__file__).parent
FOLDERS = {
    "bert": dict(cls="BertTokenizer", settings=None),
    "bert-cased": dict(cls="BertTokenizer", settings=dict(
        do_lower_case=False, tokenize_chinese_chars=False, tokenizer_class="BertTokenizer")),
    "bert-accents": dict(cls="BertTokenizer", settings=dict(
        do_lower_case=True, strip_accents=False, tokenizer_class="BertTokenizerFast", model_max_length=512)),
    "bert-stripped": dict(cls="BertTokenizer", settings=dict(
        do_lower_case=False, strip_accents=True, tokenizer_class="DistilBertTokenizer", unk_token="[UNK]",
        mask_token={"content": "[MASK]", "lstrip": False, "normalized": False, "rstrip": False, "special": True,
                    "single_word": False, "__type": "AddedToken"})),
    "mpnet": dict(cls="MPNetTokenizer", settings=dict(
        do_lower_case=True, tokenizer_class="MPNetTokenizer", bos_token="<s>", eos_token="</s>", cls_token="<s>",
        sep_token="</s>", pad_token="<pad>", unk_token="[UNK]")),
}


def vocabulary(name):
    model = json.loads((HERE / "json/word-piece/tokenizer.json").read_text())["model"]
    tokens = [token for token, _ in sorted(model["vocab"].items(), key=lambda entry: entry[1])]
    tokens = [token for token in tokens if token not in ("[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]")]
    special = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    if name == "mpnet":
        special = ["<s>", "<pad>", "</s>", "[UNK]"]
    # A token that appears twice has the later id.
    return special + tokens + ["É", "##É", "é", "日", "本", "日本", tokens[30]] + (["<mask>"] if name == "mpnet" else [])


def main():
    for name, row in FOLDERS.items():
        folder = HERE / "vocabulary" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        end = "\r\n" if name == "bert-cased" else "\n"
        lines = end.join(vocabulary(name)) + ("" if name == "mpnet" else end)
        (folder / "vocab.txt").write_bytes(lines.encode())
        if row["settings"] is not None:
            (folder / "tokenizer_config.json").write_text(json.dumps(row["settings"], indent=2) + "\n")
        tokenizer = getattr(transformers, row["cls"]).from_pretrained(folder)
        special = sorted(str(token) for token in tokenizer.all_special_tokens)
        lines = []
        for text in texts(3, 160, special):
            backend = tokenizer._tokenizer
            ids = backend.encode(text).ids
            plain = backend.encode(text, add_special_tokens=False).ids
            lines.append(dict(text=text, ids=ids, plain=plain, skipped=backend.decode(ids, skip_special_tokens=True),
                              full=backend.decode(ids, skip_special_tokens=False)))
            assert ids == tokenizer(text)["input_ids"]
        pair = tokenizer("a first text", "and a second")
        (folder / "pair.json").write_text(json.dumps(dict(
            first="a first text", second="and a second", ids=pair["input_ids"],
            types=pair.get("token_type_ids", [0] * len(pair["input_ids"])))) + "\n")
        (folder / "cases.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
        print(name, len(lines))


main()
