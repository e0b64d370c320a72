#!/usr/bin/env python3
"""Write the tiny random encoders of Tests/Fixtures/encoders and what Hugging Face transformers computes with them.

usage: make_fixtures.py OUT_DIR [NAME ...]      (python3 with torch, transformers 5.24, safetensors)
       make_fixtures.py --list

Each OUT_DIR/NAME is a Hugging Face folder without a tokenizer:
  model.safetensors            the weights, float32
  config.json                  as transformers 5 writes it
  config-published.json        the same model with the keys of the published checkpoints, where these are others
  reference.json               what transformers computes in float32, rounded to 5 decimals:
    arch, transformers  name of the folder, and version
    cases[]             for each of the lengths 1, 2, 7, 33 and 96:
      tokens              token ids
      token_types         the segment of each, or null for 0 everywhere
      states              the last hidden state of every position
      scores              of a classifier, else null

OMP_NUM_THREADS=1 gives the last digits that are there.
"""
import json
import os
import shutil
import sys

import safetensors.torch
import torch
import transformers as tf

SEED = 2026
LENGTHS = (1, 2, 7, 33, 96)
SMALL = dict(vocab_size=131, hidden_size=36, intermediate_size=41, num_hidden_layers=2, num_attention_heads=3,
             max_position_embeddings=100, pad_token_id=0)
ROBERTA = {**SMALL, "pad_token_id": 1, "max_position_embeddings": 98, "layer_norm_eps": 1e-5, "type_vocab_size": 1}
MPNET = {**SMALL, "pad_token_id": 1, "max_position_embeddings": 98}
MODERN = {**SMALL, "num_hidden_layers": 4, "hidden_size": 40, "num_attention_heads": 2, "local_attention": 16,
          "max_position_embeddings": 128, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2}


def row(cls, config, body=None, labels=None, pairs=False, renamed=(), padded=False, **over):
    """cls: the class; body: its attribute that is the encoder, None for all of it; labels: of a classifier; pairs: whether
    there are token types; renamed: parts of tensors' names, and what old files call them; padded: whether the
    padding token is among the others."""
    return dict(cls=cls, config={**config, **over, **({"num_labels": labels} if labels else {})}, body=body, labels=labels,
                pairs=pairs, renamed=renamed, padded=padded)


FIXTURES = {
    "bert": row("BertModel", SMALL, pairs=True),
    "bert-masked": row("BertForMaskedLM", SMALL, body="bert", hidden_act="gelu_new"),
    "bert-classifier": row("BertForSequenceClassification", SMALL, body="bert", labels=3, pairs=True, renamed=[
        ("LayerNorm.weight", "LayerNorm.gamma"), ("LayerNorm.bias", "LayerNorm.beta")]),
    "roberta-classifier": row("RobertaForSequenceClassification", ROBERTA, body="roberta", labels=2, padded=True),
    "xlm-roberta": row("XLMRobertaModel", ROBERTA),
    "xlm-roberta-classifier": row("XLMRobertaForSequenceClassification", ROBERTA, body="roberta", labels=1),
    "distilbert-classifier": row("DistilBertForSequenceClassification", dict(
        vocab_size=131, dim=36, hidden_dim=41, n_layers=2, n_heads=3, max_position_embeddings=100, pad_token_id=0),
        body="distilbert", labels=4),
    # Layers 0 and 3 see all, 1 and 2 eight tokens on either side.
    "modernbert": row("ModernBertModel", MODERN),
    "modernbert-classifier": row(
        "ModernBertForSequenceClassification", MODERN, body="model", labels=2, num_hidden_layers=3, local_attention=11,
        classifier_pooling="mean", classifier_bias=True, norm_bias=True, attention_bias=True, mlp_bias=True),
    # 96 tokens reach every bucket of distances on either side.
    "mpnet": row("MPNetModel", MPNET, padded=True),
    "mpnet-classifier": row("MPNetForSequenceClassification", MPNET, body="mpnet", labels=3, max_position_embeddings=150),
    "nomic-bert": row("NomicBertModel", SMALL, pairs=True),
}


