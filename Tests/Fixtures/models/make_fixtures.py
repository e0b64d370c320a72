#!/usr/bin/env python3
"""Write the tiny random checkpoints of Tests/Fixtures/models and what Hugging Face transformers computes with them.

usage: make_fixtures.py OUT_DIR [NAME ...]      (python3 with torch, transformers 5, safetensors)
       make_fixtures.py --list

Each OUT_DIR/NAME is a Hugging Face folder without a tokenizer:
  model.safetensors            the weights; llama-sharded has model.safetensors.index.json and three shards instead
  config.json                  as transformers 5 writes it (`rope_parameters`, `dtype`)
  config-transformers4.json    the same model as transformers 4.51.3 writes it (`rope_theta`, `rope_scaling`, `torch_dtype`);
                               for DeepSeek-V2 as the published checkpoints have it
  config-transformers4-type.json   llama-linear-rope only: as transformers 4.36.2 writes it (`rope_scaling.type`)
  generation_config.json       as transformers 5 writes it
  reference.json               what transformers computes, rounded to 5 decimals:
    arch                name of the folder
    transformers        version that computed it
    cases[]             one for each of the prompt lengths 1, 2, 7, 33, 96:
      prompt            token ids
      logits            [position][vocabulary], or null for a prompt longer than the fixture records (see `full` below)
      last_logits       the logits at the last position, always
      greedy            24 further tokens by argmax; an end-of-sequence token does not stop it
    last_hidden_state   [position][hidden] after the final norm, for the prompt of length 7 (cases[2])

All arithmetic is float32 with eager attention (but for falcon-alibi) and eager experts, on the CPU, without a cache;
the same path is then computed with transformers' cache and must agree. Weights are float32, except where a row of FIXTURES says otherwise;
there they are rounded to the stored type first, so that the reference is of the weights as stored.
The random numbers are torch's with fixed seeds: the same versions on the same kind of processor give the same
weights. The first four rows are the ones of the same name of our make_parity.py.
"""
import copy
import inspect
import json
import os
import re
import shutil
import sys

import safetensors.torch
import torch
import transformers as tf

WEIGHT_SEED = 20260
PROMPT_SEED = 11
PROMPT_LENGTHS = (1, 2, 7, 33, 96)
HIDDEN_LENGTH = 7       # the prompt whose last hidden state is recorded
GREEDY_TOKENS = 24
GREEDY_MARGIN = 3.5e-4  # the least gap between the two best logits on a greedy path; below it, change the row's seed
ROUTER_MARGIN = 1e-4    # the least gap between the scores of the last expert (or group) taken and the first left out
CACHE_TOLERANCE = 5e-5  # the largest difference of logits with and without the cache, over the largest one or 1
DELTA_TOLERANCE = 1e-4  # the same of the delta rule, at every position: without the cache a prompt is solved in parts of 64

TOKENS = dict(max_position_embeddings=512, bos_token_id=1, eos_token_id=2, pad_token_id=0)
BASE = dict(vocab_size=320, hidden_size=64, intermediate_size=112, num_hidden_layers=3, num_attention_heads=4,
            num_key_value_heads=2, **TOKENS)
# Sizes that are no multiple of a vector, a tile or a quantization block.
SMALL = dict(vocab_size=151, hidden_size=48, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3,
             num_key_value_heads=1, **TOKENS)


# DeepSeek-V2: every size of the latent attention and of the experts differs from the others.
DEEPSEEK = dict(hidden_size=36, num_hidden_layers=3, num_key_value_heads=3, kv_lora_rank=24, qk_nope_head_dim=20,
                qk_rope_head_dim=8, v_head_dim=16, first_k_dense_replace=1, n_routed_experts=8, n_shared_experts=2,
                moe_intermediate_size=13)
# Gemma 3: the text model, alone and beside a vision tower.
GEMMA3 = dict(hidden_size=36, num_hidden_layers=3, intermediate_size=29, num_attention_heads=2, head_dim=20,
              query_pre_attn_scalar=13, sliding_window=16, rope_parameters=dict(
                  sliding_attention=dict(rope_type="default", rope_theta=1000.0),
                  full_attention=dict(rope_type="linear", factor=4.0, rope_theta=100000.0)))

# Layers of the gated delta rule, every size of its own, and one of attention. `full` is over the length of the parts that
# transformers divides a prompt into.
DELTA = dict(full=96, vocab_size=101, hidden_size=36, num_hidden_layers=3, intermediate_size=29, head_dim=20,
             num_attention_heads=2, linear_num_key_heads=2, linear_num_value_heads=4, linear_key_head_dim=10,
             linear_value_head_dim=18, layer_types=["linear_attention", "full_attention", "linear_attention"],
             rope_parameters=dict(rope_type="default", rope_theta=10000.0, partial_rotary_factor=0.4))
DELTA_EXPERTS = dict(num_experts=5, num_experts_per_tok=2, moe_intermediate_size=13, shared_expert_intermediate_size=19)

# Granite with layers of Mamba-2.
GRANITE_HYBRID = dict(hidden_size=36, num_hidden_layers=3, shared_intermediate_size=21, mamba_chunk_size=16,
                      layer_types=["linear_attention", "full_attention", "linear_attention"], embedding_multiplier=3.0,
                      attention_multiplier=0.15, residual_multiplier=0.4, logits_scaling=2.0)
FALCON_H1 = dict(hidden_size=36, intermediate_size=29, mamba_d_ssm=54, mamba_n_heads=3, mamba_d_head=18,
                 mamba_chunk_size=16, embedding_multiplier=3.0, lm_head_multiplier=0.7, key_multiplier=0.8,
                 attention_in_multiplier=1.2, attention_out_multiplier=0.7, ssm_in_multiplier=1.3,
                 ssm_out_multiplier=0.6, ssm_multipliers=[0.9, 1.1, 0.7, 0.8, 1.2], mlp_multipliers=[0.9, 0.7])
# Keys of a model without attention that `small` gives: none.
NO_ATTENTION = dict.fromkeys(("intermediate_size", "num_attention_heads", "num_key_value_heads",
                              "max_position_embeddings"))


# Llama 4: the last layer is without rotation; the first and the last are dense.
LLAMA4 = dict(hidden_size=36, num_hidden_layers=3, head_dim=20, num_attention_heads=4, num_key_value_heads=2,
              intermediate_size=13, intermediate_size_mlp=21, num_local_experts=4, num_experts_per_tok=1,
              interleave_moe_layer_step=2, no_rope_layer_interval=3, attention_chunk_size=16, floor_scale=12,
              attn_scale=0.4, rope_theta=500000.0)
MINICPM3 = dict(hidden_size=36, intermediate_size=29, num_attention_heads=2, num_key_value_heads=2, kv_lora_rank=24,
                q_lora_rank=28, qk_nope_head_dim=20, qk_rope_head_dim=8, v_head_dim=16, scale_emb=3, scale_depth=0.9,
                dim_model_base=20, tie_word_embeddings=False)


