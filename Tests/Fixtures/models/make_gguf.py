"""Converts model folders to GGUF files with the PyPI package gguf, as llama.cpp's convert_hf_to_gguf.py does.

    python make_gguf.py                        the fixtures of gguf/, from the folders beside this file
    python make_gguf.py FOLDER FILE TYPE       one folder; TYPE is F32, F16, BF16, Q8_0, Q4_0 or mixed

Needs gguf, numpy; for a folder with a tokenizer.model also sentencepiece and protobuf. Rows whose length is
no multiple of 32 stay F32 in the quantized types. `mixed` stores v as Q8_0, gate as Q4_0 and the rest as Q4_1, Q5_0 and
Q5_1 in turn, as files of mixed types do.
"""

import itertools
import json
import pathlib
import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = [
    ("llama-bias", "F32"), ("llama-linear-rope", "F32"), ("qwen3-tied", "F32"), ("llama-tied-bf16", "BF16"),
    ("llama-f16", "F16"), ("llama", "Q8_0"), ("qwen2", "Q8_0"), ("qwen3", "Q8_0"), ("llama", "mixed"),
]
ARCHITECTURES = {"LlamaForCausalLM": "llama", "Qwen2ForCausalLM": "qwen2", "Qwen3ForCausalLM": "qwen3"}
NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def own_name(name):
    stem, kind = name.rsplit(".", 1)
    if stem in NAMES:
        return f"{NAMES[stem]}.{kind}"
    _, _, layer, stem = stem.split(".", 3)
    return f"blk.{layer}.{NAMES[stem]}.{kind}"


def interleaved(rows, heads):
    """Rows of q or k for rotation of neighbours, as llama.cpp's LlamaModel.permute."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def tensors(folder):
    for file in sorted(folder.glob("*.safetensors")):
        data = file.read_bytes()
        start = 8 + int.from_bytes(data[:8], "little")
        for name, tensor in json.loads(data[8:start]).items():
            if name != "__metadata__":
                begin, end = (start + offset for offset in tensor["data_offsets"])
                yield name, widened(data[begin:end], tensor["dtype"]).reshape(tensor["shape"])


def widened(data, dtype):
    if dtype == "BF16":
        return (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(data, {"F32": np.float32, "F16": np.float16}[dtype]).astype(np.float32)


def add_tokenizer(out, folder):
    path = folder / "tokenizer.model"
    if not path.exists():
        return
    from sentencepiece import SentencePieceProcessor, sentencepiece_model_pb2

    proto = sentencepiece_model_pb2.ModelProto.FromString(path.read_bytes())
    processor = SentencePieceProcessor(model_proto=proto.SerializeToString())
    out.add_tokenizer_model("llama")
    out.add_token_list([piece.piece for piece in proto.pieces])
    out.add_token_scores([piece.score for piece in proto.pieces])
    out.add_token_types([piece.type for piece in proto.pieces])
    out.add_bos_token_id(processor.bos_id())
    out.add_unk_token_id(processor.unk_id())
    out.add_add_space_prefix(proto.normalizer_spec.add_dummy_prefix)
    out.add_remove_extra_whitespaces(proto.normalizer_spec.remove_extra_whitespaces)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    out.add_add_bos_token(settings.get("add_bos_token", True))
    out.add_add_eos_token(settings.get("add_eos_token", False))
    if "chat_template" in settings:
        out.add_chat_template(settings["chat_template"])


def convert(folder, path, kind, split=0):
    """Writes the folder's model; in files of `split` tensors each, unless that is 0."""
    config = json.loads((folder / "config.json").read_text())
    architecture = ARCHITECTURES[config["architectures"][0]]
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    out = gguf.GGUFWriter(path, architecture, split_max_tensors=split)
    out.add_block_count(config["num_hidden_layers"])
    out.add_context_length(config["max_position_embeddings"])
    out.add_embedding_length(config["hidden_size"])
    out.add_feed_forward_length(config["intermediate_size"])
    out.add_head_count(heads)
    out.add_head_count_kv(kv_heads)
    if config.get("head_dim"):
        out.add_key_length(config["head_dim"])
        out.add_value_length(config["head_dim"])
    out.add_layer_norm_rms_eps(config["rms_norm_eps"])
    out.add_vocab_size(config["vocab_size"])
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    out.add_rope_freq_base(rope.get("rope_theta", config.get("rope_theta", 10000.0)))
    if rope.get("rope_type") == "linear":
        out.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        out.add_rope_scaling_factor(rope["factor"])
    if isinstance(config.get("eos_token_id"), int):
        out.add_eos_token_id(config["eos_token_id"])
    add_tokenizer(out, folder)

    turn = itertools.cycle([Type.Q4_1, Type.Q5_0, Type.Q5_1])
    for name, tensor in tensors(folder):
        own = own_name(name)
        if architecture == "llama" and ".attn_q." in own:
            tensor = interleaved(tensor, heads)
        if architecture == "llama" and ".attn_k." in own:
            tensor = interleaved(tensor, kv_heads)
        wanted = Type[kind] if kind != "mixed" else next(turn)
        if kind == "mixed" and "attn_v" in own:
            wanted = Type.Q8_0
        if kind == "mixed" and "ffn_gate" in own:
            wanted = Type.Q4_0
        if tensor.ndim == 1 or tensor.shape[-1] % gguf.GGML_QUANT_SIZES[wanted][0]:
            wanted = Type.F32
        data = gguf.quants.quantize(np.ascontiguousarray(tensor, dtype=np.float32), wanted)
        out.add_tensor(own, data, raw_dtype=wanted)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


if len(sys.argv) == 4:
    convert(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3])
else:
    (HERE / "gguf").mkdir(exist_ok=True)
    for folder, kind in FIXTURES:
        convert(HERE / folder, HERE / "gguf" / f"{folder}-{kind.lower()}.gguf", kind)
    convert(HERE / "llama-tied-bf16", HERE / "gguf" / "llama-tied-bf16-split.gguf", "BF16", split=12)
