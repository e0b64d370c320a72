"""A GGUF file with random weights and an invented vocabulary, which every reader of the format loads."""

import itertools
import json
import pathlib

import gguf
import numpy as np


def vocabulary(size):
    """Byte-level tokens of one, two and three bytes, with the merges that make them."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    letters = [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]
    special = ["<s>", "</s>"]
    pairs = [(a, b) for a in letters for b in letters]
    triples = (("".join(pair), c) for pair in pairs for c in letters)
    merges = pairs + list(itertools.islice(triples, size - len(letters) - len(pairs) - len(special)))
    return letters + ["".join(merge) for merge in merges] + special, [" ".join(merge) for merge in merges]


def write(path, shape, kind):
    """A GGUF file of a Llama of the shape that `shape`/config.json states, in Q8_0 or Q4_0, the same in every run."""
    config = json.loads(pathlib.Path(shape, "config.json").read_text())
    hidden, inner, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    heads, kv_heads, size = config["num_attention_heads"], config["num_key_value_heads"], config["vocab_size"]
    head = config.get("head_dim") or hidden // heads
    tokens, merges = vocabulary(size)

    writer = gguf.GGUFWriter(path, arch="llama")
    writer.add_context_length(8192)
    writer.add_embedding_length(hidden)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_rope_dimension_count(head)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0 if kind == "q8_0" else gguf.LlamaFileType.MOSTLY_Q4_0)
    writer.add_vocab_size(size)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * (size - 2) + [gguf.TokenType.CONTROL] * 2)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(size - 2)
    writer.add_eos_token_id(size - 1)

    rng = np.random.default_rng(7)

    def matrix(name, rows, columns, deviation=None):
        deviation = deviation or columns**-0.5
        blocks = rows * columns // 32
        if kind == "q8_0":
            scale = deviation / 42
            values = np.clip(rng.standard_normal((blocks, 32), dtype=np.float32) * 42, -127, 127)
            values = values.astype(np.int8).view(np.uint8)
        else:
            scale = deviation / 4.6
            values = rng.integers(0, 256, (blocks, 16), dtype=np.uint8)
        scales = np.full((blocks, 1), scale, np.float16).view(np.uint8)
        packed = np.concatenate([scales, values], 1).reshape(rows, -1)
        writer.add_tensor(name, packed, raw_dtype=gguf.GGMLQuantizationType[kind.upper()])

    norm = np.ones(hidden, np.float32)
    matrix("token_embd.weight", size, hidden, 0.02)
    writer.add_tensor("output_norm.weight", norm)
    for layer in range(layers):
        block = f"blk.{layer}."
        matrix(block + "attn_q.weight", heads * head, hidden)
        matrix(block + "attn_k.weight", kv_heads * head, hidden)
        matrix(block + "attn_v.weight", kv_heads * head, hidden)
        matrix(block + "attn_output.weight", hidden, heads * head)
        matrix(block + "ffn_gate.weight", inner, hidden)
        matrix(block + "ffn_up.weight", inner, hidden)
        matrix(block + "ffn_down.weight", hidden, inner)
        writer.add_tensor(block + "attn_norm.weight", norm)
        writer.add_tensor(block + "ffn_norm.weight", norm)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
