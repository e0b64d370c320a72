#!/usr/bin/env python3
"""Makes quantized Hugging Face folders, and what the packages that define their formats make of them.

usage: make_quantized_hf.py WEIGHTS_DIR MODELS_DIR

WEIGHTS_DIR/NAME is a folder with config.json, model.safetensors of one layer `layer` or more, and expected.safetensors: the
weights under the name `layer.weight`, in the type that they are held in where they are rounded, else in float32.

MODELS_DIR/NAME is a tiny Llama (mxfp4: a tiny gpt-oss), quantized, with logits.json: what transformers computes in float32 with the dequantized
weights for a prompt of 33 tokens.

What decodes: compressed-tensors (its compressors), bitsandbytes (dequantize_4bit, int8_vectorwise_dequant), transformers
(Fp8Dequantize, convert_moe_packed_tensors); GPTQ, AWQ and `weight_g_idx`, which have no package without a GPU, by numpy from the formats' definitions.

pip install torch numpy safetensors transformers==5.24 compressed-tensors bitsandbytes
"""
import json
import os
import sys

import bitsandbytes.functional as bnb
import numpy as np
import torch
import transformers as tf
from compressed_tensors.compressors.naive_quantized.base import FloatQuantizationCompressor, IntQuantizationCompressor
from compressed_tensors.compressors.pack_quantized.base import PackedQuantizationCompressor
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from safetensors.torch import save_file
from transformers.integrations.finegrained_fp8 import Fp8Dequantize
from transformers.integrations.mxfp4 import convert_moe_packed_tensors

torch.manual_seed(7)
F16, BF16, F32 = torch.float16, torch.bfloat16, torch.float32


def random_weight(rows, columns, dtype=F32):
    return (torch.randn(rows, columns) * (2.0 / columns) ** 0.5).to(dtype)


def repeated(grouped, columns, size):
    """[rows, groups] as [rows, columns]."""
    return torch.repeat_interleave(grouped, size, dim=1)[:, :columns]


# compressed-tensors

def scheme(bits, kind, strategy, group=None, symmetric=True, block=None):
    weights = QuantizationArgs(num_bits=bits, type=kind, strategy=strategy, group_size=group, symmetric=symmetric,
                               block_structure=block)
    return QuantizationScheme(targets=["Linear"], weights=weights)


COMPRESSORS = {"int-quantized": IntQuantizationCompressor, "pack-quantized": PackedQuantizationCompressor,
               "float-quantized": FloatQuantizationCompressor}


