"""Converts the model folders to GGUF files with llama.cpp's own converter, of which only the vocabulary is left out.

    python convert_gguf.py LLAMA_CPP [NAME ...]

LLAMA_CPP is a checkout of llama.cpp. Writes gguf/converted/NAME.gguf, with matrices in F16, and beside it NAME.json, the
config that the file stands for. Needs torch, transformers, numpy and what the converter imports.

What a GGUF file cannot say llama.cpp has as a constant. The fixtures have other numbers there, so that their configs are
changed to those (CONFIGS) before they are converted; the weights are those of the folder. Where the converter computes a
number that the model does not have, or leaves one out, the file gets the right one (KEYS).
"""

import json
import logging
import pathlib
import re
import shutil
import sys
import tempfile

import numpy as np
from safetensors.numpy import load_file, save_file

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE / "gguf" / "converted"
# Encoders, and models with a tokenizer, have folders of their own, and their files lie in one beside them.
PLACES = [HERE, HERE.parent / "encoders", HERE.parent / "embeddings"]

# Folders whose keys are those of transformers 4, by which alone the converter finds some.
OLDER = {"gpt-neox", "gpt-neox-sequential"}
# Folders whose configs are taken as they are, not with what transformers adds to them.
PLAIN = OLDER | {"nemotron-h", "nomic-bert"}
# Folders of whose matrices the converter makes products, that would be rounded otherwise than the matrices, and those with a
# reference of their own.
FLOAT32 = {"falcon-h1", "falcon-h1-groups", "bert-embedding"}
# Keys of a config that are changed, by folder.
CONFIGS = {
    "mixtral": {},
    "mistral-window": {"sliding_window": None},
    "smollm3": {"no_rope_layers": [1, 1, 1, 0], "layer_types": None, "use_sliding_window": False, "sliding_window": None},
    "qwen2-moe": {"mlp_only_layers": [], "decoder_sparse_step": 1, "layer_types": None},
    "qwen3-moe": {"mlp_only_layers": []},
    "gemma": {},
    "gemma2": {"query_pre_attn_scalar": 24},
    "gemma3": {"query_pre_attn_scalar": 20, "layer_types": ["sliding_attention"] * 5 + ["full_attention"]},
    "phi": {},
    "phi3": {},
    "phi3-longrope": {},
    "gpt2": {"n_ctx": 128},
    "gpt-neox": {},
    "gpt-neox-sequential": {"rotary_emb_base": 10000, "hidden_act": "gelu"},
    "falcon": {"num_kv_heads": 1},
    "falcon-grouped": {"bias": False},
    "falcon-one-norm": {},
    "starcoder2": {"sliding_window": None},
    "stablelm": {},
    "stablelm-parallel": {},
    "olmo": {},
    "olmo2": {},
    "olmo3": {},
    "olmoe": {"clip_qkv": None},
    "granite": {},
    "granite-moe": {},
    "cohere": {},
    "cohere2": {"rotary_pct": 1.0, "layer_types": ["sliding_attention"] * 3 + ["full_attention"]},
    "glm": {"rms_norm_eps": 1e-5, "seq_length": 512, "attention_dim": 24},
    "glm4": {},
    "glm4-moe": {},
    "minicpm3": {"scale_emb": 12, "dim_model_base": 256, "scale_depth": 1.4},
    "deepseek-v2": {},
    "deepseek-v2-lora-q": {},
    "deepseek-v3": {"rope_parameters": {
        "beta_fast": 32, "beta_slow": 1, "factor": 4, "mscale": 0.8, "mscale_all_dim": 0.8,
        "original_max_position_embeddings": 64, "rope_theta": 10000.0, "rope_type": "yarn"}},
    "gpt-oss": {"swiglu_limit": 7.0},
    "llama4": {"attention_chunk_size": 8192, "attn_scale": 0.1, "floor_scale": 8192, "no_rope_layers": [1, 1, 1, 0],
               "layer_types": None, "moe_layers": [1, 3]},
    "qwen3-next": {"mlp_only_layers": []},
    "qwen3.5": {},
    "qwen3.5-moe": {},
    "qwen3.5-vision": {},
    "qwen3.5-moe-vision": {},
    "qwen2-vl": {},
    "qwen2.5-vl": {},
    "qwen3-vl": {},
    "lfm2": {"conv_bias": False},
    "lfm2-moe": {"tie_word_embeddings": True, "routed_scaling_factor": 1.0},
    "granite-hybrid": {"layer_types": ["mamba", "attention", "mamba"]},
    "granite-hybrid-dense": {"layer_types": ["mamba", "attention", "mamba"], "position_embedding_type": "nope"},
    "bamba": {"attn_rotary_emb": 6},
    "nemotron-h": {"hybrid_override_pattern": "M*-M", "layers_block_type": None, "mamba_d_head": 20,
                   "num_experts_per_tok": None, "n_routed_experts": None, "n_group": None, "topk_group": None},
    "nemotron-h-moe": {"layers_block_type": ["linear_attention", "full_attention", "moe", "linear_attention"],
                       "mamba_d_head": 20},
    "falcon-h1": {"head_dim": 12},
    "falcon-h1-groups": {"head_dim": 12},
    "mamba2": {},
    "mamba2-groups": {},
    "internlm2": {"bias": False},
    "internlm3": {},
    "minicpm": {},
    "bloom": {"seq_length": 512},
    "bert": {},
    "bert-embedding": {},
    "xlm-roberta": {},
    "xlm-roberta-classifier": {},
    "distilbert": {"architectures": ["DistilBertModel"]},
    "modernbert": {},
    "nomic-bert": {"n_positions": 8192},
    "mpt": {"attn_config": {"alibi": True, "alibi_bias_max": 4, "clip_qkv": 0.9}},
}
# Layers of the folder that the converted model has, one after another, where they are not the same.
LAYERS = {
    "smollm3": [0, 1, 2, 0], "cohere2": [0, 1, 2, 0], "llama4": [0, 1, 2, 1], "gemma3": [0, 1, 2, 0, 1, 2],
    "qwen2-moe": [1], "qwen3-moe": [0], "nemotron-h": [0, 1, 2, 4], "nemotron-h-moe": [0, 1, 3, 4],
    "qwen3-next": [0, 1, 2],
}
# Of which folder's layers the feed-forward blocks are, where they are not those of LAYERS.
FEED_FORWARD = {"qwen3-next": [0, 0, 2]}
# Folders that are not called as the file.
FOLDERS = {"nemotron-h-moe": "nemotron-h", "distilbert": "distilbert-classifier"}
# Tensors that the converter cannot read.
DROPPED = {
    "falcon-grouped": r"(query_key_value|dense|dense_h_to_4h|dense_4h_to_h)\.bias", "lfm2": r"\.bias", "lfm2-moe": "lm_head",
    "internlm2": r"\.bias", "distilbert": "classifier",
}
# What the converter calls classes.
CLASSES = {"MptForCausalLM": "MPTForCausalLM"}
# Keys of the file.
KEYS = {"glm": {"chatglm.attention.key_length": 24, "chatglm.attention.value_length": 24}}


