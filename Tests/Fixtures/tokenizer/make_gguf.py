"""Makes small GGUF vocabularies of each kind from the fixtures beside this file, and what their own tokenizers give.

    python3 -m venv venv && venv/bin/pip install gguf sentencepiece protobuf tokenizers
    venv/bin/python Tests/Fixtures/tokenizer/make_gguf.py

Run from the package's root. gguf/NAME.gguf gets its ids in gguf/NAME.jsonl: those of sentencepiece for `llama` and
`t5`, of tokenizers for `gpt2` and `gemma4`, without BOS and EOS.
"""

import json
import pathlib
import sys

import gguf
from sentencepiece import SentencePieceProcessor, sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

HERE = pathlib.Path(__file__).parent
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
sys.path.insert(0, str(HERE))

from gguf_reference import bpe
from texts import texts


def writer(name, model, tokens, types):
    path = HERE / "gguf" / f"{name}.gguf"
    path.parent.mkdir(exist_ok=True)
    out = gguf.GGUFWriter(path, "llama")
    out.add_tokenizer_model(model)
    out.add_token_list(tokens)
    out.add_token_types(types)
    return out


def finish(out):
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def cases(name, encode, decode, is_usable=lambda text: True):
    lines = []
    for text in ["", " ", *texts(3, 118)]:
        if is_usable(text):
            ids = encode(text)
            lines.append(json.dumps({"text": text, "ids": ids, "decoded": decode(ids)}))
    (HERE / "gguf" / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


def byte_level():
    """A vocabulary of the words of Llama 3, its added tokens plain, and a chat template."""
    source = json.loads((HERE / "json" / "byte-level-llama" / "tokenizer.json").read_text())
    vocabulary = source["model"]["vocab"]
    tokens = sorted(vocabulary, key=vocabulary.get)
    types = [NORMAL] * len(tokens)
    for token in source["added_tokens"]:
        if token["id"] >= len(vocabulary):
            tokens.append(token["content"])
            types.append(CONTROL if token["special"] else USER_DEFINED)
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in source["model"]["merges"]]
    out = writer("gpt2", "gpt2", tokens, types)
    out.add_tokenizer_pre("llama-bpe")
    out.add_token_merges(merges)
    out.add_bos_token_id(tokens.index("<|start|>"))
    out.add_eos_token_id(tokens.index("<|end|>"))
    out.add_chat_template([
        {"name": "default", "template": "{{ messages[0].content }}"}, {"name": "tool_use", "template": "{{ tools }}"}])
    finish(out)
    reference = bpe("llama-bpe", tokens, types, merges)
    cases("gpt2", lambda text: reference.encode(text).ids, lambda ids: reference.decode(ids, skip_special_tokens=False))


def spaced():
    """Characters with `▁` for spaces, and bytes for what is unknown."""
    source = json.loads((HERE / "json" / "byte-fallback" / "tokenizer.json").read_text())
    vocabulary = source["model"]["vocab"]
    tokens = sorted(vocabulary, key=vocabulary.get)
    types = [BYTE if token.startswith("<0x") else NORMAL for token in tokens]
    types[:3] = [UNKNOWN, CONTROL, CONTROL]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in source["model"]["merges"]]
    out = writer("gemma4", "gemma4", tokens, types)
    out.add_token_merges(merges)
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    out.add_unk_token_id(0)
    out.add_add_bos_token(True)
    finish(out)
    pairs = [tuple(merge.split(" ")) for merge in merges]
    reference = Tokenizer(models.BPE(vocabulary, pairs, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    reference.normalizer = normalizers.Replace(" ", "▁")
    reference.pre_tokenizer = pre_tokenizers.Split(Regex(r"[^\n]+|\n+"), "isolated")
    reference.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    reference.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in tokens[1:3]])
    cases("gemma4", lambda text: reference.encode(text).ids,
          lambda ids: reference.decode(ids, skip_special_tokens=False), lambda text: "<unk>" not in text)


def sentence_pieces(name, source, model):
    proto = sentencepiece_model_pb2.ModelProto.FromString((HERE / source / "tokenizer.model").read_bytes())
    # A GGUF file cannot say how the unknown token reads.
    proto.trainer_spec.ClearField("unk_surface")
    processor = SentencePieceProcessor(model_proto=proto.SerializeToString())
    out = writer(name, model, [piece.piece for piece in proto.pieces], [piece.type for piece in proto.pieces])
    out.add_token_scores([piece.score for piece in proto.pieces])
    if processor.bos_id() >= 0:
        out.add_bos_token_id(processor.bos_id())
    out.add_eos_token_id(processor.eos_id())
    out.add_unk_token_id(processor.unk_id())
    out.add_add_bos_token(processor.bos_id() >= 0)
    out.add_add_eos_token(False)
    out.add_add_space_prefix(proto.normalizer_spec.add_dummy_prefix)
    out.add_remove_extra_whitespaces(proto.normalizer_spec.remove_extra_whitespaces)
    if proto.normalizer_spec.precompiled_charsmap:
        out.add_precompiled_charsmap(proto.normalizer_spec.precompiled_charsmap)
    finish(out)
    # What is spelled like a token of its own is the business of others.
    cases(name, processor.encode, lambda ids: processor.decode(ids), lambda text: "<" not in text)


byte_level()
spaced()
sentence_pieces("llama", "bpe-plain", "llama")
sentence_pieces("t5", "unigram", "t5")