# Gemma 3n: a layer's width, its sparsity and its window differ from those of others.
GEMMA3N = dict(hidden_size=44, num_hidden_layers=5, intermediate_size=[37, 52, 37, 40, 37], num_attention_heads=2,
               head_dim=24, sliding_window=16, num_kv_shared_layers=2, laurel_rank=7, hidden_size_per_layer_input=9,
               vocab_size_per_layer_input=140, altup_num_inputs=3, altup_active_idx=1, final_logit_softcapping=8.0,
               activation_sparsity_pattern=[0.9, 0.5, 0.0, 0.0, 0.0],
               layer_types=["sliding_attention", "full_attention", "sliding_attention", "sliding_attention",
                            "full_attention"])

# LongRoPE's factors of 6 pairs. One set for both lengths: transformers chooses anew as a sequence grows.
LONG_FACTORS = [1.0, 1.1, 1.4, 2.0, 3.5, 6.0]


def base(cls, **over):
    return dict(cls=cls, config={**BASE, **over}, full=33)


def small(cls, dtype=torch.float32, max_shard_size=None, full=7, seed=WEIGHT_SEED, **over):
    config = {k: v for k, v in {**SMALL, **over}.items() if k not in NO_ATTENTION or v is not None}
    return dict(cls=cls, config=config, full=full, seed=seed, dtype=dtype, max_shard_size=max_shard_size)


def vision(cls, text, **over):
    """A small text model beside a vision tower, of which the prompts see nothing."""
    tower = dict(hidden_size=12, intermediate_size=9, num_hidden_layers=1, num_attention_heads=2, image_size=8,
                 patch_size=4)
    return dict(cls=cls, full=7, config=dict(text_config={**SMALL, **text}, vision_config=tower, **over))


def qwen_vision(cls, seed=WEIGHT_SEED, **text):
    """Qwen's, whose vision tower has other keys."""
    row = vision(cls, dict(hidden_size=36, rope_parameters=dict(rope_type="default", rope_theta=1000.0,
                                                                mrope_section=[2, 1, 3]), **text))
    row["config"]["vision_config"] = dict(depth=1, hidden_size=8, intermediate_size=9, num_heads=1, out_hidden_size=36,
                                          patch_size=2)
    if cls == "Qwen2VLConfig":
        row["config"]["vision_config"] = dict(depth=1, embed_dim=8, num_heads=1, hidden_size=36, patch_size=2)
    if cls == "Qwen3VLConfig":
        row["config"]["vision_config"].update(deepstack_visual_indexes=[0], num_position_embeddings=16)
    return dict(row, seed=seed)


def converted(name, row):
    """A model that transformers does not have, made of one that computes the same: CONVERSIONS[name]."""
    return dict(row, converted=name)


def plain(cls, without_prefix=None, **over):
    """A small model whose class knows neither grouped heads nor the usual name of the MLP's width.

    without_prefix: what the names of tensors begin with as transformers writes them, and not in the published files."""
    row = small(cls, **over)
    row["without_prefix"] = without_prefix
    for key in ("num_key_value_heads", "intermediate_size"):
        if key not in over:
            del row["config"][key]
    return row


def beside_vision(cls, seed=WEIGHT_SEED, **over):
    """A text model of Qwen's beside a vision tower; experts in two tensors a layer, as published."""
    return dict(cls=cls, full=7, seed=seed, config=dict(
        text_config={k: v for k, v in {**SMALL, **over}.items() if k != "full"},
        vision_config=dict(depth=1, hidden_size=12, intermediate_size=9, num_heads=2, patch_size=2,
                           temporal_patch_size=1, out_hidden_size=over["hidden_size"], num_position_embeddings=4)))