def compressed(weight, form, bits=8, kind="int", strategy="channel", group=None, symmetric=True, block=None, scale=F32):
    """The parts of a layer and its weight, as the library decompresses it with scales widened to float32, so that the
    products are not rounded to the scales' own type."""
    how = scheme(bits, kind, strategy, group, symmetric, block)
    rows, columns = weight.shape
    size = {"tensor": columns, "channel": columns}.get(strategy, group)
    if strategy == "block":
        size = block[1]
        tiles = weight.reshape(rows // block[0], block[0], columns // block[1], block[1]).permute(0, 2, 1, 3)
        low, high = tiles.amin((2, 3)), tiles.amax((2, 3))
    elif strategy == "tensor":
        low, high = weight.min().reshape(1), weight.max().reshape(1)
    else:
        tiles = weight.reshape(rows, columns // size, size)
        low, high = tiles.amin(2), tiles.amax(2)
    if symmetric:
        top = 448.0 if kind == "float" else 2.0 ** (bits - 1) - 0.5
        scales, zeros = (torch.maximum(-low, high) / top).to(scale), None
    else:
        scales = ((high - low) / (2.0 ** bits - 1)).to(scale)
        zeros = torch.clamp(torch.round(-2.0 ** (bits - 1) - low / scales), -2 ** (bits - 1), 2 ** (bits - 1) - 1)
        zeros = zeros.to(torch.int8)
    state = {"weight": weight.to(F32), "weight_scale": scales.to(F32)}
    if zeros is not None:
        state["weight_zero_point"] = zeros
    parts = COMPRESSORS[form].compress(state, how)
    decoded = COMPRESSORS[form].decompress(dict(parts), how)["weight"]
    parts["weight_scale"] = scales
    return parts, decoded.to(F32)


def compressed_config(form, bits=8, kind="int", strategy="channel", group=None, symmetric=True, block=None, **other):
    weights = dict(num_bits=bits, type=kind, strategy=strategy, group_size=group, symmetric=symmetric, dynamic=False,
                   actorder=None, block_structure=block)
    groups = {"group_0": dict(targets=["Linear"], weights=weights, input_activations=None, output_activations=None)}
    return dict(quant_method="compressed-tensors", format=form, quantization_status="compressed", config_groups=groups,
                ignore=["lm_head"], kv_cache_scheme=None, **other)


# GPTQ and AWQ

def words_along(codes, bits):
    """[n, m] codes as [n * bits / 32, m] words, consecutive rows from the low end."""
    each = 32 // bits
    shifted = codes.astype(np.uint64).reshape(-1, each, codes.shape[1]) << (bits * np.arange(each, dtype=np.uint64))[:, None]
    return torch.from_numpy(shifted.sum(1).astype(np.uint32).view(np.int32))


def integers(weight, bits, group, symmetric, scale):
    """Codes [rows, columns], scales and zeros [rows, groups]."""
    rows, columns = weight.shape
    padded = torch.nn.functional.pad(weight.to(F32), (0, -columns % group))
    tiles = padded.reshape(rows, -1, group)
    low, high = tiles.amin(2).clamp(max=0), tiles.amax(2).clamp(min=0)
    top = 2 ** bits - 1
    if symmetric:
        scales = (torch.maximum(-low, high) * 2 / top).to(scale)
        zeros = torch.full_like(low, 2 ** (bits - 1))
    else:
        scales = ((high - low) / top).to(scale)
        zeros = torch.clamp(torch.round(-low / scales.to(F32)), 1, top)
    return scales, zeros


def coded(weight, scales, zeros, groups, bits):
    """Codes of each column under its group's scale, and the weights that they stand for."""
    s, z = scales.to(F32)[:, groups], zeros[:, groups]
    codes = torch.clamp(torch.round(weight.to(F32) / s) + z, 0, 2 ** bits - 1)
    return codes.numpy().astype(np.uint8), (codes - z) * s


def gptq(weight, bits=4, group=32, symmetric=True, version=1, ordered=False, scale=F16):
    rows, columns = weight.shape
    size = columns if group == -1 else group
    groups = torch.arange(columns) // size
    scales, zeros = integers(weight, bits, size, symmetric, scale)
    if ordered:
        groups = groups[torch.randperm(columns)]
    codes, decoded = coded(weight, scales, zeros, groups, bits)
    stored = (zeros.numpy().astype(np.int64) - (1 if version == 1 else 0)) & (2 ** bits - 1)
    parts = dict(qweight=words_along(codes.T, bits), qzeros=words_along(stored, bits).T.contiguous(),
                 scales=scales.T.contiguous(), g_idx=groups.to(torch.int32))
    return parts, decoded


def gptq_config(bits=4, group=32, symmetric=True, version=1, ordered=False):
    return dict(quant_method="gptq", bits=bits, group_size=group, sym=symmetric, desc_act=ordered, damp_percent=0.01,
                true_sequential=True, checkpoint_format="gptq" if version == 1 else "gptq_v2", dynamic={})


AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]


def awq(weight, group=32, scale=F16):
    rows, columns = weight.shape
    size = columns if group == -1 else group
    groups = torch.arange(columns) // size
    scales, zeros = integers(weight, 4, size, False, scale)
    codes, decoded = coded(weight, scales, zeros, groups, 4)

    def pack(matrix):  # [rows, n] to [n, rows / 8]
        shuffled = matrix.reshape(-1, 8, matrix.shape[1])[:, AWQ_ORDER].reshape(matrix.shape)
        return words_along(shuffled, 4).T.contiguous()

    parts = dict(qweight=pack(codes), qzeros=pack(zeros.numpy().astype(np.uint8)), scales=scales.T.contiguous())
    return parts, decoded


def awq_config(group=32):
    return dict(quant_method="awq", bits=4, group_size=group, zero_point=True, version="gemm", modules_to_not_convert=None)


# bitsandbytes

def four_bit(weight, kind="nf4", nested=False, block=64, dtype=BF16):
    codes, state = bnb.quantize_4bit(weight.to(dtype), blocksize=block, compress_statistics=nested, quant_type=kind)
    parts = {"weight": codes, **{f"weight.{k}": v for k, v in state.as_dict(packed=True).items()}}
    # As one row: the CPU kernel of bitsandbytes 0.50.2 takes other scales where a row is no whole number of blocks.
    state.shape = torch.Size((1, weight.numel()))
    return parts, bnb.dequantize_4bit(codes, state).reshape(weight.shape)


def eight_bit(weight):
    codes, scales, _ = bnb.int8_vectorwise_quant(weight.to(F16))
    return (dict(weight=codes, SCB=scales, weight_format=torch.zeros((), dtype=torch.uint8)),
            bnb.int8_vectorwise_dequant(codes, scales).to(F32))


def bnb_config(kind="nf4", nested=False, bits=4):
    return dict(quant_method="bitsandbytes", load_in_4bit=bits == 4, load_in_8bit=bits == 8, bnb_4bit_quant_type=kind,
                bnb_4bit_use_double_quant=nested, bnb_4bit_compute_dtype="bfloat16", bnb_4bit_quant_storage="uint8")


# fp8

def fp8(weight, block, dtype):
    rows, columns = weight.shape
    tiles = weight.reshape(rows // block[0], block[0], columns // block[1], block[1])
    scales = tiles.abs().amax((1, 3)) / 448.0
    codes = (tiles / scales[:, None, :, None]).reshape(rows, columns).to(torch.float8_e4m3fn)
    return dict(weight=codes, weight_scale_inv=scales), Fp8Dequantize(None)._dequantize_one(codes, scales, dtype)


def fp8_config(block):
    return dict(quant_method="fp8", fmt="e4m3", activation_scheme="dynamic", weight_block_size=block)


# Tensors

def cases():
    """name, parts of the layer, its weight, quantization_config, the model's dtype."""
    for name, form, bits, shape, options in [
        ("ct-int8-channel", "int-quantized", 8, (24, 64), dict(strategy="channel")),
        ("ct-int8-tensor", "int-quantized", 8, (24, 64), dict(strategy="tensor")),
        ("ct-int8-zeros", "int-quantized", 8, (24, 64), dict(strategy="channel", symmetric=False)),
        ("ct-int8-odd", "int-quantized", 8, (5, 37), dict(strategy="channel")),
        ("ct-pack4-g32", "pack-quantized", 4, (24, 128), dict(strategy="group", group=32)),
        ("ct-pack4-g128", "pack-quantized", 4, (24, 256), dict(strategy="group", group=128)),
        ("ct-pack4-channel", "pack-quantized", 4, (24, 64), dict(strategy="channel")),
        ("ct-pack4-zeros", "pack-quantized", 4, (20, 128), dict(strategy="group", group=64, symmetric=False)),
        ("ct-pack4-odd", "pack-quantized", 4, (7, 44), dict(strategy="channel")),
        ("ct-pack8-g64", "pack-quantized", 8, (24, 128), dict(strategy="group", group=64)),
        ("ct-pack8-zeros", "pack-quantized", 8, (24, 128), dict(strategy="group", group=64, symmetric=False)),
    ]:
        for suffix, scale in [("-f16", F16), ("-bf16", BF16), ("-f32", F32)] if name == "ct-pack4-g32" else [("", BF16)]:
            parts, decoded = compressed(random_weight(*shape), form, bits, scale=scale, **options)
            yield name + suffix, parts, decoded, compressed_config(form, bits, **options), "bfloat16"
    for name, options in [("tensor", dict(strategy="tensor")), ("channel", dict(strategy="channel")),
                          ("block", dict(strategy="block", block=[16, 32]))]:
        parts, decoded = compressed(random_weight(32, 64), "float-quantized", 8, "float", scale=BF16, **options)
        yield (f"ct-fp8-{name}", parts, decoded.to(BF16),
               compressed_config("float-quantized", 8, "float", **options), "bfloat16")

    # Before compressed-tensors 0.15: the group of each input, and zeros of a byte.
    weight = random_weight(24, 128)
    scales, zeros = integers(weight, 4, 32, False, F16)
    groups = (torch.arange(128) // 32)[torch.randperm(128)]
    codes, decoded = coded(weight, scales, zeros, groups, 4)
    parts = dict(weight_packed=words_along(codes.T, 4).T.contiguous(), weight_shape=torch.tensor([24, 128]),
                 weight_scale=scales, weight_zero_point=(zeros - 8).to(torch.int8), weight_g_idx=groups.to(torch.int32))
    config = compressed_config("pack-quantized", 4, strategy="group", group=32, symmetric=False)
    yield "ct-pack4-g-idx", parts, decoded, config, "float16"

    for name, shape, options in [
        ("g32", (24, 96), dict()), ("g128", (24, 256), dict(group=128)), ("row", (24, 96), dict(group=-1)),
        ("zeros", (24, 128), dict(symmetric=False, group=64)), ("v2", (24, 96), dict(symmetric=False, version=2)),
        ("ordered", (24, 128), dict(symmetric=False, ordered=True)), ("short-group", (24, 80), dict()),
        ("8-bit", (24, 96), dict(bits=8)), ("8-bit-zeros", (24, 96), dict(bits=8, symmetric=False)),
    ]:
        parts, decoded = gptq(random_weight(*shape), **options)
        yield f"gptq-{name}", parts, decoded, gptq_config(**options), "float16"
    parts, decoded = gptq(random_weight(24, 64), scale=BF16)
    yield "gptq-bf16", parts, decoded, gptq_config(), "bfloat16"
    for group in (32, 64, -1):
        parts, decoded = awq(random_weight(24, 128), group)
        yield f"awq-{'row' if group == -1 else f'g{group}'}", parts, decoded, awq_config(group), "float16"
    for name, shape, options in [
        ("nf4", (24, 64), dict()), ("nf4-nested", (160, 128), dict(nested=True)), ("fp4", (24, 64), dict(kind="fp4")),
        ("nf4-f16", (8, 128), dict(dtype=F16)), ("nf4-f32", (8, 128), dict(dtype=F32, block=128)),
        ("nf4-odd", (5, 37), dict()), ("nf4-odd-nested", (40, 36), dict(nested=True)),
    ]:
        parts, decoded = four_bit(random_weight(*shape), **options)
        config = bnb_config(options.get("kind", "nf4"), options.get("nested", False))
        yield f"bnb-{name}", parts, decoded, config, "bfloat16"
    parts, decoded = eight_bit(random_weight(24, 64))
    yield "bnb-int8", parts, decoded, bnb_config(bits=8), "float16"
    for name, dtype in [("bfloat16", BF16), ("float16", F16), ("float32", F32)]:
        parts, decoded = fp8(random_weight(32, 96), (16, 32), dtype)
        yield f"fp8-block-{name}", parts, decoded, fp8_config([16, 32]), name
    weight, scales = random_weight(24, 64), torch.rand(24, 1) * 1e-3
    codes = (weight / scales).clamp(-448, 448).to(torch.float8_e4m3fn)
    parts = dict(weight=codes, weight_scale=scales, input_scale=torch.ones(()))
    yield "fp8-row", parts, (codes.to(F32) * scales).to(BF16), fp8_config(None), "bfloat16"
    every = torch.arange(256, dtype=torch.int32).to(torch.uint8).view(torch.float8_e4m3fn)
    every = every[~every.to(F32).isnan()].reshape(2, 127)
    parts = dict(weight=every, weight_scale=torch.tensor([0.0123]))
    yield "fp8-tensor", parts, (every.to(F32) * 0.0123).to(BF16), fp8_config(None), "bfloat16"


def write_tensors(folder):
    for name, parts, decoded, config, dtype in cases():
        path = os.path.join(folder, name)
        os.makedirs(path, exist_ok=True)
        state = {f"layer.{k}": v.contiguous() for k, v in parts.items()}
        state["norm.weight"] = torch.arange(4, dtype=F32)
        save_file(state, os.path.join(path, "model.safetensors"))
        save_file({"layer.weight": decoded.contiguous()}, os.path.join(path, "expected.safetensors"))
        write_json(os.path.join(path, "config.json"), {"torch_dtype": dtype, "quantization_config": config})


def write_json(path, value):
    with open(path, "w") as file:
        file.write(json.dumps(value, indent=2, sort_keys=True) + "\n")


# Models

LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
MODELS = {
    "w8a8": (lambda w: compressed(w, "int-quantized", 8, scale=BF16), compressed_config("int-quantized", 8)),
    "w4a16": (lambda w: compressed(w, "pack-quantized", 4, strategy="group", group=32, scale=F16),
              compressed_config("pack-quantized", 4, strategy="group", group=32)),
    "gptq": (lambda w: gptq(w, symmetric=False, ordered=True), gptq_config(symmetric=False, ordered=True)),
    "awq": (lambda w: awq(w), awq_config()),
    "nf4": (lambda w: four_bit(w, nested=True), bnb_config(nested=True)),
    "fp8": (lambda w: fp8(w, (32, 32), BF16), fp8_config([32, 32])),
}


def write_models(folder):
    config = tf.LlamaConfig(vocab_size=120, hidden_size=64, intermediate_size=96, num_hidden_layers=2,
                            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128)
    for name, (quantize, quantization) in MODELS.items():
        torch.manual_seed(11)
        model = tf.AutoModelForCausalLM.from_config(config, dtype=F32, attn_implementation="eager").eval()
        state = {}
        with torch.no_grad():
            for key, weight in model.named_parameters():
                layer = key.removesuffix(".weight")
                if weight.ndim == 1:
                    weight.add_(torch.randn_like(weight) * 0.1)
                else:
                    weight.copy_(torch.randn_like(weight) * (2.0 / weight.shape[1]) ** 0.5)
                if layer.endswith(LINEAR):
                    parts, decoded = quantize(weight.detach())
                    weight.copy_(decoded.to(F32))
                    state.update({f"{layer}.{k}": v.contiguous() for k, v in parts.items()})
                else:
                    weight.copy_(weight.to(BF16).to(F32))
                    state[key] = weight.to(BF16)
            prompt = torch.randint(3, 120, (33,)).tolist()
            logits = model(torch.tensor([prompt])).logits[0]
        write_model(os.path.join(folder, name), state, config, quantization, prompt, logits)


def write_gpt_oss(folder):
    """A tiny gpt-oss whose experts are random codes and exponents; transformers says what they stand for."""
    config = tf.GptOssConfig(vocab_size=120, hidden_size=64, intermediate_size=32, num_hidden_layers=2, head_dim=16,
                             num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128,
                             num_local_experts=4, num_experts_per_tok=2, sliding_window=16)
    torch.manual_seed(11)
    model = tf.AutoModelForCausalLM.from_config(config, dtype=F32, attn_implementation="eager",
                                                experts_implementation="eager").eval()
    state = {}
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if key.endswith(("gate_up_proj", "down_proj")):     # [experts, inputs, outputs]
                experts, inputs, outputs = weight.shape
                blocks = torch.randint(0, 256, (experts, outputs, inputs // 32, 16), dtype=torch.uint8)
                scales = torch.randint(120, 125, (experts, outputs, inputs // 32), dtype=torch.uint8)
                weight.copy_(convert_moe_packed_tensors(blocks, scales, dtype=F32))
                state.update({f"{key}_blocks": blocks, f"{key}_scales": scales})
            else:
                scale = (2.0 / weight.shape[-1]) ** 0.5 if weight.ndim > 1 else 0.1
                weight.copy_((torch.randn_like(weight) * scale + (weight.ndim == 1 and "norm" in key)).to(BF16).to(F32))
                state[key] = weight.to(BF16)
        prompt = torch.randint(3, 120, (33,)).tolist()
        logits = model(torch.tensor([prompt])).logits[0]
    write_model(os.path.join(folder, "mxfp4"), state, config, dict(quant_method="mxfp4"), prompt, logits)


def write_model(path, state, config, quantization, prompt, logits):
    os.makedirs(path, exist_ok=True)
    save_file(state, os.path.join(path, "model.safetensors"))
    stored = {**config.to_dict(), "architectures": [f"{type(config).__name__.removesuffix('Config')}ForCausalLM"],
              "dtype": "bfloat16", "quantization_config": quantization}
    write_json(os.path.join(path, "config.json"), stored)
    with open(os.path.join(path, "logits.json"), "w") as file:
        json.dump(dict(prompt=prompt, logits=[[round(x, 5) for x in row] for row in logits.tolist()]), file)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    write_tensors(sys.argv[1])
    write_models(sys.argv[2])
    write_gpt_oss(sys.argv[2])