def published(config):
    """The keys of the checkpoints on the Hub; None where they are these."""
    if config["model_type"] == "modernbert":
        rope = config["rope_parameters"]
        old = {k: v for k, v in config.items() if k not in ("rope_parameters", "layer_types", "dtype")}
        old.update(global_rope_theta=rope["full_attention"]["rope_theta"], global_attn_every_n_layers=3,
                   local_rope_theta=rope["sliding_attention"]["rope_theta"], position_embedding_type="absolute",
                   torch_dtype=config["dtype"], transformers_version="4.47.0.dev0")
        return old
    if config["model_type"] == "nomic_bert":
        names = dict(n_embd="hidden_size", n_head="num_attention_heads", n_inner="intermediate_size",
                     n_layer="num_hidden_layers", n_positions="max_position_embeddings",
                     layer_norm_epsilon="layer_norm_eps")
        return dict(
            {old: config[new] for old, new in names.items()}, activation_function="swiglu",
            architectures=config["architectures"], causal=False, max_trained_positions=2048, mlp_fc1_bias=False,
            mlp_fc2_bias=False, model_type="nomic_bert", parallel_block=False, prenorm=False, qkv_proj_bias=False,
            rotary_emb_base=config["rope_parameters"]["rope_theta"], rotary_emb_fraction=1.0,
            rotary_emb_interleaved=False, rotary_emb_scale_base=None, rotary_scaling_factor=None,
            torch_dtype="float32", transformers_version="4.37.2", type_vocab_size=config["type_vocab_size"],
            use_rms_norm=False, vocab_size=config["vocab_size"])
    return None


def write_json(path, value, **options):
    with open(path, "w") as file:
        json.dump(value, file, **options)
        file.write("\n")


def rounded(tensor):
    return [[round(float(x), 5) for x in line] for line in tensor]


def random_model(entry):
    cls = getattr(tf, entry["cls"])
    torch.manual_seed(SEED)
    config = cls.config_class(**entry["config"])
    model = cls._from_config(config, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:  # norms and biases: not all ones and zeros
                parameter.add_(torch.randn_like(parameter) * 0.1)
            else:
                parameter.copy_(torch.randn_like(parameter) * (2.0 / parameter.shape[-1]) ** 0.5)
    return model


def case(entry, model, length, generator):
    tokens = torch.randint(3, 131, (1, length), generator=generator)
    if entry["padded"] and length > 4:
        tokens[0, length // 2] = model.config.pad_token_id
    inputs = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}
    if entry["pairs"] and length > 1:
        inputs["token_type_ids"] = (torch.arange(length) >= length // 3).long()[None]
    body = getattr(model, entry["body"]) if entry["body"] else model
    with torch.no_grad():
        states = body(**inputs).last_hidden_state[0]
        scores = model(**inputs).logits[0] if entry["labels"] else None
    types = inputs.get("token_type_ids")
    return dict(tokens=tokens[0].tolist(), token_types=None if types is None else types[0].tolist(),
                states=rounded(states), scores=None if scores is None else rounded([scores])[0])


def make(name, out):
    entry = FIXTURES[name]
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    model = random_model(entry)
    model.save_pretrained(out)
    if entry["renamed"]:
        path = os.path.join(out, "model.safetensors")
        tensors = safetensors.torch.load_file(path)
        for new, old in entry["renamed"]:
            tensors = {key.replace(new, old): value for key, value in tensors.items()}
        safetensors.torch.save_file(tensors, path, metadata={"format": "pt"})
    # What is stored is what is computed with.
    model = type(model).from_pretrained(out, dtype=torch.float32, attn_implementation="eager").eval()
    older = published(json.load(open(os.path.join(out, "config.json"))))
    if older:
        write_json(os.path.join(out, "config-published.json"), older, indent=2)
    generator = torch.Generator().manual_seed(7)
    cases = [case(entry, model, length, generator) for length in LENGTHS]
    write_json(os.path.join(out, "reference.json"), dict(arch=name, transformers=tf.__version__, cases=cases),
               separators=(",", ":"))
    size = sum(os.path.getsize(os.path.join(out, file)) for file in os.listdir(out))
    print(f"{name:24} {sum(p.numel() for p in model.parameters()):7} parameters {size:8} bytes")


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print(*FIXTURES, sep="\n")
    elif len(sys.argv) >= 2 and not sys.argv[1].startswith("-") and set(sys.argv[2:]) <= FIXTURES.keys():
        tf.utils.logging.disable_progress_bar()
        for name in sys.argv[2:] or FIXTURES:
            make(name, os.path.join(sys.argv[1], name))
    else:
        sys.exit(__doc__)