# full: the longest prompt for which the logits of every position are recorded (for size).
# seed: of the weights; WEIGHT_SEED unless that one gives a margin too small to compare.
FIXTURES = {
    "llama": base("LlamaConfig"),
    "llama3-rope": base("LlamaConfig", rope_theta=500000.0, rope_scaling=dict(
        rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=64)),
    "qwen2": base("Qwen2Config", tie_word_embeddings=True),
    "qwen3": base("Qwen3Config", head_dim=24),
    "llama-bias": small("LlamaConfig", attention_bias=True, mlp_bias=True, intermediate_size=37),
    "llama-linear-rope": small("LlamaConfig", num_attention_heads=4, num_key_value_heads=4,
                               rope_scaling=dict(rope_type="linear", factor=4.0)),
    "llama-tied-bf16": small("LlamaConfig", dtype=torch.bfloat16, tie_word_embeddings=True, intermediate_size=37),
    "llama-f16": small("LlamaConfig", dtype=torch.float16),
    "llama-sharded": small("LlamaConfig", max_shard_size="40KB", hidden_size=32, intermediate_size=44,
                           num_attention_heads=2),
    "qwen3-tied": small("Qwen3Config", head_dim=40, tie_word_embeddings=True),
    "llama-gqa": small("LlamaConfig", hidden_size=36, num_attention_heads=6, num_key_value_heads=2, head_dim=20),
    # The caps are small, so that they bend the scores and logits of random weights.
    "gemma2": small("Gemma2Config", full=33, hidden_size=44, num_hidden_layers=3, intermediate_size=37,
                    num_attention_heads=2, head_dim=24, query_pre_attn_scalar=20, sliding_window=16,
                    attn_logit_softcapping=5.0, final_logit_softcapping=8.0),
    "mixtral": small("MixtralConfig", seed=20261, intermediate_size=21, num_local_experts=4, num_experts_per_tok=2),
    "deepseek-v2": small("DeepseekV2Config", **DEEPSEEK, q_lora_rank=None, num_experts_per_tok=2,
                         topk_method="greedy", n_group=1, topk_group=1),
    # More experts to a token than groups: otherwise the limit on groups changes nothing.
    "deepseek-v2-lora-q": small("DeepseekV2Config", **DEEPSEEK, q_lora_rank=28, num_experts_per_tok=3,
                                topk_method="group_limited_greedy", n_group=4, topk_group=2,
                                routed_scaling_factor=2.5, rope_scaling=dict(
                                    type="yarn", factor=4, original_max_position_embeddings=64, beta_fast=32,
                                    beta_slow=1, mscale=0.707, mscale_all_dim=0.707)),
    "mistral-window": small("MistralConfig", full=33, sliding_window=16),
    "qwen2-window": small("Qwen2Config", full=33, num_hidden_layers=3, use_sliding_window=True, sliding_window=16,
                          max_window_layers=1),
    "phi": small("PhiConfig", num_key_value_heads=3, partial_rotary_factor=0.5),
    "phi3": small("Phi3Config", hidden_size=44, num_attention_heads=2, sliding_window=16),
    "phi3-longrope": small("Phi3Config", partial_rotary_factor=0.75, tie_word_embeddings=True,
                           original_max_position_embeddings=64, rope_scaling=dict(
                               type="longrope", short_factor=LONG_FACTORS, long_factor=LONG_FACTORS)),
    "stablelm": small("StableLmConfig", partial_rotary_factor=0.25, use_qkv_bias=True),
    "stablelm-parallel": small("StableLmConfig", seed=20261, hidden_size=40, num_attention_heads=4, num_key_value_heads=2,
                               partial_rotary_factor=0.4, qk_layernorm=True, use_parallel_residual=True),
    "starcoder2": small("Starcoder2Config", num_attention_heads=4, num_key_value_heads=2, intermediate_size=37,
                        sliding_window=16, mlp_type="default", norm_type="layer_norm"),
    "gpt-neox": plain("GPTNeoXConfig", hidden_size=40, num_attention_heads=2, intermediate_size=37, rotary_pct=0.4),
    "gpt-neox-sequential": plain("GPTNeoXConfig", seed=20261, hidden_size=36, intermediate_size=37, rotary_pct=1.0,
                                 rotary_emb_base=500, use_parallel_residual=False, hidden_act="gelu_fast"),
    "gpt2": plain("GPT2Config", without_prefix="transformer.", hidden_size=36, max_position_embeddings=128, n_inner=37),
    "gptj": plain("GPTJConfig", hidden_size=42, n_inner=37, rotary_dim=8, tie_word_embeddings=False),
    "falcon": plain("FalconConfig", seed=20262, hidden_size=36),
    "falcon-grouped": plain("FalconConfig", hidden_size=40, num_attention_heads=4, num_kv_heads=2, ffn_hidden_size=37,
                            new_decoder_architecture=True, bias=True, tie_word_embeddings=False),
    "falcon-one-norm": plain("FalconConfig", hidden_size=40, num_attention_heads=4, num_kv_heads=2, ffn_hidden_size=37,
                             new_decoder_architecture=True, num_ln_in_parallel_attn=1),
    "falcon-sequential": plain("FalconConfig", hidden_size=36, ffn_hidden_size=37, multi_query=False,
                               parallel_attn=False, bias=True),
    "opt": plain("OPTConfig", seed=20262, hidden_size=36, ffn_dim=37, max_position_embeddings=128),
    "gemma": small("GemmaConfig", hidden_size=44, intermediate_size=37, num_attention_heads=2, head_dim=24),
    # Two windowed layers, then one that sees all; the rotary positions of the two kinds differ in base and scaling.
    "gemma3": small("Gemma3TextConfig", **GEMMA3, final_logit_softcapping=8.0,
                    layer_types=["sliding_attention"] * 2 + ["full_attention"]),
    "gemma3-vision": vision("Gemma3Config", dict(
        GEMMA3, layer_types=["sliding_attention", "full_attention", "sliding_attention"]), mm_tokens_per_image=1),
    # The last two layers have no keys and values of their own; ids from 140 on no row of each layer's embedding.
    "gemma3n": small("Gemma3nTextConfig", **GEMMA3N),
    "gemma3n-vision": converted("gemma3n-vision", small("Gemma3nTextConfig", **GEMMA3N, seed=20261)),
    "olmo": small("OlmoConfig", hidden_size=36, num_key_value_heads=3, clip_qkv=0.75, tie_word_embeddings=True),
    "olmo2": small("Olmo2Config", hidden_size=36, num_attention_heads=2),
    "olmo3": small("Olmo3Config", hidden_size=36, num_attention_heads=3, num_key_value_heads=1, num_hidden_layers=3,
                   intermediate_size=29, sliding_window=16,
                   layer_types=["sliding_attention", "full_attention", "sliding_attention"], rope_parameters=dict(
                       sliding_attention=dict(rope_type="default", rope_theta=500000.0),
                       full_attention=dict(rope_type="yarn", rope_theta=500000.0, factor=4.0, beta_fast=32.0,
                                           beta_slow=1.0, attention_factor=1.2,
                                           original_max_position_embeddings=64))),
    "smollm3": small("SmolLM3Config", hidden_size=36, num_hidden_layers=3, no_rope_layers=[1, 0, 1],
                     use_sliding_window=True, sliding_window=16),
    "granite": small("GraniteConfig", seed=20262, hidden_size=36, embedding_multiplier=6.0, attention_multiplier=0.3,
                     residual_multiplier=0.4, logits_scaling=0.8, attention_bias=True, mlp_bias=True),
    "cohere": small("CohereConfig", hidden_size=40, num_attention_heads=4, num_key_value_heads=2, use_qk_norm=True,
                    logit_scale=0.3),
    "cohere2": small("Cohere2Config", hidden_size=36, num_hidden_layers=3, intermediate_size=29,
                     num_attention_heads=3, sliding_window=16, logit_scale=0.25,
                     layer_types=["sliding_attention", "full_attention", "sliding_attention"]),
    "glm": small("GlmConfig", hidden_size=36, head_dim=24, num_attention_heads=2, partial_rotary_factor=0.5),
    "glm4": small("Glm4Config", head_dim=20, num_attention_heads=2, hidden_size=36, partial_rotary_factor=0.5,
                  attention_bias=False),
    "ministral": small("MinistralConfig", hidden_size=36, head_dim=20, sliding_window=16,
                       layer_types=["full_attention", "sliding_attention"]),
    "minicpm3": small("MiniCPM3Config", **MINICPM3),
    "minicpm3-longrope": small("MiniCPM3Config", **MINICPM3, rope_scaling=dict(
        type="longrope", short_factor=LONG_FACTORS[:4], long_factor=LONG_FACTORS[:4],
        original_max_position_embeddings=64)),
    "qwen2-moe": small("Qwen2MoeConfig", hidden_size=36, num_hidden_layers=3, decoder_sparse_step=2, num_experts=5,
                       num_experts_per_tok=2, moe_intermediate_size=13, shared_expert_intermediate_size=19),
    "qwen3-moe": small("Qwen3MoeConfig", seed=20263, hidden_size=36, head_dim=20, num_hidden_layers=3, mlp_only_layers=[1],
                       num_experts=6, num_experts_per_tok=3, moe_intermediate_size=13, norm_topk_prob=True),
    # The bound cuts a part of the queries, keys and values.
    "olmoe": small("OlmoeConfig", hidden_size=36, num_key_value_heads=3, intermediate_size=13, num_experts=6,
                   num_experts_per_tok=2, clip_qkv=1.1),
    "deepseek-v3": small("DeepseekV3Config", seed=20261, **{**DEEPSEEK, "n_shared_experts": 1}, q_lora_rank=28,
                         num_experts_per_tok=3, n_group=4, topk_group=2, routed_scaling_factor=1.5,
                         rope_scaling=dict(type="yarn", factor=4, original_max_position_embeddings=64, beta_fast=32,
                                           beta_slow=1, mscale=1.0, mscale_all_dim=0.8)),
    "glm4-moe": small("Glm4MoeConfig", seed=20262, hidden_size=36, head_dim=20, num_attention_heads=4, num_key_value_heads=2,
                      attention_bias=True, use_qk_norm=True, partial_rotary_factor=0.5, n_routed_experts=6,
                      num_experts_per_tok=2, moe_intermediate_size=13, routed_scaling_factor=1.5),
    # The limit is small, so that it bends the gates and ups of random weights.
    "gpt-oss": small("GptOssConfig", seed=20266, hidden_size=36, num_hidden_layers=3, head_dim=20, num_attention_heads=4,
                     num_key_value_heads=2, intermediate_size=13, num_local_experts=5, num_experts_per_tok=2,
                     sliding_window=16, swiglu_limit=0.9, rope_scaling=dict(
                         rope_type="yarn", factor=8.0, beta_fast=32.0, beta_slow=1.0, truncate=False,
                         original_max_position_embeddings=64)),
    "granite-moe": small("GraniteMoeConfig", hidden_size=36, intermediate_size=13, num_local_experts=5,
                         num_experts_per_tok=2, embedding_multiplier=3.0, attention_multiplier=0.15,
                         residual_multiplier=0.4, logits_scaling=2.0),
    "qwen3-next": small("Qwen3NextConfig", seed=20261, **DELTA, **DELTA_EXPERTS, mlp_only_layers=[1]),
    "qwen3.5": small("Qwen3_5TextConfig", **DELTA),
    "qwen3.5-moe": small("Qwen3_5MoeTextConfig", seed=20266, **DELTA, **DELTA_EXPERTS),
    "qwen3.5-vision": beside_vision("Qwen3_5Config", **DELTA),
    "qwen3.5-moe-vision": beside_vision("Qwen3_5MoeConfig", seed=20262, **DELTA, **DELTA_EXPERTS),
    # Layers with states. Chunks are short, so that prompts have several of them in transformers.
    "lfm2": small("Lfm2Config", hidden_size=36, num_hidden_layers=3, layer_types=["conv", "full_attention", "conv"],
                  conv_bias=True, intermediate_size=50, block_multiple_of=8, block_ffn_dim_multiplier=0.9),
    "lfm2-moe": small("Lfm2MoeConfig", hidden_size=36, num_hidden_layers=3, layer_types=["conv", "full_attention", "conv"],
                      conv_L_cache=4, num_dense_layers=1, intermediate_size=29, moe_intermediate_size=13, num_experts=5,
                      num_experts_per_tok=2, routed_scaling_factor=1.5, tie_word_embeddings=False),
    "mamba2": small("Mamba2Config", hidden_size=36, num_hidden_layers=3, num_heads=3, head_dim=24, state_size=20,
                    n_groups=1, chunk_size=16, **NO_ATTENTION),
    "mamba2-groups": small("Mamba2Config", num_heads=4, head_dim=24, state_size=12, n_groups=2, conv_kernel=3,
                           use_bias=True, use_conv_bias=False, chunk_size=16, tie_word_embeddings=True, **NO_ATTENTION),
    "granite-hybrid": small("GraniteMoeHybridConfig", seed=20261, **GRANITE_HYBRID, mamba_n_heads=3, mamba_d_state=20,
                            intermediate_size=13, num_local_experts=4, num_experts_per_tok=2),
    "granite-hybrid-dense": small("GraniteMoeHybridConfig", **GRANITE_HYBRID, mamba_n_heads=4, mamba_d_state=12,
                                  mamba_n_groups=2, mamba_proj_bias=True, mamba_conv_bias=False, mamba_d_conv=3,
                                  num_local_experts=0, position_embedding_type="rope", attention_bias=True),
    "bamba": small("BambaConfig", hidden_size=36, num_hidden_layers=3, intermediate_size=29, attn_layer_indices=[1],
                   mamba_n_heads=4, mamba_d_state=20, mamba_n_groups=2, mamba_chunk_size=16),
    "falcon-h1": small("FalconH1Config", **FALCON_H1, mamba_d_state=20, mamba_rms_norm=True, mamba_norm_before_gate=False),
    "falcon-h1-groups": small("FalconH1Config", **FALCON_H1, mamba_d_state=12, mamba_n_groups=3, mamba_conv_bias=False,
                              projectors_bias=True),
    "nemotron-h": small("NemotronHConfig", hidden_size=36, layers_block_type=[
                            "linear_attention", "full_attention", "mlp", "moe", "linear_attention"], head_dim=20,
                        mamba_num_heads=4, mamba_head_dim=20, ssm_state_size=20, n_groups=2, chunk_size=16,
                        intermediate_size=29, n_routed_experts=5, num_experts_per_tok=2, moe_intermediate_size=13,
                        moe_shared_expert_intermediate_size=19, routed_scaling_factor=1.5, time_step_min=1e-9),
    "llama4": small("Llama4TextConfig", **LLAMA4),
    "llama4-vision": converted("llama4-vision", small("Llama4TextConfig", seed=20261, **LLAMA4)),
    "mistral3-vision": vision("Mistral3Config", dict(model_type="mistral", hidden_size=36, head_dim=20,
                                                     sliding_window=16, rms_norm_eps=1e-5), tie_word_embeddings=False),
    "qwen2-vl": qwen_vision("Qwen2VLConfig"),
    "qwen2.5-vl": qwen_vision("Qwen2_5_VLConfig", seed=20262),
    "qwen3-vl": qwen_vision("Qwen3VLConfig", seed=20261, head_dim=20),
    # 6 heads: two of them have slopes of twice as many.
    "bloom": plain("BloomConfig", seed=20261, without_prefix="transformer.", hidden_size=36, num_attention_heads=6),
    "mpt": plain("MptConfig", seed=20262, hidden_size=36, num_attention_heads=6,
                 attn_config=dict(alibi_bias_max=4, clip_qkv=0.9, softmax_scale=0.3)),
    # transformers rounds the product of slope and position to bfloat16, which of 3 heads and few positions it is. Its
    # eager attention adds the biases twice.
    "falcon-alibi": dict(plain("FalconConfig", hidden_size=36, ffn_hidden_size=37, multi_query=False,
                               parallel_attn=False, bias=True, alibi=True), attention="sdpa"),
    "internlm2": converted("internlm2", small(
        "LlamaConfig", hidden_size=36, num_attention_heads=6, num_key_value_heads=2, attention_bias=True,
        rope_scaling=dict(rope_type="dynamic", factor=2.0))),
    "internlm3": converted("internlm3", small(
        "InternLM3Config", hidden_size=36, head_dim=20, attention_bias=True, mlp_bias=True)),
    # As Granite: multipliers of 3, 0.9 / sqrt(2) and 20 / 36.
    "minicpm": converted("minicpm", small(
        "GraniteConfig", hidden_size=36, embedding_multiplier=3.0, attention_multiplier=12 ** -0.5,
        residual_multiplier=0.9 / 2 ** 0.5, logits_scaling=36 / 20)),
}