def folder_of(name):
    folder = FOLDERS.get(name, name)
    return next(place / folder for place in PLACES if (place / folder).exists())


def tensors(name):
    """The folder's tensors, as the converted model has them."""
    stored = {}
    for file in sorted(folder_of(name).glob("*.safetensors")):
        stored |= load_file(file)
    layers = LAYERS.get(name)
    for key, tensor in stored.items():
        if name in DROPPED and re.search(DROPPED[name], key):
            continue
        if layers is None or not (place := re.fullmatch(r"(.*\.layers\.)(\d+)(\..*)", key)):
            yield key, tensor
            continue
        sources = FEED_FORWARD.get(name, layers) if place[3].startswith(".mlp.") else layers
        for layer, source in enumerate(sources):
            if source == int(place[2]):
                yield f"{place[1]}{layer}{place[3]}", tensor.copy()


def stacked(tensors):
    """With norms of each head as the rows of one tensor, which the converter means to make of them."""
    norms = {}
    for key, tensor in tensors.items():
        if place := re.fullmatch(r"(.*_layernorm)\.norms\.\d+(\.weight)", key):
            norms.setdefault(place[1] + place[2], []).append(tensor)
        else:
            norms[key] = tensor
    return {key: np.stack(value) if isinstance(value, list) else value for key, value in norms.items()}


def convert(name, folder):
    from conversion import get_model_class
    import gguf

    older = name in OLDER
    source = folder_of(name)
    out = OUT if source.parent == HERE else source.parent / "converted"
    file = "config-transformers4.json" if older else "config-published.json" if name == "nomic-bert" else "config.json"
    config = json.loads((source / file).read_text())
    config |= CONFIGS[name]
    if name in LAYERS:
        config["num_hidden_layers"] = len(LAYERS[name])
    left_out = {"layer_types", "layers_block_type", "num_experts_per_tok", "n_routed_experts", "n_group", "topk_group"}
    config = {key: value for key, value in config.items() if key not in left_out or value}
    has_tokenizer = (source / "tokenizer.json").exists()
    if has_tokenizer:
        shutil.copytree(source, folder, dirs_exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    save_file(stacked(dict(tensors(name))), folder / "model.safetensors")
    if not has_tokenizer:
        # The only thing that the classes themselves ask a tokenizer for is its size.
        vocabulary = {str(token): token for token in range(config.get("text_config", config)["vocab_size"])}
        tokenizer = {"model": {"type": "WordPiece", "vocab": vocabulary}, "added_tokens": []}
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    kind = get_model_class(CLASSES.get(config["architectures"][0], config["architectures"][0]))
    kind.no_mtp = True
    model = kind(
        folder, gguf.LlamaFileType.ALL_F32 if name in FLOAT32 else gguf.LlamaFileType.MOSTLY_F16, out / f"{name}.gguf", eager=True, model_name=name,
        hparams=dict(config) if name in PLAIN else None)
    if has_tokenizer:
        # By the ids of a text the converter knows the pre-tokenizers of published models alone.
        model.get_vocab_base_pre = lambda tokenizer: "bert-bge"
    else:
        model.set_vocab = lambda: None
    own = model.set_gguf_parameters

    def set_parameters():
        own()
        for key, value in KEYS.get(name, {}).items():
            model.gguf_writer.kv_data[0].pop(key, None)
            add = {int: model.gguf_writer.add_uint32, float: model.gguf_writer.add_float32}
            add.get(type(value), model.gguf_writer.add_array)(key, value)

    model.set_gguf_parameters = set_parameters
    model.write()
    if name in FOLDERS:
        config["folder"] = FOLDERS[name]
    if name in LAYERS:
        config["folder_layers"] = LAYERS[name]
    if name in FEED_FORWARD:
        config["folder_feed_forward"] = FEED_FORWARD[name]
    (out / f"{name}.json").write_text(json.dumps(config, indent=1) + "\n")


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    logging.basicConfig(level=logging.WARNING)
    for out in [OUT] + [place / "converted" for place in PLACES[1:]]:
        out.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or CONFIGS:
        with tempfile.TemporaryDirectory() as folder:
            try:
                convert(name, pathlib.Path(folder))
                print(name, "ok")
            except Exception as error:
                print(name, "FAILED", type(error).__name__, str(error)[:300])
