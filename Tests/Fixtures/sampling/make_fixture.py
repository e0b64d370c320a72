"""Writes transformers.json: what Hugging Face's logits processors keep and change on small random rows.

Run from this folder with torch and transformers installed: python make_fixture.py
"""

import json

import torch
import transformers
from transformers import (
    EpsilonLogitsWarper,
    EtaLogitsWarper,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

VOCABULARY = 96
generator = torch.Generator().manual_seed(20)


def random_row():
    """Distinct logits, each a multiple of 1/256, so that JSON holds them exactly and no ties arise."""
    steps = torch.randperm(16 * 256, generator=generator)[:VOCABULARY]
    return (steps.float() / 256 - 8).unsqueeze(0)


def random_ids(count):
    return torch.randint(0, VOCABULARY, (1, count), generator=generator)


filters = []
for temperature, min_p, top_k, top_p in [
    (1.0, 0.0, 0, 1.0),
    (0.7, 0.0, 10, 1.0),
    (1.3, 0.0, 1, 1.0),
    (1.0, 0.0, 0, 0.5),
    (0.5, 0.0, 0, 0.9),
    (2.0, 0.0, 0, 0.99),
    (1.0, 0.1, 0, 1.0),
    (1.5, 0.02, 0, 1.0),
    (0.8, 0.0, 20, 0.8),
    (1.8, 0.01, 30, 0.95),
    (1.2, 0.05, 5, 0.6),
    (0.01, 0.0, 0, 0.9),
]:
    row = random_row()
    scores = TemperatureLogitsWarper(temperature)(None, row.clone())
    if min_p > 0:
        scores = MinPLogitsWarper(min_p)(None, scores)
    if top_k > 0:
        scores = TopKLogitsWarper(top_k)(None, scores)
    if top_p < 1:
        scores = TopPLogitsWarper(top_p)(None, scores)
    filters.append(
        {
            "logits": row[0].tolist(),
            "temperature": temperature,
            "min_p": min_p,
            "top_k": top_k,
            "top_p": top_p,
            "kept": torch.isfinite(scores[0]).nonzero().flatten().tolist(),
        }
    )

penalties = []
for penalty in [1.1, 0.8, 1.5]:
    row, prompt, output = random_row(), random_ids(12), random_ids(7)
    scores = RepetitionPenaltyLogitsProcessor(penalty)(torch.cat([prompt, output], dim=1), row.clone())
    penalties.append(
        {
            "logits": row[0].tolist(),
            "prompt": prompt[0].tolist(),
            "output": output[0].tolist(),
            "repetition_penalty": penalty,
            "penalized": scores[0].tolist(),
        }
    )

softmax_row = random_row()
cutoffs = []
for temperature, top_p, epsilon, eta in [
    (1.0, 1.0, 0.01, 0.0),
    (0.7, 1.0, 0.2, 0.0),
    (2.0, 0.9, 0.05, 0.0),
    (1.0, 1.0, 0.999, 0.0),
    (1.0, 1.0, 0.0, 0.01),
    (2.0, 1.0, 0.0, 0.3),
    (1.5, 0.8, 0.0, 0.002),
    (1.3, 0.95, 0.004, 0.9),
]:
    row = random_row()
    scores = TemperatureLogitsWarper(temperature)(None, row.clone())
    if top_p < 1:
        scores = TopPLogitsWarper(top_p)(None, scores)
    if epsilon > 0:
        scores = EpsilonLogitsWarper(epsilon)(None, scores)
    if eta > 0:
        scores = EtaLogitsWarper(eta)(None, scores)
    cutoffs.append(
        {
            "logits": row[0].tolist(),
            "temperature": temperature,
            "top_p": top_p,
            "epsilon": epsilon,
            "eta": eta,
            "kept": torch.isfinite(scores[0]).nonzero().flatten().tolist(),
        }
    )

fixture = {
    "made_with": f"torch {torch.__version__.split('+')[0]}, transformers {transformers.__version__}",
    "filters": filters,
    "penalties": penalties,
    "cutoffs": cutoffs,
    "log_softmax": {
        "logits": softmax_row[0].tolist(),
        "logprobs": torch.log_softmax(softmax_row[0].double(), dim=-1).tolist(),
    },
}
with open("transformers.json", "w") as file:
    json.dump(fixture, file, separators=(",", ":"))
    file.write("\n")