def rounded(tensor):
    if tensor.ndim == 1:
        return [round(x, 5) for x in tensor.tolist()]
    return [rounded(row) for row in tensor]


def write_json(path, value):
    """As transformers writes a config."""
    with open(path, "w") as file:
        file.write(json.dumps(value, indent=2, sort_keys=True) + "\n")


# Models whose configs of transformers 4 had no `rope_scaling`.
WITHOUT_ROPE_SCALING = ("gemma", "gemma2", "mistral", "mixtral", "glm", "glm4")
# Models that came to transformers 4 after 4.51.3, with the version that had them.
LATER = {"smollm3": "4.53.0", "gemma3n_text": "4.53.0", "olmo3": "4.57.0", "ministral": "4.57.0"}


def transformers4(config):
    """The config.json of transformers 5 as transformers 4.51.3, or the first version with the model, writes it.

    Checked byte for byte against 4.51.3 for the rows of FIXTURES from `llama` to `qwen2-window` but those of
    DeepSeek-V2, which 4.51.3 did not have.
    What differs:
    - `rope_parameters` {rope_theta, rope_type, ...} was `rope_theta` at the top and `rope_scaling` {rope_type, ...},
      null where there is no scaling;
    - `dtype` was `torch_dtype` (4.56 and later already write `dtype`);
    - `layer_types` came later (4.53);
    - Qwen's `sliding_window` stood at its default of 4096 also where `use_sliding_window` is false, which is what
      counts; later versions write null there;
    - Gemma, Gemma 2, Mistral, Mixtral and GLM had no `rope_scaling`; Mixtral's `head_dim` was worked out, not null;
    - Phi and GLM had `partial_rotary_factor` beside `rope_theta` (not compared with 4.51.3);
    - experts: Qwen wrote a `sliding_window` of null where it is not used; `num_mtp_layers` was
      `num_nextn_predict_layers`; gpt-oss, which 4.51.3 did not have, was published with `layer_types` and further keys
      (none of these compared with 4.51.3);
    - Gemma 2 had `cache_implementation`, no `use_bidirectional_attention`, and left out `tie_word_embeddings` where
      true; so did the other Gemmas and Cohere;
    - Gemma had `hidden_activation` beside `hidden_act`, which does not count then;
    - Gemma 3n had `layer_types` from the first; Gemma 3 had `sliding_window_pattern` and `rope_local_base_freq`, and its `rope_scaling` is of the layers without
      a window, as OLMo 3's is; Cohere 2 had `sliding_window_pattern`.
    """
    old = {k: v for k, v in config.items() if k not in ("rope_parameters", "dtype", "layer_types")}
    model_type = config["model_type"]
    if "text_config" in config:
        old["text_config"] = transformers4(config["text_config"])
        del old["text_config"]["transformers_version"], old["tie_word_embeddings"]
        old["torch_dtype"] = config["dtype"]
        old["transformers_version"] = "4.51.3"
        return old
    rope = dict(config["rope_parameters"])
    if "full_attention" in rope:
        if model_type in ("gemma3_text", "gemma3n_text"):
            old["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
        rope = dict(rope["full_attention"])
    old["rope_theta"] = rope.pop("rope_theta")
    if "partial_rotary_factor" in rope:
        old["partial_rotary_factor"] = rope.pop("partial_rotary_factor")
    if model_type not in WITHOUT_ROPE_SCALING:
        old["rope_scaling"] = rope if rope["rope_type"] != "default" else None
    old["torch_dtype"] = config["dtype"]
    if config.get("use_sliding_window") is False:
        old["sliding_window"] = None if model_type.endswith("_moe") else 4096
    if "num_mtp_layers" in old:
        old["num_nextn_predict_layers"] = old.pop("num_mtp_layers")
    if model_type == "gpt_oss":
        old.update(layer_types=config["layer_types"], experts_per_token=config["num_experts_per_tok"],
                   initial_context_length=rope["original_max_position_embeddings"])
        del old["swiglu_alpha"]
    if model_type == "mixtral":
        old["head_dim"] = config["head_dim"] or config["hidden_size"] // config["num_attention_heads"]
    if model_type == "gemma":
        old["hidden_activation"] = None
    if model_type in ("gemma3_text", "cohere2"):
        old["sliding_window_pattern"] = config["layer_types"].index("full_attention") + 1
        old.pop("_sliding_window_pattern", None)
    if model_type in ("gemma2", "gemma3_text", "cohere2"):
        old["cache_implementation"] = "hybrid"
    if model_type.startswith(("gemma", "cohere")):
        old.pop("use_bidirectional_attention", None)
        if config["tie_word_embeddings"]:
            del old["tie_word_embeddings"]
    old["transformers_version"] = "4.51.3"
    if model_type in LATER:
        old["layer_types"] = config["layer_types"]
        old["transformers_version"] = LATER[model_type]
        if LATER[model_type] >= "4.56":
            old["dtype"] = old.pop("torch_dtype")
    return old


def transformers4_type(config):
    """The same as transformers 4.36.2 writes it: `rope_scaling` has `type`; Llama had no `head_dim` and `mlp_bias`."""
    old = {k: v for k, v in transformers4(config).items() if k not in ("head_dim", "mlp_bias")}
    scaling = dict(old["rope_scaling"])
    scaling["type"] = scaling.pop("rope_type")
    old["rope_scaling"] = scaling
    old["transformers_version"] = "4.36.2"
    return old


def published_deepseek(config):
    """The config.json of transformers 5 as the published checkpoints of DeepSeek-V2 and V3 have it, which came with code of
    their own: `rope_theta` and `rope_scaling` with `type`, keys that transformers 5 no longer knows, and no `head_dim`,
    which in transformers 5 is the size of the rotary part."""
    version = config["model_type"][-1]
    added = ("head_dim", "mlp_bias", "output_router_logits", "qk_head_dim", "pad_token_id", "rope_interleave")
    old = {k: v for k, v in transformers4(config).items() if k not in added}
    if old["rope_scaling"] is not None:
        old["rope_scaling"] = {k: v for k, v in old["rope_scaling"].items() if k != "rope_type"}
    module = "modeling_deepseek"
    old["auto_map"] = {
        "AutoConfig": f"configuration_deepseek.DeepseekV{version}Config",
        "AutoModel": f"{module}.DeepseekV{version}Model",
        "AutoModelForCausalLM": f"{module}.DeepseekV{version}ForCausalLM",
    }
    old.update(aux_loss_alpha=0.001, moe_layer_freq=1, seq_aux=True,
               scoring_func="softmax" if version == "2" else "sigmoid")
    if version == "3":
        old["topk_method"] = "noaux_tc"
    old["transformers_version"] = "4.39.3"
    return old


def published(config, drop=(), **keys):
    """The config.json of transformers 5 with the keys that published checkpoints of transformers 4 have: without `drop`,
    which came later or stood at the default, and with `keys`."""
    later = ("rope_parameters", "dtype", "layer_types", *drop)
    old = {k: v for k, v in config.items() if k not in later}
    old.update(keys, torch_dtype=config["dtype"])
    return old


def published_phi3(config):
    """As Phi-3-mini has it: `rope_scaling` of `type`, `short_factor` and `long_factor`, or null; as Phi-4-mini the part of
    a head that is rotated."""
    rope = config["rope_parameters"]
    scaling = None
    if rope["rope_type"] != "default":
        scaling = {"type": rope["rope_type"], **{k: rope[k] for k in ("short_factor", "long_factor")}}
    return published(config, attention_bias=False, rope_theta=rope["rope_theta"], rope_scaling=scaling,
                     partial_rotary_factor=rope["partial_rotary_factor"], transformers_version="4.45.0")


def published_gpt_neox(config):
    """As Pythia has it: `rotary_pct` and `rotary_emb_base`."""
    rope = config["rope_parameters"]
    return published(config, drop=("attention_bias",), rotary_pct=rope["partial_rotary_factor"],
                     rotary_emb_base=rope["rope_theta"], transformers_version="4.24.0")


def published_gpt2(config):
    return published(config, drop=("add_cross_attention", "reorder_and_upcast_attn", "scale_attn_by_inverse_layer_idx",
                                   "scale_attn_weights", "tie_word_embeddings", "transformers_version"),
                     n_ctx=config["n_positions"])


def published_gptj(config):
    return published(config, gradient_checkpointing=False, rotary=True, scale_attn_weights=True,
                     transformers_version="4.18.0.dev0")


def published_falcon(config):
    """As Falcon 7B and 40B have it, which leave out what is at its default."""
    is_new = config["new_decoder_architecture"]
    defaults = dict(activation="gelu", ffn_hidden_size=4 * config["hidden_size"], tie_word_embeddings=True,
                    num_ln_in_parallel_attn=2 if is_new else None)
    drop = [k for k, v in defaults.items() if k in config and config[k] == v]
    if not is_new:
        drop.append("num_kv_heads")
    return published(config, drop=drop, apply_residual_connection_post_layernorm=False, transformers_version="4.27.4")


def published_opt(config):
    return published(config, drop=("enable_bias", "layer_norm_elementwise_affine", "tie_word_embeddings"),
                     activation_dropout=0.0, prefix="</s>", transformers_version="4.21.0.dev0")


def published_minicpm3(config):
    """The config.json of transformers 5 as that of MiniCPM 3, which came with code of its own and had neither
    `head_dim` nor `qk_head_dim`."""
    return {k: v for k, v in transformers4(config).items() if k not in ("head_dim", "qk_head_dim")}


def published_qwen3_next(config):
    """As Qwen3-Next has it: `full_attention_interval` in place of `layer_types`."""
    return published(config, rope_theta=config["rope_parameters"]["rope_theta"], rope_scaling=None,
                     partial_rotary_factor=config["rope_parameters"]["partial_rotary_factor"],
                     full_attention_interval=config["layer_types"].index("full_attention") + 1,
                     transformers_version="4.57.0.dev0")


def published_qwen3_5(config):
    """As Qwen 3.5 has it, which came with transformers 5: the sections of image positions are in `rope_parameters`."""
    if "text_config" in config:
        return dict(config, text_config=published_qwen3_5(config["text_config"]))
    old = {k: v for k, v in config.items() if k != "layer_types"}
    sections = dict(mrope_interleaved=True, mrope_section=[2, 1, 1])
    return dict(old, full_attention_interval=config["layer_types"].index("full_attention") + 1,
                rope_parameters={**config["rope_parameters"], **sections})


def published_lfm2(config):
    """As LFM2 has it: `tie_embedding` and `block_ff_dim`."""
    keys = dict(rope_theta=config["rope_parameters"]["rope_theta"], tie_embedding=config["tie_word_embeddings"],
                layer_types=config["layer_types"], transformers_version="4.54.0.dev0")
    drop = ["tie_word_embeddings"]
    if config["model_type"] == "lfm2":
        keys["block_ff_dim"] = config["intermediate_size"]
        drop.append("intermediate_size")
    return published(config, drop=drop, **keys)


def published_mamba2(config):
    return published(config, rms_norm=True, norm_before_gate=True, time_step_limit=[0.0, float("inf")],
                     transformers_version="4.44.0")


def published_granite_hybrid(config):
    """As Granite 4 has it: layers of `mamba` and `attention`, positions that are `rope` or `nope`."""
    names = dict(linear_attention="mamba", full_attention="attention")
    return published(config, drop=("time_step_limit",), layer_types=[names[kind] for kind in config["layer_types"]],
                     position_embedding_type=config["position_embedding_type"] or "nope", rope_scaling=None,
                     rope_theta=config["rope_parameters"]["rope_theta"], normalization_function="rmsnorm",
                     transformers_version="4.56.0")


def published_bamba(config):
    """As Bamba and Falcon-H1 have it."""
    return published(config, drop=("time_step_limit",), rope_scaling=None,
                     rope_theta=config["rope_parameters"]["rope_theta"], transformers_version="4.48.0.dev0")


def published_nemotron_h(config):
    """As Nemotron Nano has it: the layers as letters."""
    letters = dict(linear_attention="M", full_attention="*", mlp="-", moe="E")
    return published(config, drop=("layers_block_type",), transformers_version="4.48.0.dev0",
                     hybrid_override_pattern="".join(letters[kind] for kind in config["layers_block_type"]),
                     num_hidden_layers=len(config["layers_block_type"]))


def published_bloom(config):
    """As BLOOM 560M has it: `n_embed` and `num_attention_heads`."""
    old = published(config, drop=("slow_but_exact", "tie_word_embeddings"), n_inner=None, offset_alibi=100,
                    transformers_version="4.20.0")
    old["n_embed"], old["num_attention_heads"] = old.pop("hidden_size"), old.pop("n_head")
    return old


def published_mpt(config):
    """As MPT 7B has it, whose code came with it."""
    old = published(config, drop=("tie_word_embeddings",), norm_type="low_precision_layernorm", learned_pos_emb=True,
                    transformers_version="4.28.1")
    old["attn_config"] = {k: v for k, v in config["attn_config"].items()
                          if k in ("alibi", "alibi_bias_max", "attn_impl", "attn_pdrop", "attn_type",
                                   "attn_uses_sequence_id", "clip_qkv", "prefix_lm", "qk_ln", "softmax_scale")}
    return old


def published_qwen_vl(config):
    """As Qwen2-VL and Qwen2.5-VL have it: the text model's keys beside the others, and a kind of `mrope`."""
    text = config["text_config"]
    rope = text["rope_parameters"]
    keys = {k: v for k, v in text.items() if k not in ("rope_parameters", "layer_types", "model_type", "dtype", "sliding_window")}
    old = {k: v for k, v in config.items() if k not in ("text_config", "dtype")}
    return dict(old, **keys, torch_dtype=config["dtype"], rope_theta=rope["rope_theta"], sliding_window=32768,
                rope_scaling=dict(type="mrope", mrope_section=rope["mrope_section"]), transformers_version="4.41.2")


# Models whose published configs are not as transformers 4.51.3 writes them.
OLDER = dict(deepseek_v2=published_deepseek, deepseek_v3=published_deepseek, phi3=published_phi3,
             gpt_neox=published_gpt_neox, gpt2=published_gpt2, gptj=published_gptj, falcon=published_falcon,
             opt=published_opt, minicpm3=published_minicpm3, lfm2=published_lfm2, lfm2_moe=published_lfm2,
             mamba2=published_mamba2, granitemoehybrid=published_granite_hybrid, bamba=published_bamba,
             nemotron_h=published_nemotron_h, falcon_h1=published_bamba, qwen3_next=published_qwen3_next,
             qwen3_5=published_qwen3_5, qwen3_5_text=published_qwen3_5, qwen3_5_moe=published_qwen3_5,
             qwen3_5_moe_text=published_qwen3_5,
             bloom=published_bloom, mpt=published_mpt, qwen2_vl=published_qwen_vl, qwen2_5_vl=published_qwen_vl)


def without(tensors, config, keys):
    for key in keys:
        config.pop(key, None)
    return tensors, config


def to_internlm2(tensors, config):
    """InternLM 2, which comes with code of its own: Llama's matrices under other names, and each key head's queries, key
    and value together in one."""
    names = {"model.embed_tokens": "model.tok_embeddings", "lm_head": "output", "self_attn.o_proj": "attention.wo",
             "input_layernorm": "attention_norm", "post_attention_layernorm": "ffn_norm",
             "mlp.gate_proj": "feed_forward.w1", "mlp.up_proj": "feed_forward.w3", "mlp.down_proj": "feed_forward.w2"}
    own = {}
    for name, tensor in tensors.items():
        for old, new in names.items():
            name = name.replace(old, new)
        own[name] = tensor
    keys, dim = config["num_key_value_heads"], config["hidden_size"] // config["num_attention_heads"]
    for name in [name for name in own if "self_attn.q_proj" in name]:
        parts = [own.pop(name.replace("q_proj", letter + "_proj")) for letter in "qkv"]
        heads = [part.reshape(keys, -1, dim, *part.shape[1:]) for part in parts]
        own[name.replace("self_attn.q_proj", "attention.wqkv")] = torch.cat(heads, dim=1).flatten(0, 2)
    config.update(architectures=["InternLM2ForCausalLM"], model_type="internlm2", bias=config["attention_bias"])
    return without(own, config, ["attention_bias", "mlp_bias", "head_dim", "pretraining_tp"])


def to_internlm3(tensors, config):
    """InternLM 3, which transformers runs as Llama."""
    config.update(architectures=["InternLM3ForCausalLM"], model_type="internlm3", qkv_bias=config["attention_bias"],
                  bias=config["mlp_bias"])
    return without(tensors, config, ["attention_bias", "mlp_bias"])


def to_minicpm(tensors, config):
    """MiniCPM 1 and 2, which come with code of their own: what Granite computes by other keys."""
    config.update(architectures=["MiniCPMForCausalLM"], model_type="minicpm", scale_emb=3, scale_depth=0.9,
                  dim_model_base=20)
    return without(tensors, config, ["embedding_multiplier", "attention_multiplier", "residual_multiplier",
                                     "logits_scaling", "mlp_bias"])


def to_llama4_vision(tensors, config):
    """Llama 4 beside a vision tower, whose class in transformers 5.24 fails without images."""
    dtype = config.pop("dtype", config.pop("torch_dtype", None))
    own = {"language_model." + name: tensor for name, tensor in tensors.items()}
    return own, dict(architectures=["Llama4ForConditionalGeneration"], model_type="llama4", dtype=dtype,
                     text_config=without(tensors, config, ["architectures", "transformers_version"])[1])


def to_gemma3n_vision(tensors, config):
    """Gemma 3n beside towers of images and sounds, whose class needs another package."""
    dtype = config.pop("dtype", config.pop("torch_dtype", None))
    own = {re.sub("^model[.]", "model.language_model.", name): tensor for name, tensor in tensors.items()}
    return own, dict(architectures=["Gemma3nForConditionalGeneration"], model_type="gemma3n", dtype=dtype,
                     text_config=without(tensors, config, ["architectures", "transformers_version"])[1])


CONVERSIONS = {"internlm2": to_internlm2, "internlm3": to_internlm3, "minicpm": to_minicpm,
               "llama4-vision": to_llama4_vision, "gemma3n-vision": to_gemma3n_vision}


def random_model(config, seed=WEIGHT_SEED, attention="eager"):
    torch.manual_seed(seed)
    kind = tf.AutoModelForImageTextToText if hasattr(config, "vision_config") else tf.AutoModelForCausalLM
    model = kind.from_config(config, dtype=torch.float32, attn_implementation=attention,
                             experts_implementation="eager").eval()
    if config.model_type == "mpt":
        # MPT's own code takes alibi_bias_max, where transformers always has 8.
        slopes, most = model.transformer.build_mpt_alibi_tensor, config.attn_config.alibi_bias_max
        model.transformer.build_mpt_alibi_tensor = lambda heads, length, **rest: slopes(heads, length, most, **rest)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.ndim == 1:                       # norms and biases: not all ones and zeros
                p.add_(torch.randn_like(p) * 0.1)
                # Else the scaled, tied embedding wins, and greedy repeats its token.
                if config.model_type.startswith(("gemma2", "gemma3")) and "layernorm" in name and ".post_" in name:
                    p.add_(1.0)
            else:
                p.copy_(torch.randn_like(p) * (2.0 / p.shape[-1]) ** 0.5)
                if config.model_type in ("gemma", "gemma3", "gemma3_text", "gemma3n_text") and "embed_tokens" in name:
                    p.mul_(0.2)
        for name, b in model.named_buffers():
            if name.endswith(("e_score_correction_bias", "expert_bias")):
                b.copy_(torch.randn_like(b) * 0.2)
    return model


def continuation(model, ids):
    """The greedy tokens after `ids` and the smallest gap between the two best logits, each token from all those before
    it without a cache. With the cache, which keeps only the window where there is one, the logits must be the same."""
    sequence, margin = list(ids), float("inf")
    tolerance = DELTA_TOLERANCE if has_delta_rule(model) else CACHE_TOLERANCE
    has_positions = "position_ids" in inspect.signature(model.forward).parameters
    cached = model(torch.tensor([ids]), use_cache=True)
    for _ in range(GREEDY_TOKENS):
        last = model(torch.tensor([sequence]), use_cache=False).logits[0, -1]
        difference = float((last - cached.logits[0, -1]).abs().max() / last.abs().max().clamp(min=1))
        assert difference < tolerance, f"with the cache a logit differs by {difference}"
        best = last.topk(2).values
        margin = min(margin, float(best[0] - best[1]))
        sequence.append(int(last.argmax()))
        # Bamba's class does not work positions out from its cache.
        positions = {"position_ids": torch.tensor([[len(sequence) - 1]])} if has_positions else {}
        cached = model(torch.tensor([sequence[-1:]]), use_cache=True, cache=cached.cache, **positions)
    return sequence[len(ids):], margin


def has_delta_rule(model):
    return hasattr(model.config.get_text_config(), "linear_key_head_dim")


def token_by_token(model, ids):
    """The logits at every position, each token with the cache of those before it."""
    cache, logits = None, []
    for token in ids:
        step = model(torch.tensor([[token]]), use_cache=True, past_key_values=cache)
        cache = step.past_key_values
        logits.append(step.logits[0, 0])
    return torch.stack(logits)


def watch_routers(model):
    """A list that gets, for every token that a router sees, the gap between the score of the last expert taken and the
    best left out, and likewise of groups of experts where their number is limited: a small gap makes the reference a
    matter of rounding."""
    gaps = []

    def gap(scores, taken):
        best = scores.sort(dim=-1, descending=True).values
        gaps.extend((best[:, taken - 1] - best[:, taken]).tolist())

    def hook(router, inputs, output):
        scores = output[type(router).__name__ == "Llama4Router"].softmax(-1)
        if hasattr(router, "e_score_correction_bias"):
            scores = output[0].sigmoid() + router.e_score_correction_bias
            groups = scores.view(len(scores), router.num_group, -1)
            best = groups.topk(2, dim=-1).values.sum(-1)
            if router.topk_group < router.num_group:
                gap(best, router.topk_group)
            kept = best >= best.topk(router.topk_group).values[:, -1:]
            scores = groups.masked_fill(~kept[..., None], float("-inf")).flatten(1)
        if getattr(router, "use_expert_bias", False):
            scores = output[0].sigmoid() + inputs[1]
        if getattr(router, "topk_method", None) == "group_limited_greedy":
            groups = scores.view(len(scores), router.num_group, -1)
            best = groups.max(-1).values
            gap(best, router.topk_group)
            kept = best >= best.topk(router.topk_group).values[:, -1:]
            scores = (groups * kept[..., None]).flatten(1)
        gap(scores, router.top_k)

    for module in model.modules():
        if re.search("(Top[Kk]|Llama4)Router$", type(module).__name__):
            module.register_forward_hook(hook)
    return gaps


def join_experts(path):
    """Puts the matrices of all experts of a layer into one tensor of gates and ups, and one of downs."""
    tensors, experts = {}, {}
    for name, tensor in safetensors.torch.load_file(path).items():
        match = re.fullmatch(r"(.*\.experts)\.(\d+)\.(\w+)_proj\.weight", name)
        if match:
            experts.setdefault(match[1], {}).setdefault(int(match[2]), {})[match[3]] = tensor
        else:
            tensors[name] = tensor
    for prefix, all in experts.items():
        each = [all[index] for index in range(len(all))]
        tensors[f"{prefix}.gate_up_proj"] = torch.stack([torch.cat([e["gate"], e["up"]]) for e in each])
        tensors[f"{prefix}.down_proj"] = torch.stack([e["down"] for e in each])
    safetensors.torch.save_file(tensors, path, metadata={"format": "pt"})


def make(name, out):
    row = FIXTURES[name]
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    model = random_model(getattr(tf, row["cls"])(**copy.deepcopy(row["config"])), row.get("seed", WEIGHT_SEED),
                         row.get("attention", "eager"))
    sharding = {"max_shard_size": row["max_shard_size"]} if row.get("max_shard_size") else {}
    dtype = row.get("dtype", torch.float32)
    model.to(dtype).save_pretrained(out, **sharding)
    if row.get("without_prefix"):
        path = os.path.join(out, "model.safetensors")
        tensors = {k.removeprefix(row["without_prefix"]): v for k, v in safetensors.torch.load_file(path).items()}
        safetensors.torch.save_file(tensors, path, metadata={"format": "pt"})
    if "vision_config" in row["config"] and "num_experts" in row["config"]["text_config"]:
        join_experts(os.path.join(out, "model.safetensors"))
    if dtype != torch.float32:
        # The reference is of the weights as stored: read the folder back, into float32. (Not model.to(torch.float32),
        # for the rotary frequencies have been rounded too.)
        model = tf.AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32, attn_implementation="eager").eval()

    config = json.load(open(os.path.join(out, "config.json")))
    older = OLDER.get(config["model_type"], transformers4)
    published = older(config)
    if "converted" in row:
        path = os.path.join(out, "model.safetensors")
        convert = CONVERSIONS[row["converted"]]
        tensors = safetensors.torch.load_file(path)
        write_json(os.path.join(out, "config.json"), convert(tensors, dict(config))[1])
        tensors, published = convert(tensors, published)
        safetensors.torch.save_file(tensors, path, metadata={"format": "pt"})
    write_json(os.path.join(out, "config-transformers4.json"), published)
    if name == "llama-linear-rope":
        write_json(os.path.join(out, "config-transformers4-type.json"), transformers4_type(config))

    generator = torch.Generator().manual_seed(PROMPT_SEED)
    cases, hidden, margin = [], None, float("inf")
    router_gaps = watch_routers(model)
    vocabulary = model.config.get_text_config().vocab_size
    with torch.no_grad():
        for n in PROMPT_LENGTHS:
            ids = [1] + torch.randint(3, vocabulary, (n - 1,), generator=generator).tolist()
            logits = model(torch.tensor([ids]), use_cache=False).logits[0]
            if has_delta_rule(model):
                largest = logits.abs().max(dim=-1).values
                difference = float(((token_by_token(model, ids) - logits).abs().max(dim=-1).values / largest).max())
                assert difference < DELTA_TOLERANCE, f"token by token a logit differs by {difference}: change the seed"
            greedy, least = continuation(model, ids)
            margin = min(margin, least)
            cases.append(dict(prompt=ids, logits=rounded(logits) if n <= row["full"] else None,
                              last_logits=rounded(logits[-1]), greedy=greedy))
            if n == HIDDEN_LENGTH:
                # Llama 4's class with an output head gives itself as its base.
                base = model.base_model if model.base_model is not model else model.model
                hidden = rounded(base(torch.tensor([ids])).last_hidden_state[0])
    router_margin = min(router_gaps, default=float("inf"))
    assert margin >= GREEDY_MARGIN, f"{name}: smallest greedy margin {margin}: change the seed of the weights"
    assert router_margin >= ROUTER_MARGIN, f"{name}: smallest router margin {router_margin}: change the seed"
    with open(os.path.join(out, "reference.json"), "w") as file:
        json.dump(dict(arch=name, transformers=tf.__version__, cases=cases, last_hidden_state=hidden), file,
                  separators=(",", ":"))
        file.write("\n")
    size = sum(os.path.getsize(os.path.join(out, f)) for f in os.listdir(out))
    print(f"{name:18} {sum(p.numel() for p in model.parameters()):7} parameters {size:8} bytes"
          f"  smallest greedy margin {margin:.4f}, router margin {router_margin:.5f}")
    return size


def main(out, names):
    tf.utils.logging.disable_progress_bar()
    print("total", sum(make(name, os.path.join(out, name)) for name in names or FIXTURES), "bytes")


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print(*FIXTURES, sep="\n")
    elif len(sys.argv) >= 2 and not sys.argv[1].startswith("-") and set(sys.argv[2:]) <= FIXTURES.keys():
        main(sys.argv[1], sys.argv[2:])
    else:
        sys.exit(__doc__)
